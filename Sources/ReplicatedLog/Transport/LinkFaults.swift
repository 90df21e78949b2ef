internal import PaxosCore

/// What a link of an `InMemoryNetwork` does to messages, in one direction.
public struct LinkFaults: Hashable, Sendable {
    /// How likely a message is lost, from 0 to 1.
    public var loss: Double
    /// How likely a message arrives twice, from 0 to 1.
    public var duplication: Double
    /// How long each message takes, drawn anew for each. A range that is wider than the distance between
    /// two messages lets them overtake each other. With zero they are not delayed.
    public var delay: ClosedRange<Duration>

    /// Makes faults; without arguments, none.
    public init(
        loss: Double = 0,
        duplication: Double = 0,
        delay: ClosedRange<Duration> = .zero ... .zero
    ) {
        self.loss = loss
        self.duplication = duplication
        self.delay = delay
    }

    /// No faults.
    public static let none = LinkFaults()
}

/// Which messages come through, decided one by one. Each link draws from a generator of its own, so
/// that what it does to its messages depends on the seed and on nothing that other links carry.
struct FaultPlan: Sendable {
    private struct Way: Hashable {
        let from: NodeID
        let to: NodeID
    }

    /// What becomes of a message: one delay for each copy of it, none if it is lost.
    enum Fate {
        case cut
        case arrives([Duration])
    }

    private let seed: UInt64
    private var generators: [Way: SplitMix64] = [:]
    private var cuts: Set<Way> = []
    private var disconnected: Set<NodeID> = []
    private var everywhere = LinkFaults.none
    private var single: [Way: LinkFaults] = [:]
    /// Messages for which it is true are lost.
    var filter: (@Sendable (Envelope) -> Bool)?

    init(seed: UInt64) {
        self.seed = seed
    }

    /// False if every message comes through as it is: nobody needs to be asked.
    var isActive: Bool {
        !cuts.isEmpty || !disconnected.isEmpty || everywhere != .none || !single.isEmpty
            || filter != nil
    }

    mutating func cut(from: NodeID, to: NodeID) { cuts.insert(Way(from: from, to: to)) }
    mutating func mend(from: NodeID, to: NodeID) { cuts.remove(Way(from: from, to: to)) }
    mutating func disconnect(_ node: NodeID) { disconnected.insert(node) }
    mutating func reconnect(_ node: NodeID) { disconnected.remove(node) }

    mutating func set(_ faults: LinkFaults) {
        everywhere = faults
        single = [:]
    }

    mutating func set(_ faults: LinkFaults, from: NodeID, to: NodeID) {
        single[Way(from: from, to: to)] = faults
    }

    mutating func heal() {
        cuts = []
        disconnected = []
        everywhere = .none
        single = [:]
        filter = nil
    }

    mutating func fate(of envelope: Envelope, from: NodeID, to: NodeID) -> Fate {
        let way = Way(from: from, to: to)
        let isCut =
            cuts.contains(way) || disconnected.contains(from) || disconnected.contains(to)
        if isCut { return .cut }
        if let filter, filter(envelope) { return .arrives([]) }
        let faults = single[way] ?? everywhere
        guard faults != .none else { return .arrives([.zero]) }
        var generator = generators[way] ?? SplitMix64(seed: seed(of: way))
        defer { generators[way] = generator }
        if Double.random(in: 0..<1, using: &generator) < faults.loss { return .arrives([]) }
        let isTwice = Double.random(in: 0..<1, using: &generator) < faults.duplication
        return .arrives((0..<(isTwice ? 2 : 1)).map { _ in delay(faults, &generator) })
    }

    private func delay(_ faults: LinkFaults, _ generator: inout SplitMix64) -> Duration {
        let low = faults.delay.lowerBound
        let part = Double.random(in: 0...1, using: &generator)
        return low + (faults.delay.upperBound - low) * part
    }

    private func seed(of way: Way) -> UInt64 {
        var mix = SplitMix64(seed: seed ^ (way.from.rawValue &* 0xD6E8_FEB8_6659_FD93))
        return mix.next() ^ (way.to.rawValue &* 0xA5A3_5625_BA24_1F8B)
    }
}
