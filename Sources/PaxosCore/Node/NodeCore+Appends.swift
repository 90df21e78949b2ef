/// From the inbox to the pipeline, and from an outcome to the caller that waits.
extension NodeCore {
    mutating func take(_ appends: [AppendRequest], output: inout Output) {
        for append in appends {
            precondition(
                (1...limits.maxBatchEntries).contains(append.count)
                    && append.bytes <= limits.maxBatchBytes,
                "an append is checked against the limits before it is made"
            )
            waiters.add(append.waiter, deadline: append.deadline)
            if let refusal = refusal {
                end(append.waiter, refusal, output: &output)
                leaveInbox(append, output: &output)
            } else {
                inbox.append(append)
            }
        }
    }

    mutating func take(_ requests: [BarrierRequest], output: inout Output) {
        if barriers.count > limits.inboxAppends {
            barriers.removeAll { waiters.state(of: $0) == .none }
        }
        for request in requests {
            waiters.add(request.waiter, deadline: request.deadline)
            if let refusal = refusal {
                end(request.waiter, refusal, output: &output)
            } else {
                barriers.append(request.waiter)
            }
        }
    }

    /// Gives slots to as many appends as the pipeline has room for, and sends them in one Accept.
    mutating func propose(output: inout Output) {
        var entries: [Entry] = []
        while let append = inbox.first {
            if waiters.state(of: append.waiter) == .none {
                _ = inbox.popFirst()
                leaveInbox(append, output: &output)
                continue
            }
            if replica.acceptor.isFull {
                end(append.waiter, .full, output: &output)
                continue
            }
            guard replica.hasRoom(entries: append.count, bytes: append.bytes) else { break }
            _ = inbox.popFirst()
            leaveInbox(append, output: &output)
            propose(append, into: &entries)
        }
        replica.propose(entries, output: &output)
    }

    private mutating func propose(_ append: AppendRequest, into entries: inout [Entry]) {
        let token = Token(node: node, boot: boot, sequence: nextSequence)
        nextSequence += 1
        waiters.propose(append.waiter, sequence: token.sequence)
        proposed.add(append.waiter, sequence: token.sequence)
        switch append.payloads {
        case .one(let payload):
            let entry = Entry.command(Command(token: token, payload: payload))
            replica.assign(entry)
            entries.append(entry)
        case .batch(let payloads):
            for (index, payload) in payloads.enumerated() {
                let entry = Entry.command(
                    Command(
                        token: token,
                        index: UInt32(index),
                        count: UInt32(payloads.count),
                        payload: payload
                    )
                )
                replica.assign(entry)
                entries.append(entry)
            }
        }
    }

    /// Refuses whatever no slot was assigned to.
    mutating func emptyInbox(_ refusal: Refusal, output: inout Output) {
        while let append = inbox.popFirst() {
            end(append.waiter, refusal, output: &output)
            leaveInbox(append, output: &output)
        }
        for waiter in barriers { end(waiter, refusal, output: &output) }
        barriers.removeAll()
    }

    private func leaveInbox(_ append: AppendRequest, output: inout Output) {
        output.drained.appends += 1
        output.drained.bytes += append.bytes
    }

    /// Tells a caller that it gets no slot: never, if its append is still in the inbox, else unknown.
    mutating func end(_ waiter: WaiterID, _ refusal: Refusal, output: inout Output) {
        switch waiters.remove(waiter) {
        case .none:
            return
        case .waiting:
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

    /// A barrier is answered with a committed slot not below the one at its arrival, once everything
    /// that phase 1 found is committed and a quorum has confirmed the leader since (`R54`, `R70`). A
    /// member that is a quorum by itself confirms itself; another one's barriers wait. So do those of a
    /// node that still reads what was committed before it was opened: its answer can be read here.
    mutating func answerBarriers(output: inout Output) {
        guard !barriers.isEmpty, takesPart, replica.isAlone, replica.isReadable else { return }
        let slot = replica.learner.committed
        guard delivery.next > slot else { return }
        for waiter in barriers where waiters.remove(waiter) != .none {
            output.replies.append(Reply(waiter: waiter, outcome: .barrier(slot)))
        }
        barriers.removeAll(keepingCapacity: true)
    }
}
