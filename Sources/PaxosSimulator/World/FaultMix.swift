import PaxosCore

/// The faults and the load of one seed. Each seed draws its own mix and leaves some kinds out: what hides
/// behind another fault is found where that one is missing (Groce et al., "Swarm Testing").
struct FaultMix {
    /// The kinds that the fault drawer draws; those that the run leaves out do not happen.
    var drawn: [FaultKind] = []
    var lossPermille = 0
    var duplicationPermille = 0
    /// In moments.
    var delay = 1...4
    /// Ticks between two draws.
    var faultInterval = 10...100
    /// Ticks that a drawn fault lasts.
    var duration = 5...120
    /// In moments.
    var flushTime = 1...12
    /// Moments between two acts of the callers.
    var workInterval = 4...64
    var limits = Limits()
    /// Ticks of a node's clock in a hundred ticks of the world.
    var clockRates: [Int] = []
    /// Permille of the acts that are batches, and that are barriers.
    var batchPermille = 150
    var barrierPermille = 100
    /// Bytes that each lane of a link carries in a tick; `nil` for as many as come.
    var bytesPerTick: Int?
    /// In ticks: what stands behind more is dropped, as a transport does that has no room for it.
    var longestQueue = 400
    /// Moments that the way between two nodes takes, beside its width.
    var latency = 0...0
    /// Snares are laid (`Ambush`).
    var isAmbushed = false
    /// Moments between two looks for a victim.
    var ambushInterval = 64...256
    /// Permille of the questions of phases 1 and 2 whose answer is written by a process that ends with it.
    var interruptedPermille = 0
    /// Permille of the snares in which a member loses its directory.
    var wipedPermille = 0

    /// Drawn for messages, not for the fault drawer.
    private static let background: [FaultKind] = [
        .loss, .duplication, .reordering, .clockDrift, .narrowLink, .ambush,
    ]

    /// Drawn from generators of their own: a seed keeps the rest of its story.
    private static let apart: [FaultKind] =
        [.lists, .laneCut, .laneStall, .invention, .trim, .resolve, .condition, .transfer]
        + Aim.kinds

    init(random: inout SeededGenerator, faults: FaultSet, members: Int) {
        clockRates = Array(repeating: 100, count: members + 1)
        // Everything is drawn, whatever is left out: a seed keeps its story when it is shrunk.
        for kind in FaultKind.allCases where !Self.apart.contains(kind) {
            let isDrawn = random.oneIn(2)
            if Self.background.contains(kind) {
                draw(kind, isUsed: isDrawn && faults.contains(kind), random: &random)
            } else if isDrawn {
                drawn.append(kind)
            }
        }
        // A question that comes twice is answered twice: links that are narrow are counted on.
        if bytesPerTick != nil { duplicationPermille = 0 }
        faultInterval = [2...12, 5...30, 10...80, 50...300][random.below(4)]
        duration = [2...20, 10...60, 20...200][random.below(3)]
        flushTime = [1...4, 1...16, 8...48, 1...160][random.below(4)]
        workInterval = [4...32, 32...256, 128...1024, 512...2048][random.below(4)]
        batchPermille = [0, 150, 500][random.below(3)]
        barrierPermille = [0, 100, 400][random.below(3)]
        drawLimits(random: &random)
        if random.oneIn(6) { duel(random: &random) }
        if random.below(4) > 0 { lieInWait(random: &random, isUsed: faults.contains(.ambush)) }
        // There and back in a third of an election timeout: who answers is heard.
        let most = Int(limits.electionTicks * Moment.perTick) / 6
        latency = min(latency.lowerBound, most)...min(latency.upperBound, most)
    }

    /// Leaders follow each other as fast as they can be elected, each cut off with something in flight: where
    /// most of what can go wrong with ballots does.
    private mutating func duel(random: inout SeededGenerator) {
        limits.electionTimeout = .milliseconds(60)
        limits.heartbeatInterval = .milliseconds(10)
        limits.pipelineSlots = [8, 16, 64][random.below(3)]
        limits.pipelineBytes = 4096
        drawn += [.partition, .partition, .partition, .slowLink]
        faultInterval = [2...8, 5...20][random.below(2)]
        duration = [4...16, 8...40][random.below(2)]
        flushTime = [1...4, 1...16][random.below(2)]
        workInterval = [4...16, 8...64][random.below(2)]
    }

    /// Snares and little else: what else goes wrong seldom makes them better.
    private mutating func lieInWait(random: inout SeededGenerator, isUsed: Bool) {
        isAmbushed = isUsed
        ambushInterval = [16...64, 64...256, 256...1024][random.below(3)]
        interruptedPermille = [0, 5, 20][random.below(3)]
        wipedPermille = [0, 0, 200][random.below(3)]
        limits.electionTimeout = .milliseconds(60)
        limits.heartbeatInterval = .milliseconds([10, 20, 20][random.below(3)])
        faultInterval = [20...200, 50...400][random.below(2)]
        duration = [4...16, 8...40][random.below(2)]
        flushTime = [1...4, 1...16][random.below(2)]
        workInterval = [16...64, 64...256, 256...1024][random.below(3)]
        limits.pipelineSlots = max(limits.pipelineSlots, [4, 8, 16][random.below(3)])
        limits.pipelineBytes = max(limits.pipelineBytes, 128)
        lossPermille = min(lossPermille, 30)
        delay = [1...4, 1...16][random.below(2)]
    }

    private mutating func draw(
        _ kind: FaultKind,
        isUsed: Bool,
        random: inout SeededGenerator
    ) {
        let permille = random.within(1...(kind == .loss ? 300 : 500))
        let delay = [1...16, 1...64, 4...200][random.below(3)]
        let rates = clockRates.map { _ in random.within(70...140) }
        let width = [600, 1200, 4000][random.below(3)]
        let latency = [0...0, 0...8, 4...40][random.below(3)]
        guard isUsed else { return }
        switch kind {
        case .loss: lossPermille = permille
        case .duplication: duplicationPermille = permille
        case .reordering: self.delay = delay
        case .narrowLink:
            bytesPerTick = width
            self.latency = latency
        case .ambush: break
        default: clockRates = rates
        }
    }

    private mutating func drawLimits(random: inout SeededGenerator) {
        limits.maxPayloadBytes = 32
        limits.pipelineSlots = [2, 4, 8, 16, 64][random.below(5)]
        limits.pipelineBytes = [64, 128, 512, 4096][random.below(4)]
        limits.pageBytes = [1, 40, 200, 4000][random.below(4)]
        limits.checkpointSlots = [1, 5, 30, 200][random.below(4)]
        limits.inboxAppends = 100
        // Short timeouts against slow messages: many leaders, each with something in flight.
        limits.electionTimeout = .milliseconds([300, 150, 80, 60][random.below(4)])
        limits.heartbeatInterval = limits.electionTimeout / 6
    }
}
