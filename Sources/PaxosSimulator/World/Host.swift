package import PaxosCore

/// Somebody from outside who uses a world as a log: its appends, barriers, crashes and partitions stand
/// in the place of the drawn callers, beside the faults that the seed draws.
///
/// Every step is checked as in every other world. What is appended travels behind a label, by which the
/// checkers know it again.
package final class Host {
    private struct Call {
        let node: Int
        let generation: Int
        var outcome: Reply.Outcome?
    }

    /// By number, from 1.
    private var appends: [Call] = []
    private var barriers: [Call] = []
    private var keptDown: [NodeID] = []
    private var cuts: [Int] = []
    /// Effective commands, in the order of the log, as far as any node has delivered them.
    package private(set) var log: [Delivered] = []

    init() {}

    // MARK: - What the world tells

    func nextBarrier() -> Int { barriers.count + 1 }

    func answer(_ caller: Callers.Caller, _ outcome: Reply.Outcome) {
        if let number = caller.append { appends[number - 1].outcome = outcome }
        if let number = caller.barrier { barriers[number - 1].outcome = outcome }
    }

    /// A node has delivered the command that stands at `number` in the log; checked already.
    func take(_ delivered: Delivered, number: Int) {
        guard number == log.count + 1 else { return }
        let labelled = delivered.command
        let command = Command(
            token: labelled.token,
            index: labelled.index,
            count: labelled.count,
            payload: Array(labelled.payload.dropFirst(PayloadLabel.bytes))
        )
        log.append(Delivered(slot: delivered.slot, command: command))
    }

    func isKeptDown(_ node: NodeID) -> Bool { keptDown.contains(node) }

    // MARK: - What the host has done

    func called(append node: SimulatedNode) {
        appends.append(Call(node: node.index, generation: node.generation))
    }

    func called(barrier node: SimulatedNode) {
        barriers.append(Call(node: node.index, generation: node.generation))
    }

    func keep(_ node: NodeID, down isDown: Bool) {
        keptDown.removeAll { $0 == node }
        if isDown { keptDown.append(node) }
    }

    func note(cut: Int) {
        cuts.append(cut)
    }

    func takeCuts() -> [Int] {
        defer { cuts = [] }
        return cuts
    }

    func state(append number: Int, in world: World) -> CallState {
        state(of: appends[number - 1], in: world)
    }

    func state(barrier number: Int, in world: World) -> CallState {
        state(of: barriers[number - 1], in: world)
    }

    func hasOpenAppend(in world: World) -> Bool {
        appends.contains { state(of: $0, in: world) == .waits }
    }

    private func state(of call: Call, in world: World) -> CallState {
        if let outcome = call.outcome { return .answered(outcome) }
        return world.nodes[call.node].generation == call.generation ? .waits : .lost
    }
}

/// What became of a call.
package enum CallState: Hashable, Sendable {
    case waits
    case answered(Reply.Outcome)
    /// The process that was called has ended without a word.
    case lost
}
