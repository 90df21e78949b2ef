import PaxosCore

/// What must hold after every step of a node (`Invariant`).
extension World {
    func check(
        _ output: borrowing Output,
        of node: SimulatedNode,
        _ process: SimulatedProcess,
        now tick: Tick
    ) throws(Violation) {
        let status = process.core.status
        try ledger.check(committed: status.committed, by: node.id)
        try demand(
            status.counters.impossible + status.counters.invented <= process.inventions,
            .flow,
            "\(node.id) has met what no correct node sends"
        )
        try demand(
            status.counters.unbacked <= process.inventions
                || nodes.contains { $0.isCopy || $0.isDamaged },
            .flow,
            "\(node.id) does not believe what a correct node says"
        )
        try demand(
            status.slotsInFlight <= mix.limits.pipelineSlots,
            .limits,
            "\(node.id) has \(status.slotsInFlight) slots in flight"
        )
        try demand(
            !process.inbox.isStarved,
            .limits,
            "\(node.id) leaves an append waiting that it would take"
        )
        for message in output.messages { try check(message, of: node, process) }
        if let slot = output.passed { try pass(slot, at: node, process) }
        for delivered in output.delivered { try check(delivered, of: node, process) }
        noteHost(of: node, process)
        try demand(
            status.divergence == nil,
            .snapshot,
            "\(node.id) takes the hosts' states for different: \(status.divergence.map { "\($0)" } ?? "")"
        )
        try demand(
            isWhole(process),
            .batch,
            "\(node.id) has delivered part of a batch"
        )
        for reply in output.replies { try check(reply, of: node, process, now: tick) }
        try checkDeadlines(of: node, process, now: tick)
        try checkLosers(of: node, process)
        try checkTransfers(output, of: node, process)
        let isLeader = status.role == .leader
        if isLeader, !process.wasLeader { elections += 1 }
        process.wasLeader = isLeader
        if status.role != process.lastRole || status.ballot != process.lastBallot {
            process.lastRole = status.role
            process.lastBallot = status.ballot
            let round = status.ballot?.round ?? 0
            trace.note(
                .role,
                at: now,
                node,
                isLeader ? 1 : 0,
                round,
                "\(status.role)" + (status.ballot.map { " ballot=\($0)" } ?? "")
            )
            noticeRole(of: node, status.role)
        }
        for fact in output.facts { trace.note(fact, at: now, node) }
        if let slot = output.checkpointed {
            try demand(
                node.store.disk.checkpoint.slot >= slot,
                .testimony,
                "\(node.id) reports the checkpoint \(slot), which is not on disk"
            )
            try checkColdRead(of: node, through: slot)
        }
    }

    // MARK: - Delivery

    private func check(
        _ delivered: Delivered,
        of node: SimulatedNode,
        _ process: SimulatedProcess
    ) throws(Violation) {
        let label = PayloadLabel(delivered.payload)
        trace.note(
            .delivered,
            at: now,
            node,
            delivered.slot.rawValue,
            UInt64(label?.append ?? 0),
            "\(delivered.slot) \(label.map { "\($0)" } ?? "?")"
        )
        let events = ledger.expected.events
        guard process.position < events.count else {
            throw Violation(
                .delivery,
                "\(node.id) delivers slot \(delivered.slot), the log ends before it"
            )
        }
        let expected = events[process.position]
        try demand(
            expected.slot == delivered.slot && expected.label == label,
            .delivery,
            "\(node.id) delivers \(label.map { "\($0)" } ?? "?") in slot \(delivered.slot), next in "
                + "the log is \(expected.label) in slot \(expected.slot)"
        )
        process.position += 1
        host?.take(delivered, number: process.position)
    }

    /// A base stands for what the node has not delivered: no more than that, and nothing it has is passed over.
    private func pass(
        _ slot: Slot,
        at node: SimulatedNode,
        _ process: SimulatedProcess
    ) throws(Violation) {
        trace.note(.delivered, at: now, node, slot.rawValue, 0, "base through \(slot)")
        let position = ledger.expected.position(above: slot)
        try demand(
            node.store.disk.trimmed >= slot && process.position <= position,
            .delivery,
            "\(node.id) passes over what lies up to slot \(slot)"
        )
        basesTaken += 1
        process.position = position
        process.beganAt = slot
        try restoreHost(of: node, process, behind: slot)
    }

    private func isWhole(_ process: SimulatedProcess) -> Bool {
        let events = ledger.expected.events
        guard process.position > 0, process.position <= events.count else { return true }
        let last = events[process.position - 1].label
        return last.index + 1 == last.count
    }

    /// A subscriber that starts anywhere below a checkpoint reads rows from the disk, without those known
    /// to be without effect, and sees the same log.
    private func checkColdRead(of node: SimulatedNode, through end: Slot) throws(Violation) {
        let disk = node.store.disk
        let span = UInt64(workRandom.below(40))
        var slot = Slot(rawValue: end.rawValue > span ? end.rawValue - span : 1)
        // What is trimmed it is told.
        slot = max(slot, disk.trimmed.next)
        var position = ledger.expected.position(above: slot.previous)
        let events = ledger.expected.events
        while slot <= end {
            defer { slot = slot.next }
            guard case .command(let command)? = disk[slot]?.entry,
                !disk.ineffective.contains(slot), !disk.rotten.contains(slot)
            else {
                if disk.rotten.contains(slot) { return }
                continue
            }
            let label = PayloadLabel(command.payload)
            guard position < events.count, events[position].slot == slot,
                events[position].label == label
            else {
                throw Violation(
                    .delivery,
                    "a subscriber of \(node.id) reads slot \(slot), which is not next in the log"
                )
            }
            position += 1
        }
    }

    // MARK: - Replies

    private func check(
        _ reply: Reply,
        of node: SimulatedNode,
        _ process: SimulatedProcess,
        now tick: Tick
    ) throws(Violation) {
        guard let caller = process.callers.take(reply.waiter) else {
            throw Violation(.reply, "\(node.id) replies to nobody: \(reply)")
        }
        trace.note(
            .replied,
            at: now,
            node,
            UInt64(reply.waiter.index),
            0,
            "\(caller.label) \(reply.outcome.text)"
        )
        stage?.answer(caller.label, reply.outcome.text)
        host?.answer(caller, reply.outcome)
        switch reply.outcome {
        case .committed(let first, let count):
            guard let append = caller.append else {
                throw Violation(.reply, "\(node.id) answers a barrier as an append")
            }
            try demand(
                ledger.expected.slot(of: append) == first && count == caller.count,
                .acknowledgement,
                "\(node.id) acknowledges a\(append) in slot \(first); it is in "
                    + (ledger.expected.slot(of: append).map { "slot \($0)" } ?? "none")
            )
            try demand(
                caller.at == .zero || caller.at == first,
                .condition,
                "\(node.id) acknowledges a\(append) in slot \(first), which asked for \(caller.at)"
            )
            ledger.acknowledge(first.advanced(by: count - 1))
            acknowledged(append)
        case .barrier(let slot):
            try demand(caller.append == nil, .reply, "\(node.id) answers an append as a barrier")
            try demand(
                slot >= caller.floor,
                .barrier,
                "\(node.id) answers a barrier with \(slot); \(caller.floor) was known before"
            )
            try demand(
                slot <= ledger.chosenThrough && slot <= process.core.status.committed,
                .barrier,
                "\(node.id) answers a barrier with \(slot), above what it has committed"
            )
            ledger.acknowledge(slot)
        case .trimmed(let slot, _):
            try demand(caller.isTrim, .reply, "\(node.id) tells of trimming who did not ask")
            try demand(
                slot <= node.store.disk.trimmed,
                .trimming,
                "\(node.id) says that it has trimmed through slot \(slot); its disk holds "
                    + "\(node.store.disk.trimmed)"
            )
        case .cursor(let slot): try check(cursor: slot, of: caller, node)
        case .leads(let ballot):
            try demand(
                caller.target == ballot.node && process.core.leading == ballot,
                .reply,
                "\(node.id) says that \(ballot) leads to who did not ask, or too early"
            )
        case .resolved(let fate): try check(fate, of: caller, node, process)
        case .never(let refusal):
            if let append = caller.append { try ledger.refuse(append: append) }
            try check(refusal, of: caller, node, process, now: tick)
        case .unknown(let token, let refusal):
            try demand(
                token.node == node.id && token.boot == process.identity.boot,
                .reply,
                "\(node.id) names a token that is not its own: \(token)"
            )
            try demand(caller.append != nil, .reply, "\(node.id) names a token to a barrier")
            noteUnknown(token)
            try check(refusal, of: caller, node, process, now: tick)
        }
    }

    private func check(
        _ refusal: Refusal,
        of caller: Callers.Caller,
        _ node: SimulatedNode,
        _ process: SimulatedProcess,
        now tick: Tick
    ) throws(Violation) {
        let isTrue =
            switch refusal {
            case .timedOut: caller.deadline <= tick
            case .cancelled: caller.isCancelled
            case .closed: process.isClosing
            case .storeFailed: process.hasFailed
            case .rolledBack: node.store.ledger == nil || process.isContradicted
            case .passed:
                caller.append.flatMap { ledger.expected.slot(of: $0) }
                    .map { $0 <= node.store.disk.trimmed } ?? false
            case .slotTaken: caller.at != .zero
            default: true
            }
        try demand(isTrue, .reply, "\(node.id) gives \(refusal) as a reason and it is none")
    }

    /// Whoever waits does so no longer than it said, and the node has itself woken in time.
    private func checkDeadlines(
        of node: SimulatedNode,
        _ process: SimulatedProcess,
        now tick: Tick
    ) throws(Violation) {
        let earliest = process.callers.nextDeadline
        try demand(earliest > tick, .reply, "\(node.id) lets somebody wait beyond \(earliest)")
        try demand(
            min(process.core.nextDeadline, process.inbox.nextDeadline) <= earliest,
            .reply,
            "nobody wakes \(node.id) at \(earliest)"
        )
    }

    /// Whatever comes when a node has ended, it is deaf to it, and whoever comes is refused.
    private func checkDeafness(of node: SimulatedNode, _ process: SimulatedProcess)
        throws(Violation)
    {
        var arrivals = Arrivals(now: process.tick(at: now).advanced(by: 100))
        arrivals.messages = process.messages
        arrivals.completions = process.completions
        process.inbox.add(
            AppendRequest(
                waiter: WaiterID(index: 0, generation: .max),
                payloads: .one([]),
                bytes: 0,
                deadline: .never
            )
        )
        var output = process.inbox.step(&process.core, arrivals)
        let speaks =
            output.write != nil || !output.delivered.isEmpty || !output.reads.isEmpty
            || !output.messages.isEmpty
        if let batch = output.write.take() { batch.abandon() }
        try demand(!speaks, .testimony, "\(node.id) speaks after its end")
        guard output.replies.count == 1, case .never = output.replies[0].outcome else {
            throw Violation(.reply, "\(node.id) does not refuse an append after its end")
        }
    }

    /// A process has ended by itself: everybody knows.
    func checkEnd(of node: SimulatedNode, _ process: SimulatedProcess) throws(Violation) {
        try demand(
            process.callers.waiting == 0,
            .reply,
            "\(node.id) ends and leaves \(process.callers.waiting) callers behind"
        )
        try demand(
            process.inbox.count == 0,
            .reply,
            "\(node.id) ends with \(process.inbox.count) appends in its inbox"
        )
        try checkDeafness(of: node, process)
        // A full store may never take the last row, and a closing node does not wait for it.
        guard process.isClosing, !process.hasFailed, !node.isFull else { return }
        try demand(
            node.store.disk.checkpoint.slot == process.core.delivered,
            .store,
            "\(node.id) ends in order at \(process.core.delivered) and leaves the checkpoint at "
                + "\(node.store.disk.checkpoint.slot)"
        )
    }
}
