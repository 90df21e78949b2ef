import PaxosCore

/// A fault that is prepared for as long as it takes: what it needs comes about by chance in few worlds, and so
/// what it would show is shown by few. A world tells such stories one after the other.
struct Aim {
    /// What of a story is under way.
    enum Stage {
        case rest
        /// The member is to lose its next write of rows.
        case armed
        /// It has lost one, and the leader goes on.
        case forgetful(Int)
        /// No row reaches the member, until it lacks more than a window.
        case starved(Int)
        /// Nobody leads, and it is the only one that reaches all others.
        case hub(Int)
        /// It asks for what it lacks.
        case fetching(Int)
        /// What the second says to the first waits until another one is asked.
        case silent(Int, Int)
        /// A leader proposes under its ballot what nobody gets.
        case alone(Int, Ballot)
        /// The next leader, of this ballot, is asked for an append, in the same slots.
        case asked(Int, Ballot)
        /// That one is cut off in its turn, and whoever follows it needs the first.
        case third(Ballot)
        /// Its directory was copied, and it goes on.
        case copied(Int)
        /// The copy is in the place of the directory.
        case old(Int)
        /// Nothing more is done.
        case over
    }

    static let kinds: [FaultKind] = [.lostWrite, .laggard, .lateRows, .threeLeaders]

    /// What a world aims at: nothing, or some kinds, and at three leaders as often as at all others.
    static func draw(_ random: inout SeededGenerator) -> [FaultKind] {
        let others = [.lostWrite] + [FaultKind.laggard, .lateRows].filter { _ in random.oneIn(2) }
        let copies: [FaultKind] = random.oneIn(3) ? [.rollback] : []
        guard random.oneIn(4) == false else { return [] }
        return copies + others + Array(repeating: .threeLeaders, count: others.count)
    }

    /// Those of its stories.
    let drawn: [FaultKind]
    /// That of the present story.
    var kind = FaultKind.threeLeaders
    var random: SeededGenerator
    var stage = Stage.rest
    /// The append that the next leader is asked for.
    var append = 0
    /// The first leader stands still until it can be asked what it takes for the newest.
    var isSleepy = false
    var sleeper: Int?
    /// A directory as it was while a process went on in it.
    var copy: (disk: SimulatedDisk, generation: Int)?
    private var isCopied = false
    /// When the stage is given up.
    var ends = Moment.zero
    /// What to heal then.
    var cuts: [Int] = []
    /// What to let go on then.
    var waiting: [(envelope: Envelope, from: Int, to: Int)] = []

    init(drawn: [FaultKind], random: SeededGenerator) {
        self.drawn = drawn
        self.random = random
    }

    /// Of which kind the next story is. A copy comes first, and once: a member is lost by it.
    mutating func next() -> FaultKind? {
        if drawn.first == .rollback, !isCopied {
            isCopied = true
            return .rollback
        }
        return random.pick(drawn.filter { $0 != .rollback })
    }
}

extension FaultMix {
    /// Little else goes wrong, and the log goes on fast.
    mutating func makeRoom(random: inout SeededGenerator) {
        isAmbushed = isAmbushed && random.oneIn(4)
        faultInterval = [50...400, 100...800][random.below(2)]
        duration = [4...16, 8...40][random.below(2)]
        flushTime = [1...4, 1...16][random.below(2)]
        workInterval = [64...256, 256...1024][random.below(2)]
        lossPermille = min(lossPermille, 30)
        limits.pipelineSlots = [4, 8][random.below(2)]
        limits.pipelineBytes = max(limits.pipelineBytes, 128)
        if latency.upperBound == 0 {
            limits.electionTimeout = .milliseconds(60)
            limits.heartbeatInterval = .milliseconds(20)
        }
        // Whoever is beside a copy of itself is asked less.
        drawn.removeAll { $0 == .twin }
    }
}
