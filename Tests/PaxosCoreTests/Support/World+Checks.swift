import PaxosSimulator

@testable import PaxosCore

/// What must hold after every step.
extension World {
    func check(_ output: borrowing Output, hasFailed: Bool) throws {
        try demand(!isEnded, "the node goes on after its end")
        try demand(
            output.messages.isEmpty,
            "one member has nobody to talk to"
        )
        for delivered in output.delivered { try check(delivered) }
        if let last = log.last, position == log.count {
            try demand(last.index + 1 == last.count, "append \(last.append) is torn (R72)")
        }
        for reply in output.replies { try check(reply, hasFailed: hasFailed) }
        let earliest = callers.values.map(\.deadline).min() ?? .never
        try demand(earliest > now, "somebody waits beyond \(earliest)")
        try demand(
            min(core.nextDeadline, inbox.nextDeadline) <= earliest,
            "nobody wakes the node at \(earliest)"
        )
        try demand(core.status.promised >= promised, "the promise fell (R1)")
        try checkPipeline()
        if let checkpointed = output.checkpointed {
            try demand(
                store.disk.checkpoint.slot >= checkpointed,
                "checkpoint \(checkpointed) is reported and not on disk"
            )
        }
        promised = max(promised, store.disk.promised)
    }

    private func check(_ delivered: Delivered) throws {
        let event = World.event(of: delivered.payload, at: delivered.slot)
        let row = store.disk[delivered.slot]
        guard case .command(let command)? = row?.entry, command.payload == delivered.payload else {
            throw Violation(description: "slot \(delivered.slot) is delivered and not durable")
        }
        if position < log.count {
            try demand(log[position] == event, "\(log[position]) became \(event)")
            position += 1
            return
        }
        try demand(!refused.contains(event.append), "append \(event.append) should be never (R26)")
        if event.index == 0 {
            let isFirst = logged.insert(event.append).inserted
            try demand(isFirst, "append \(event.append) has effect twice (R27)")
            try demand(log.last.map { $0.slot < event.slot } ?? true, "slots out of order")
        } else {
            let expected = log.last.map {
                Event(
                    slot: $0.slot.next,
                    append: $0.append,
                    index: $0.index + 1,
                    count: $0.count
                )
            }
            try demand(expected == event, "\(event) does not follow the slot before")
        }
        log.append(event)
        position += 1
    }

    private func check(_ reply: Reply, hasFailed: Bool) throws {
        guard let caller = callers.removeValue(forKey: reply.waiter) else {
            throw Violation(description: "\(reply) goes to nobody")
        }
        freeIndexes.append(reply.waiter.index)
        switch reply.outcome {
        case .committed(let first, let count):
            let last = first.advanced(by: count - 1)
            let start = log.lastIndex { $0.slot == first } ?? -1
            try demand(
                start >= 0 && count == caller.count && log[start].append == caller.append
                    && log[start].index == 0 && log[start].count == count,
                "\(reply) is not what the log says"
            )
            try demand(last <= store.disk.wholeThrough, "\(reply) is not durable (R69)")
            acknowledged = max(acknowledged, last)
        case .barrier(let slot):
            try demand(caller.append == nil, "a barrier is answered to an append")
            try demand(slot >= caller.acknowledged, "the barrier \(slot) is stale (R54)")
            try demand(slot <= store.disk.wholeThrough, "the barrier \(slot) is not durable")
        case .trimmed, .resolved:
            throw Violation(description: "\(reply) is told to who did not ask")
        case .never(let refusal):
            if let append = caller.append {
                try demand(
                    !submitted.contains(append),
                    "append \(append) is under way and said to be never (R26)"
                )
                refused.insert(append)
            }
            try check(refusal, of: caller, hasFailed: hasFailed)
        case .unknown(let token, let refusal):
            try demand(token.boot == store.disk.boot, "the token is of another boot")
            try demand(
                caller.append.map(submitted.contains) ?? false,
                "\(reply) is unknown and was never sent"
            )
            try check(refusal, of: caller, hasFailed: hasFailed)
        }
    }

    private func check(_ refusal: Refusal, of caller: Caller, hasFailed: Bool) throws {
        let isTrue =
            switch refusal {
            case .timedOut: caller.deadline <= now
            case .cancelled: caller.isCancelled
            case .overloaded, .rolledBack, .passed, .voided, .noSuchToken: false
            case .full: isFull
            case .closed: closeBy != nil
            case .storeFailed: hasFailed
            }
        try demand(isTrue, "\(refusal) is given as a reason and is none")
    }

    private func checkPipeline() throws {
        let status = core.status
        try demand(
            status.slotsInFlight <= limits.pipelineSlots,
            "\(status.slotsInFlight) slots in flight"
        )
        var bytes = 0
        var slot = status.last
        while slot > status.committed {
            bytes += bytesBySlot[slot] ?? 0
            slot = slot.previous
        }
        try demand(bytes <= limits.pipelineBytes, "\(bytes) bytes in flight")
        let held = core.replica.acceptor
        try demand(
            held.windowBytes <= limits.pipelineBytes + recoveredBytes,
            "\(held.windowBytes) bytes held"
        )
        try demand(
            held.last.count(after: held.windowBase.previous) <= limits.pipelineSlots
                || !bytesBySlot.keys.contains(held.last),
            "more slots are held than the window has"
        )
    }

    /// The node has ended: everybody knows, and an orderly end left the watermark behind, unless there
    /// was no room for it.
    func checkEnd(hasFailed: Bool) throws {
        try demand(callers.isEmpty, "\(callers.count) callers are left behind")
        try demand(inbox.count == 0, "\(inbox.count) appends are left in the inbox")
        if !hasFailed, !isFull {
            try demand(store.disk.committed >= core.delivered, "the watermark was not written")
            try demand(
                store.disk.checkpoint.slot == core.delivered,
                "the checkpoint was not written"
            )
        }
        // Deaf from now on.
        var arrivals = Arrivals(now: now.advanced(by: 100))
        inbox.add(
            AppendRequest(
                waiter: WaiterID(index: 0, generation: .max),
                payloads: .one([]),
                bytes: 0,
                deadline: .never
            )
        )
        for request in reads {
            let page = store.disk.read(request)
            arrivals.completions.append(ReadCompletion(id: request.id, result: .success(page)))
        }
        var output = inbox.step(&core, arrivals)
        let isSilent =
            output.write == nil && output.delivered.isEmpty && output.reads.isEmpty
            && output.messages.isEmpty
        if let batch = output.write.take() { batch.abandon() }
        try demand(isSilent, "the node speaks after its end")
        guard output.replies.count == 1, case .never = output.replies[0].outcome else {
            throw Violation(description: "an append after the end is not refused")
        }
    }
}
