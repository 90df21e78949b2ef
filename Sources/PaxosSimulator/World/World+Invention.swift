import PaxosCore

/// What a faulty member might say, or somebody who poses as one: each claim is invented, and the receiver can
/// know that it is, or asks the others. Nobody takes it in, falls or stops by it (`R80`, `R84`, `R91`); but who
/// is shown another entry in a slot that is committed stops (`R37`).
extension World {
    /// In some worlds, from a generator of its own: a seed keeps the rest of its story.
    func drawInventions(seed: UInt64) {
        var random = SeededGenerator(seed: seed ^ 0x696e_7665)
        guard membership.members.count > 1, faults.contains(.invention), random.oneIn(3) else {
            return
        }
        inventions = random
        agenda.put(.invent, at: now.advanced(byTicks: 20))
    }

    func invent() {
        guard var random = inventions, !isQuiescing else { return }
        agenda.put(.invent, at: now.advanced(byTicks: random.within(4...24)))
        let sound = nodes.filter { node in
            node.isHealthy && !node.isCopy && node.store.ledger != nil && !node.isPaused
                && node.process?.hasClosed == false && node.process?.core.rolledBack == nil
        }
        let liar = random.pick(sound)
        let victim = random.pick(sound.filter { $0 !== liar })
        if terms == nil, let liar, let victim, let sender = liar.process?.identity,
            let process = victim.process
        {
            let (message, claim) = lie(to: process, as: liar, &random)
            let envelope = Envelope(
                sender: sender,
                destination: victim.id,
                recipient: process.identity.process,
                claim: claim,
                message: message
            )
            counts.count(.invention)
            process.inventions += 1
            if isOfAnotherLog(message) { process.isContradicted = true }
            trace.note(.sent, at: now, envelope, from: liar, to: victim, mark: "invented")
            process.messages.append(envelope)
            schedule(victim)
        }
        inventions = random
    }

    private typealias Lie = (message: Message, claim: (WriteNumber, UInt64))

    private func lie(
        to victim: SimulatedProcess,
        as liar: SimulatedNode,
        _ random: inout SeededGenerator
    ) -> Lie {
        let none = (WriteNumber.none, UInt64(0))
        let status = victim.core.status
        let chosen = ledger.chosenThrough.rawValue
        switch random.below(13) {
        case 0:
            // It has met writes of this process that there never were, and shows a tag.
            let claim = (WriteNumber(1 << 40), random.next() | 1)
            return (.immediate(.statusReply(reply(committed: 0))), claim)
        case 1: return (.immediate(.forward(inventedForward(liar, &random))), none)
        case 2: return (.immediate(.statusReply(reply(committed: chosen + 1_000_000))), none)
        case 3: return (.immediate(.statusReply(reply(committed: Slot.limit.rawValue))), none)
        case 4 where status.role == .candidate:
            return (.immediate(.page(impossiblePage(status, liar))), none)
        case 7
        where status.promised > Ballot(round: 1, node: liar.id) && status.delivered > .zero
            && faults.contains(.crash):
            return (.immediate(.heartbeat(ofAnotherLog(status, liar, &random))), none)
        case 8...11:
            guard let ballot = unusedBallot(of: liar) else { fallthrough }
            // Of far more than there is: whatever is accepted from now on is below it.
            let notice = CommitNotice(
                ballot: ballot,
                committed: Slot(rawValue: chosen + 1_000_000)
            )
            return (.immediate(.commit(notice)), none)
        case 5, 6:
            // Who stops by it is started again, which is a crash.
            guard faults.contains(.crash), let row = otherRow(status.delivered) else {
                fallthrough
            }
            let answer = CatchUp(from: row.slot, rows: [row], committed: row.slot)
            return (.immediate(.catchUp(answer)), none)
        default:
            let beat = Heartbeat(
                ballot: Ballot(round: status.promised.round + 1, node: victim.identity.node),
                round: 1,
                committed: .zero
            )
            return (.immediate(.heartbeat(beat)), none)
        }
    }

    /// One that it never led under, nor will: of a leader's own rows its word is the only one.
    private func unusedBallot(of liar: SimulatedNode) -> Ballot? {
        guard let promised = liar.process?.core.status.promised, promised.round > 0 else {
            return nil
        }
        return (1...promised.round).lazy.map { Ballot(round: $0, node: liar.id) }
            .first { $0 < promised && !self.ledger.isUsed($0) }
    }

    /// It knows far more than the others, and nothing of leaders.
    private func reply(committed: UInt64) -> StatusReply {
        StatusReply(id: 0, leader: nil, promised: .zero, committed: Slot(rawValue: committed))
    }

    /// Of no member, or of a process of one that nobody has met.
    private func inventedForward(
        _ liar: SimulatedNode,
        _ random: inout SeededGenerator
    ) -> Forward {
        let stranger = NodeID(rawValue: 99) ?? liar.id
        let node = random.oneIn(2) ? stranger : liar.id
        return Forward(
            token: Token(node: node, boot: Boot(UInt64.max), sequence: 1 + random.next() >> 8),
            payloads: .one([0x21]),
            hops: node == stranger ? 1 : 0
        )
    }

    /// A row under a later ballot than the page's, which the acceptor cannot have accepted before.
    private func impossiblePage(
        _ status: CoreStatus,
        _ liar: SimulatedNode
    ) -> PromisePage {
        let ballot = status.ballot ?? .zero
        let slot = status.committed.next
        let row = AcceptedEntry(
            slot: slot,
            ballot: Ballot(round: ballot.round + 1, node: liar.id),
            entry: .noop
        )
        return PromisePage(ballot: ballot, from: slot, through: slot, rows: [row])
    }

    /// One that led long ago, and stands on another history.
    private func ofAnotherLog(
        _ status: CoreStatus,
        _ liar: SimulatedNode,
        _ random: inout SeededGenerator
    ) -> Heartbeat {
        Heartbeat(
            ballot: Ballot(round: 1, node: liar.id),
            round: 1,
            committed: status.delivered,
            prefix: PrefixMark(slot: status.delivered, digest: PrefixDigest(random.next()))
        )
    }

    private func isOfAnotherLog(_ message: Message) -> Bool {
        switch message {
        case .immediate(.catchUp): true
        case .immediate(.heartbeat(let beat)): beat.prefix.slot > .zero
        default: false
        }
    }

    /// Another entry than is committed in a slot.
    func otherRow(_ slot: Slot) -> AcceptedEntry? {
        guard let entry = ledger.chosen(slot) else { return nil }
        let token = Token(node: membership.members[0], boot: Boot(1), sequence: 1 << 40)
        let other: Entry = entry == .noop ? .void(token) : .noop
        return AcceptedEntry(slot: slot, ballot: Ballot(round: 1, node: token.node), entry: other)
    }

    // MARK: - Who must stop

    /// The slot in which this step shows a process another entry than it has committed.
    func contradiction(_ node: SimulatedNode, _ process: SimulatedProcess) -> Slot? {
        guard inventions != nil, nodes.count == membership.members.count,
            process.core.rolledBack == nil
        else { return nil }
        let known = process.beganAt.next...max(process.beganAt.next, process.core.delivered)
        guard process.core.delivered > process.beganAt else { return nil }
        for envelope in process.messages where envelope.recipient == process.identity.process {
            guard isOfAnotherLog(envelope.message), process.core.holds(envelope.sender),
                process.succession.hasGreeted(envelope.sender.process),
                !process.messages.contains(where: {
                    $0.sender.node == envelope.source && $0.sender != envelope.sender
                })
            else { continue }
            switch envelope.message {
            case .immediate(.catchUp(let answer)):
                for row in answer.rows where known.contains(row.slot) {
                    if let chosen = ledger.chosen(row.slot), chosen != row.entry { return row.slot }
                }
            case .immediate(.heartbeat(let beat)) where known.contains(beat.prefix.slot):
                if beat.prefix != prefix(through: beat.prefix.slot) { return beat.prefix.slot }
            default: break
            }
        }
        return nil
    }

    /// What everybody's prefix is who has a slot.
    private func prefix(through slot: Slot) -> PrefixMark {
        var digest = PrefixDigest.empty
        for place in 0..<slot.rawValue {
            if let entry = ledger.chosen(Slot(rawValue: place + 1)) {
                digest = digest.appending(entry)
            }
        }
        return PrefixMark(slot: slot, digest: digest)
    }

    /// Whoever is shown another entry stops, and says why; somebody starts it again.
    func checkContradiction(
        _ slot: Slot,
        of node: SimulatedNode,
        _ process: SimulatedProcess
    ) throws(Violation) {
        try demand(
            process.core.rolledBack?.cause == .otherEntry || process.core.status.failure != nil
                || process.isClosing,
            .agreement,
            "\(node.id) is shown another entry in slot \(slot), which it has committed, and goes on"
        )
    }

    /// Whether a process that is out may be: it was shown another entry. Somebody starts it again.
    func mayBeOut(_ found: RolledBack, _ node: SimulatedNode, _ process: SimulatedProcess) -> Bool {
        guard found.cause == .otherEntry, process.isContradicted else { return false }
        guard stage == nil, !process.isRestarted else { return true }
        process.isRestarted = true
        agenda.put(
            .crash(node.index, generation: node.generation),
            at: now.advanced(byTicks: 2)
        )
        return true
    }
}
