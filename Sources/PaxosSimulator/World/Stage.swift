import PaxosCore

/// What makes a world follow a script in place of chance: nothing takes time, messages and writes wait
/// only where the script says so, and clocks go on only when it lets them.
final class Stage {
    enum Fate {
        case arrives, waits, isLost
    }

    struct Waiting {
        let envelope: Envelope
        let sender: SimulatedNode
        let receiver: SimulatedNode
    }

    struct Answer {
        /// `a3` for the third append, `b1` for the first barrier.
        let caller: String
        let text: String
    }

    private var rules: [(pattern: MessagePattern, fate: Fate)] = []
    private(set) var waiting: [Waiting] = []
    /// Indexes of the nodes whose writes wait for a command.
    private var stalled: [Int] = []
    /// Indexes of the nodes that have asked for a leader since `forgetAsking`.
    private var asking: [Int] = []
    private(set) var answers: [Answer] = []
    private var barriers = 0
    /// A process takes the place of another only after that one's silence, which takes ticks.
    var awaitsSilence = false

    // MARK: - Messages

    /// The latest rule whose pattern matches decides.
    func fate(
        _ envelope: Envelope,
        from sender: SimulatedNode,
        to receiver: SimulatedNode
    ) -> Fate {
        if case .immediate(.statusRequest) = envelope.message { asking.append(sender.index) }
        return rules.last { $0.pattern.matches(envelope, sender, receiver) }?.fate ?? .arrives
    }

    func wait(_ message: Waiting) {
        waiting.append(message)
    }

    /// Sets what becomes of messages from now on, and takes out those that wait and match.
    func rule(_ pattern: MessagePattern, _ fate: Fate) -> [Waiting] {
        if pattern == .everything { rules = [] }
        rules.append((pattern, fate))
        guard fate != .waits else { return [] }
        let matching = waiting.filter { pattern.matches($0.envelope, $0.sender, $0.receiver) }
        waiting.removeAll { pattern.matches($0.envelope, $0.sender, $0.receiver) }
        return matching
    }

    func hasAsked(_ node: SimulatedNode) -> Bool { asking.contains(node.index) }

    func forgetAsking() {
        asking = []
    }

    // MARK: - Disks

    func isStalled(_ node: SimulatedNode) -> Bool { stalled.contains(node.index) }

    func setStalled(_ isStalled: Bool, _ node: SimulatedNode) {
        stalled.removeAll { $0 == node.index }
        if isStalled { stalled.append(node.index) }
    }

    // MARK: - Callers

    func nextBarrier() -> Int {
        barriers += 1
        return barriers
    }

    func answer(_ caller: String, _ text: String) {
        answers.append(Answer(caller: caller, text: text))
    }
}

/// Messages of some kinds on some ways.
struct MessagePattern: Hashable {
    /// First words of messages' texts, as in `accept`; empty for all.
    var kinds: [String] = []
    /// `nil` for anybody.
    var sender: String?
    var receiver: String?

    static let everything = MessagePattern()

    func matches(
        _ envelope: Envelope,
        _ from: SimulatedNode,
        _ to: SimulatedNode
    ) -> Bool {
        (kinds.isEmpty || kinds.contains(envelope.message.firstWord))
            && (sender.map { $0 == from.label } ?? true)
            && (receiver.map { $0 == to.label } ?? true)
    }
}

extension Message {
    /// The first word of its text.
    var firstWord: String {
        text.prefix { $0 != " " }.description
    }
}
