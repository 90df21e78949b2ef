/// From the inbox to the pipeline, and from an outcome to the caller that waits.
extension NodeCore {
    mutating func take(_ appends: [AppendRequest], output: inout Output) {
        let refusal = refusal
        for position in appends.indices {
            precondition(
                (1...limits.maxBatchEntries).contains(appends[position].count)
                    && appends[position].bytes <= limits.maxBatchBytes,
                "an append is checked against the limits before it is made"
            )
            waiters.add(appends[position].waiter, deadline: appends[position].deadline)
            if let refusal {
                end(appends[position].waiter, refusal, output: &output)
                leaveInbox(appends[position], output: &output)
            } else {
                inbox.append(appends[position])
            }
        }
    }

    mutating func take(_ requests: [BarrierRequest], output: inout Output) {
        for request in requests {
            waiters.add(request.waiter, deadline: request.deadline)
            if let refusal = refusal {
                end(request.waiter, refusal, output: &output)
            } else {
                barriers.add(request.waiter)
            }
        }
    }

    /// Gives slots to as many appends as the pipeline has room for, and sends them in one Accept.
    mutating func propose(output: inout Output) {
        var entries: [Entry] = []
        proposeForwarded(into: &entries, output: &output)
        if replica.isAlone, leastAppends > 1 {
            return replica.propose(entries, output: &output)
        }
        while let append = inbox.first {
            if waiters.state(of: append.waiter) == .none {
                _ = inbox.popFirst()
                leaveInbox(append, output: &output)
                continue
            }
            guard replica.hasRoom(entries: append.count, bytes: append.bytes) else { break }
            _ = inbox.popFirst()
            leaveInbox(append, output: &output)
            let token = makeToken(for: append)
            replica.assigned.consume(token)
            assign(append.payloads, token: token, into: &entries)
        }
        replica.propose(entries, output: &output)
    }

    /// Names an append that leaves the inbox: from here on it may get into the log.
    mutating func makeToken(for append: AppendRequest) -> Token {
        defer { nextSequence += 1 }
        waiters.propose(append.waiter, sequence: nextSequence)
        proposed.add(append, sequence: nextSequence)
        return Token(node: node, boot: boot, sequence: nextSequence)
    }

    mutating func assign(
        _ payloads: AppendRequest.Payloads,
        token: Token,
        into entries: inout [Entry]
    ) {
        switch payloads {
        case .one(let payload):
            let entry = Entry.command(Command(token: token, payload: payload))
            replica.assign(entry)
            entries.append(entry)
        case .batch(let payloads):
            for (index, payload) in payloads.enumerated() {
                let command = Command(
                    token: token,
                    index: UInt32(index),
                    count: UInt32(payloads.count),
                    payload: payload
                )
                replica.assign(.command(command))
                entries.append(.command(command))
            }
        }
    }

    /// Refuses whatever no slot was assigned to.
    mutating func emptyInbox(_ refusal: Refusal, output: inout Output) {
        while let append = inbox.popFirst() {
            end(append.waiter, refusal, output: &output)
            leaveInbox(append, output: &output)
        }
    }

    /// Nobody can have them accepted for want of room, and none of them has left the inbox.
    mutating func refuseWithoutRoom(output: inout Output) {
        if !inbox.isEmpty, replica.hasNoRoom { emptyInbox(.full, output: &output) }
    }

    /// Whose caller was told leaves the inbox at once: without a leader nobody else would take it out, and
    /// its room is others' (`R62`).
    mutating func sweepInbox(output: inout Output) {
        guard hasEndedWaiters, !inbox.isEmpty else { return }
        var kept = FIFO<AppendRequest>()
        while let append = inbox.popFirst() {
            if waiters.state(of: append.waiter) == .none {
                leaveInbox(append, output: &output)
            } else {
                kept.append(append)
            }
        }
        inbox = kept
    }

    func leaveInbox(_ append: AppendRequest, output: inout Output) {
        output.drained.appends += 1
        output.drained.bytes += append.bytes
    }

    /// Tells a caller that it gets no slot: never, if its append is still in the inbox, else unknown.
    mutating func end(_ waiter: WaiterID, _ refusal: Refusal, output: inout Output) {
        switch waiters.remove(waiter) {
        case .none:
            return
        case .waiting:
            hasEndedWaiters = true
            output.replies.append(Reply(waiter: waiter, outcome: .never(refusal)))
        case .proposed(let sequence):
            _ = proposed.take(sequence)
            let token = Token(node: node, boot: boot, sequence: sequence)
            output.replies.append(Reply(waiter: waiter, outcome: .unknown(token, refusal)))
        }
    }

    /// Tells the caller of an own append in which slots it has effect.
    mutating func answer(_ run: EffectiveRun, output: inout Output) {
        guard run.token.node == node, run.token.boot == boot,
            let waiter = proposed.take(run.token.sequence)
        else { return }
        _ = waiters.remove(waiter)
        output.replies.append(
            Reply(waiter: waiter, outcome: .committed(first: run.first, count: run.count))
        )
    }

    /// A barrier is answered once this node has also delivered up to it: what it promises can be read here,
    /// also while rows from before the opening are still being replayed.
    mutating func advanceBarriers(output: inout Output) {
        guard takesPart else { return }
        if hasEndedWaiters {
            barriers.drop { waiters.state(of: $0) == .none }
            hasEndedWaiters = false
        }
        var reached: [(WaiterID, Slot)] = []
        let through = delivery.next.previous
        barriers.advance(replica: &replica, through: through, output: &output) { waiter, slot in
            reached.append((waiter, slot))
        }
        for (waiter, slot) in reached where waiters.remove(waiter) != .none {
            output.replies.append(Reply(waiter: waiter, outcome: .barrier(slot)))
        }
    }
}
