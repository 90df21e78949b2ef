/// Decides, in slot order, what each committed entry does.
///
/// A batch is decided whole: its first slot waits for its last, or for the entry that proves it torn
/// (`R72`). The decision depends on nothing but the entries before it (`R71`), so every node, and
/// every tool that reads a log, decides alike.
package struct Delivery: Sendable {
    /// Every slot up to here is decided.
    package private(set) var delivered: Slot
    /// The state up to `delivered`.
    package private(set) var state: LogState
    /// Of the prefix up to `delivered`.
    package private(set) var digest: PrefixDigest
    /// Of the prefix up to what was fed.
    private(set) var fed: PrefixDigest
    /// The beginning of a batch whose end has not been fed yet: it stands above `delivered`.
    private var gathered: [Command] = []

    package init(resuming checkpoint: Checkpoint) {
        delivered = checkpoint.slot
        state = checkpoint.state
        digest = checkpoint.digest
        fed = checkpoint.digest
    }

    /// The slot that must be fed next.
    package var next: Slot { delivered.advanced(by: gathered.count + 1) }

    package var checkpoint: Checkpoint {
        Checkpoint(slot: delivered, digest: digest, state: state)
    }

    /// Takes the entry of slot `next` and reports each decision this makes possible.
    package mutating func feed(_ entry: Entry, decide: (Decision) -> Void) {
        endTorn(before: entry, decide: decide)
        fed = fed.appending(entry)
        defer { if gathered.isEmpty { digest = fed } }
        if let first = gathered.first, case .command(let command) = entry {
            gathered.append(command)
            if gathered.count == Int(first.count) { decideGathered(decide) }
            return
        }
        feedFresh(entry, decide: decide)
    }

    /// Decides what is gathered as torn if the entry of slot `next` does not continue it. What that entry does
    /// itself is not decided.
    package mutating func endTorn(before entry: Entry, decide: (Decision) -> Void) {
        guard let first = gathered.first else { return }
        if case .command(let command) = entry, command.continues(first, at: gathered.count) {
            return
        }
        abandonGathered(decide)
    }

    private mutating func feedFresh(_ entry: Entry, decide: (Decision) -> Void) {
        switch entry {
        case .command(let command) where command.count == 1:
            let effect = take(command, in: delivered.next)
            delivered = delivered.next
            decide(Decision(slot: delivered, command: command, effect: effect))
        case .command(let command) where command.index == 0:
            gathered.append(command)
        case .command(let command):
            delivered = delivered.next
            decide(Decision(slot: delivered, command: command, effect: .torn))
        case .void(let token):
            state.void(token)
            delivered = delivered.next
        case .noop, .membership:
            delivered = delivered.next
        }
    }

    /// What stands in another slot than it asked for leaves its token as it was.
    private mutating func take(_ first: Command, in slot: Slot) -> Effect {
        guard first.at == .zero || first.at == slot else { return .elsewhere }
        let effect = state.effect(of: first.token)
        if effect == .effective { state.consume(first.token) }
        return effect
    }

    private mutating func decideGathered(_ decide: (Decision) -> Void) {
        let effect = take(gathered[0], in: delivered.next)
        for command in gathered {
            delivered = delivered.next
            decide(Decision(slot: delivered, command: command, effect: effect))
        }
        gathered.removeAll(keepingCapacity: true)
    }

    private mutating func abandonGathered(_ decide: (Decision) -> Void) {
        digest = fed
        for command in gathered {
            delivered = delivered.next
            decide(Decision(slot: delivered, command: command, effect: .torn))
        }
        gathered.removeAll(keepingCapacity: true)
    }
}

/// What a committed command does, decided.
package struct Decision: Sendable {
    package let slot: Slot
    package let command: Command
    package let effect: Effect
}

extension Command {
    fileprivate func continues(_ first: Command, at index: Int) -> Bool {
        token == first.token && count == first.count && at == first.at
            && Int(self.index) == index
    }
}
