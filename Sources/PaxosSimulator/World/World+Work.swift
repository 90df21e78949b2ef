import PaxosCore

/// The callers: appends, batches, barriers, cancellations.
extension World {
    func work() {
        guard !isQuiescing else { return }
        agenda.put(.work, at: now.advanced(by: workRandom.within(mix.workInterval)))
        let running = nodes.filter { $0.process != nil && $0.process?.hasClosed == false }
        guard let node = workRandom.pick(running), let process = node.process else { return }
        if workRandom.happens(permille: mix.barrierPermille) {
            barrier(node, process)
        } else if workRandom.oneIn(12) {
            cancel(process)
        } else if workRandom.oneIn(6) {
            retry(from: node, process)
            return
        } else if workRandom.happens(permille: mix.batchPermille) {
            let most = min(mix.limits.maxBatchEntries, mix.limits.maxBatchBytes / 8)
            append(count: workRandom.within(1...min(most, 12)), isBatch: true, node, process)
        } else {
            for _ in 0..<workRandom.within(1...4) {
                append(count: 1, isBatch: false, node, process)
            }
        }
        schedule(node)
    }

    private func deadline(_ process: SimulatedProcess) -> Tick {
        guard workRandom.oneIn(3) else { return .never }
        return process.tick(at: now).advanced(by: UInt64(workRandom.below(100)))
    }

    private func append(
        count: Int,
        isBatch: Bool,
        _ node: SimulatedNode,
        _ process: SimulatedProcess
    ) {
        guard process.inbox.count < mix.limits.inboxAppends else { return }
        let size = isBatch ? 8 : workRandom.within(8...mix.limits.maxPayloadBytes)
        submitAppend(
            count: count,
            isBatch: isBatch,
            size: size,
            deadline: deadline(process),
            process
        )
        trace.note(.called, at: now, node, UInt64(appends), UInt64(count), "append a\(appends)")
    }

    func submitAppend(
        count: Int,
        isBatch: Bool,
        size: Int,
        deadline: Tick,
        at: Slot = .zero,
        _ process: SimulatedProcess
    ) {
        appends += 1
        let payloads = (0..<count).map { index in
            PayloadLabel(append: appends, index: index, count: count).payload(size: size)
        }
        submit(payloads, isBatch: isBatch, deadline: deadline, at: at, process)
    }

    /// Hands payloads, each behind its label, to a node as append number `appends`.
    func submit(
        _ payloads: [[UInt8]],
        isBatch: Bool,
        deadline: Tick,
        at: Slot = .zero,
        _ process: SimulatedProcess
    ) {
        var caller = Callers.Caller(
            append: appends,
            count: payloads.count,
            deadline: deadline,
            floor: ledger.acknowledged
        )
        caller.at = at
        process.inbox.add(
            AppendRequest(
                waiter: process.callers.add(caller),
                payloads: isBatch ? .batch(payloads) : .one(payloads[0]),
                bytes: payloads.reduce(0) { $0 + $1.count },
                at: at,
                deadline: deadline
            )
        )
    }

    func barrier(_ node: SimulatedNode, _ process: SimulatedProcess) {
        let deadline = stage == nil && host == nil ? deadline(process) : .never
        let caller = Callers.Caller(
            append: nil,
            barrier: stage?.nextBarrier() ?? host?.nextBarrier(),
            count: 0,
            deadline: deadline,
            floor: ledger.acknowledged
        )
        process.barriers.append(
            BarrierRequest(waiter: process.callers.add(caller), deadline: deadline)
        )
        trace.note(.called, at: now, node, 0, caller.floor.rawValue, "barrier \(caller.label)")
    }

    /// An append or a batch that is on its way, or through, is asked for again under its token, through
    /// another node or at another leader.
    private func retry(from node: SimulatedNode, _ process: SimulatedProcess) {
        let others = nodes.filter { $0.id != node.id && $0.process != nil }
        guard let entry = workRandom.pick(ledger.proposed(within: 20)),
            let other = workRandom.pick(others)
        else { return }
        retry(entry, from: node, process, at: other)
    }

    func retry(
        _ entry: Entry,
        from node: SimulatedNode,
        _ process: SimulatedProcess,
        at other: SimulatedNode
    ) {
        // Its own a node sends under its own boot, another's it passes on to anybody but that one.
        guard case .command(let command) = entry, let label = PayloadLabel(command.payload),
            command.token.node != other.id,
            command.token.node != node.id || command.token.boot == process.identity.boot
        else { return }
        // The labels tell the rest of a batch, whose payloads all have one size.
        let payloads = (0..<label.count).map { index in
            PayloadLabel(append: label.append, index: index, count: label.count)
                .payload(size: command.payload.count)
        }
        let forward = Forward(
            token: command.token,
            payloads: label.count == 1 ? .one(payloads[0]) : .batch(payloads),
            hops: command.token.node == node.id ? 0 : 1,
            at: command.at
        )
        let envelope = Envelope(
            sender: process.identity,
            destination: other.id,
            recipient: nil,
            message: .immediate(.forward(forward))
        )
        retries += 1
        trace.note(.sent, at: now, envelope, from: node, to: other)
        transmit(envelope, from: node, to: other)
    }

    /// Cancels somebody who waits, or somebody who waited once.
    private func cancel(_ process: SimulatedProcess) {
        guard process.callers.indexes > 0 else { return }
        let index = workRandom.below(process.callers.indexes)
        let waiter = process.callers.cancel(index, stale: workRandom.oneIn(8))
        process.cancellations.append(waiter)
    }
}
