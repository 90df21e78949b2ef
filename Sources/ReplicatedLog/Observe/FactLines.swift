internal import Logging
internal import PaxosCore

/// What a person wants to find in the log of a node, one line each: who leads, who is missing, who is
/// refused, that the disk is full.
///
/// Told from the facts of each step, by the driver's thread alone. Of one topic there is at most one line a
/// second. What has happened meanwhile is told when the second is over, so that the last line of a topic is how
/// things are, with the number of facts that it leaves out; what has come back to what was told needs none.
struct FactLines {
    private struct Pause {
        /// When the next line of the topic may be written.
        var until = Tick.zero
        /// What has happened since the last one.
        var facts = 0
        /// What is to be told then: the last, or of disagreements each.
        var waiting: [NodeFact] = []
        var told: NodeFact?
    }

    private let node: NodeID
    private let isSilent: Bool
    private let log: (Logger.Level, Logger.Message, Logger.Metadata) -> Void
    private let electionTicks: UInt64
    private var leader: NodeID?
    /// Since when there has been no leader, and whether that was said.
    private var leaderless: (since: Tick, isTold: Bool)?
    private var pauses = Array(repeating: Pause(), count: FactLine.Topic.allCases.count)
    /// Of some topic a fact waits.
    private var hasWaiting = false
    /// When something that waits may be told.
    private(set) var due = Tick.never

    /// Lines of one topic are this far apart.
    private static let apart: UInt64 = 100
    /// Without a leader for so many election timeouts somebody may have to look.
    private static let patience: UInt64 = 10

    /// - Parameter log: Takes each line, at once.
    init(
        node: NodeID,
        limits: Limits,
        isSilent: Bool = false,
        log: @escaping (Logger.Level, Logger.Message, Logger.Metadata) -> Void
    ) {
        self.node = node
        self.isSilent = isSilent
        self.log = log
        electionTicks = limits.electionTicks
    }

    /// Takes in the facts of a step, or none when something is due.
    mutating func note(_ facts: [NodeFact], now: Tick) {
        guard !isSilent else { return }
        for fact in facts { take(fact) }
        if hasWaiting { tell(now: now) }
        missLeader(now: now)
    }

    private mutating func take(_ fact: NodeFact) {
        if let state = fact.leader(of: node) { leader = state }
        guard let line = fact.line else { return }
        guard let topic = line.topic else { return write(fact, line) }
        let place = topic.rawValue
        pauses[place].facts += 1
        if topic != .disagreement || pauses[place].waiting.count == Membership.maximumMembers {
            pauses[place].waiting = []
        }
        pauses[place].waiting.append(fact)
        hasWaiting = true
    }

    private mutating func tell(now: Tick) {
        due = .never
        for place in pauses.indices {
            while let fact = pauses[place].waiting.first, let line = fact.line {
                if fact.isTurn, let told = pauses[place].told, isAlike(fact, told) {
                    pauses[place].waiting.removeFirst()
                    continue
                }
                guard now >= pauses[place].until else {
                    due = min(due, pauses[place].until)
                    break
                }
                pauses[place].waiting.removeFirst()
                let leftOut = line.topic == .disagreement ? 0 : pauses[place].facts - 1
                pauses[place].facts = 0
                pauses[place].until = now.advanced(by: Self.apart)
                pauses[place].told = fact
                write(fact, line, leftOut: leftOut)
            }
        }
        hasWaiting = due != .never
    }

    /// True of two facts after which things are the same.
    private func isAlike(_ fact: NodeFact, _ other: NodeFact) -> Bool {
        guard let leader = fact.leader(of: node) else { return fact.name == other.name }
        return other.leader(of: node).map { $0 == leader } ?? false
    }

    private mutating func missLeader(now: Tick) {
        guard leader == nil else {
            leaderless = nil
            return
        }
        guard let missing = leaderless else {
            leaderless = (now, false)
            return
        }
        guard !missing.isTold,
            now >= missing.since.advanced(by: Self.patience * electionTicks)
        else { return }
        leaderless?.isTold = true
        log(
            .warning,
            "no leader: is a quorum of the members up and in reach?",
            [:]
        )
    }

    private func write(_ fact: NodeFact, _ line: FactLine, leftOut: Int = 0) {
        var metadata: Logger.Metadata = [:]
        for (name, value) in fact.details { metadata[name] = "\(value)" }
        if leftOut > 0 { metadata["left_out"] = "\(leftOut)" }
        log(line.level, line.message, metadata)
    }
}

extension NodeFact {
    /// Who leads after it, which may be nobody; `nil` of what says nothing of that.
    fileprivate func leader(of node: NodeID) -> NodeID?? {
        switch self {
        case .becameLeader: .some(node)
        case .foundLeader(let ballot): .some(ballot.node)
        case .lostLeadership, .lostLeader: .some(nil)
        default: nil
        }
    }

    /// True of one that another fact of its topic takes back.
    fileprivate var isTurn: Bool {
        switch line?.topic {
        case .leader, .quorum, .behind, .room, .disk: true
        default: false
        }
    }
}
