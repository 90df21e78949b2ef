import PaxosCore

/// What becomes of directories as a whole.
extension Scene {
    func replaceDisk(_ name: String, _ arguments: inout Arguments) throws(CommandError) {
        let node = try arguments.node()
        switch name {
        case "backup": node.backup = node.store.disk
        case "rewrite": try rewrite(node, &arguments)
        case "wipe": try check { () throws(Violation) in try world.wipe(node) }
        case "rollback":
            try check { () throws(Violation) in try world.rollBack(node) }
            guard node.isDamaged else { throw CommandError("nobody could tell it from the real") }
        case "twin": try startCopy { world.startCopy(beside: node) }
        default:
            guard node.process != nil else { throw CommandError("\(node.label) is down") }
            guard world.nodes.count == world.membership.members.count else {
                throw CommandError("there is a second process already")
            }
            try startCopy { world.startClone(at: node) }
        }
    }

    private func startCopy(_ start: () -> Void) throws(CommandError) {
        let before = world.nodes.count
        start()
        guard world.nodes.count > before else {
            throw CommandError("nobody could tell the two apart")
        }
        try check { () throws(Violation) in }
    }

    /// `rewrite n1`: an upgrade makes a new file of the same rows, which goes on counting its writes; `uncounted`:
    /// something else does, which knows nothing of that.
    private func rewrite(
        _ node: SimulatedNode,
        _ arguments: inout Arguments
    ) throws(CommandError) {
        guard node.process == nil else { throw CommandError("\(node.label) runs") }
        let isCounted = arguments.isEmpty
        if !isCounted, try arguments.word() != "uncounted" {
            throw CommandError("a file is rewritten, or rewritten uncounted")
        }
        if !isCounted { node.isDamaged = true }
        node.store.rewrite(isCounted: isCounted)
    }

    // MARK: - What nobody said

    /// `claim n1 -> n2 WRITE`: somebody who poses as n1 has heard of a write of n2's, and has no stamp of it.
    /// `contradict n1 -> n2 SLOT [proposing]`: somebody who poses as n1 shows n2 another entry than is chosen, or
    /// proposes it.
    func invent(_ name: String, _ arguments: inout Arguments) throws(CommandError) {
        let (from, liar) = try arguments.process()
        guard try arguments.word() == "->" else { throw CommandError("one poses n1 -> n2") }
        let (to, process) = try arguments.process()
        var claim = (heard: WriteNumber.none, tag: UInt64(0))
        let message: Message
        let mark: String
        if name == "claim" {
            claim = (WriteNumber(UInt64(try arguments.number())), 1)
            let presence = process.identity.presence
            message = .immediate(.hello(Hello(asks: true, holds: presence, terms: liar.core.terms)))
            mark = "has heard of write \(claim.heard), it says"
            process.inventions += 1
        } else {
            message = try otherEntry(process, &arguments)
            mark = "invented"
            process.isContradicted = true
        }
        let envelope = Envelope(
            sender: liar.identity,
            destination: to.id,
            recipient: process.identity.process,
            claim: claim,
            message: message
        )
        world.trace.note(.sent, at: world.now, envelope, from: from, to: to, mark: mark)
        process.messages.append(envelope)
        world.schedule(to)
        try check { () throws(Violation) in }
    }

    private func otherEntry(
        _ process: SimulatedProcess,
        _ arguments: inout Arguments
    ) throws(CommandError) -> Message {
        let slot = try arguments.slot()
        guard let chosen = world.ledger.chosen(slot) else {
            throw CommandError("nothing is chosen in slot \(slot)")
        }
        let token = Token(node: world.membership.members[0], boot: Boot(1), sequence: 1 << 40)
        let entry: Entry = chosen == .noop ? .void(token) : .noop
        guard !arguments.isEmpty else {
            let row = AcceptedEntry(
                slot: slot,
                ballot: Ballot(round: 1, node: token.node),
                entry: entry
            )
            return .immediate(.catchUp(CatchUp(from: slot, rows: [row], committed: slot)))
        }
        guard try arguments.word() == "proposing" else {
            throw CommandError("it is shown, or proposing")
        }
        let run = EntryRun(first: slot, entries: [entry])
        let ballot = process.core.status.promised
        return .immediate(.accept(Accept(ballot: ballot, run: run, committed: .zero)))
    }
}
