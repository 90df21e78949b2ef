/// For whom a node passes appends on to a leader that they do not hear.
///
/// They hear no commit notice either, and what a status round tells them they ask for once in an election
/// timeout. So they are told how far this node has come in the step in which it gets there, as long as they
/// send appends through it: what they lack they fetch from it.
struct Relaying: Sendable {
    private var nodes: [(node: NodeID, until: Tick)] = []
    /// What they were told last.
    private var told = Slot.zero

    mutating func passOn(for node: NodeID, until tick: Tick) {
        nodes.removeAll { $0.node == node }
        nodes.append((node, tick))
    }

    /// Whom to tell now.
    mutating func due(committed: Slot, at now: Tick) -> [NodeID] {
        nodes.removeAll { now >= $0.until }
        guard committed > told else { return [] }
        told = committed
        return nodes.map(\.node)
    }
}
