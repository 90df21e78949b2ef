import PaxosCore

/// Starting and ending processes, and the way of a write.
extension World {
    func start(_ node: SimulatedNode) throws(Violation) {
        guard node.process == nil, !node.isRetired, let cluster = Self.cluster else { return }
        guard !endIfAlone(node) else { return }
        if let host, host.isKeptDown(node.id) { return }
        node.beforeBoot = node.store.disk
        let promised = node.store.disk.promised
        guard
            let recovered = node.store.open(
                cluster: cluster,
                membership: membership(of: node),
                nonce: Nonce(scheduleRandom.next())
            )
        else {
            // Rot above the watermark: the store refuses the directory.
            node.isRetired = true
            return
        }
        let identity = NodeIdentity(
            cluster: cluster,
            node: node.id,
            incarnation: recovered.incarnation,
            boot: recovered.boot,
            nonce: recovered.nonce
        )
        try demand(
            !node.store.hasForgottenLatch,
            .identity,
            "\(node.label) was found to be an old copy, and has forgotten it"
        )
        if node.isCopy { counted.uncount(identity) }
        var rules = mutant?.rules ?? .paxos
        // Nothing takes time where a script tells the story, unless it is about that.
        if let stage { rules.succession.awaitsSilence = stage.awaitsSilence }
        let core = NodeCore(
            recovered: mutant?.disguise(recovered) ?? recovered,
            limits: mutant?.alter(limits(of: node)) ?? limits(of: node),
            policy: policy,
            place: LeadershipPlace(priority: priority(of: node)),
            seed: scheduleRandom.next(),
            rules: rules
        )
        let process = SimulatedProcess(
            core: core,
            mutant: mutant,
            identity: identity,
            openedAt: now,
            clockRate: isQuiescing ? 100 : mix.clockRates[node.index],
            position: ledger.expected.position(above: recovered.checkpoint.slot)
        )
        process.beganAt = recovered.checkpoint.slot
        process.foundTrimmed = recovered.trimmed
        process.hostSlot = node.hostSlot
        node.begin(process)
        node.snapshot = (node.store.disk, node.generation)
        if process.clockRate != 100 { counts.count(.clockDrift) }
        trace.note(.opened, at: now, node, recovered.boot.rawValue, 0, "boot=\(recovered.boot)")
        try demand(
            process.core.status.promised >= promised,
            .promise,
            "\(node.id) promised \(promised) and finds \(process.core.status.promised)"
        )
        if let slot = node.hostSlot, slot < recovered.trimmed {
            try restoreHost(of: node, process, behind: recovered.trimmed)
        }
        keep(node, process)
        schedule(node)
    }

    /// The process ends at once; of what it wrote last, a prefix survives.
    func crash(_ node: SimulatedNode, _ kind: FaultKind) throws(Violation) {
        guard node.process != nil else { return }
        counts.count(kind)
        let kept = faultRandom.below(node.store.unreceipted + 1)
        trace.note(.crashed, at: now, node, UInt64(kept), 0, "keeps \(kept) writes")
        node.end()
        try node.store.crash(keeping: kept)
        // Back before anybody has missed it, as often as not: it is asked again what it was asked.
        let isShort = mix.isAmbushed && faultRandom.oneIn(2)
        let downtime = isShort ? 1 : faultRandom.within(mix.duration)
        agenda.put(.start(node.index), at: now.advanced(byTicks: downtime))
    }

    /// The same at a command's word: `kept` writes survive, and nothing starts it again.
    func crash(_ node: SimulatedNode, keeping kept: Int) throws(Violation) {
        trace.note(.crashed, at: now, node, UInt64(kept), 0, "keeps \(kept) writes")
        node.end()
        try node.store.crash(keeping: kept)
    }

    /// The process has ended by itself: an orderly shutdown, or a store that failed.
    func close(_ node: SimulatedNode, _ process: SimulatedProcess) throws(Violation) {
        trace.note(.closed, at: now, node)
        try checkEnd(of: node, process)
        process.hasClosed = true
        let isRotten = !node.store.disk.rotten.isEmpty
        node.end()
        try node.store.crash(keeping: faultRandom.below(node.store.unreceipted + 1))
        // It would find the same unreadable row again.
        if isRotten { node.isRetired = true }
        guard stage == nil else { return }
        let downtime = isQuiescing ? 1 : faultRandom.within(mix.duration)
        agenda.put(.start(node.index), at: now.advanced(byTicks: downtime))
    }

    func resume(_ node: SimulatedNode) {
        guard node.isPaused else { return }
        node.isPaused = false
        node.process?.isScheduled = false
        schedule(node)
    }

    func setFull(_ isFull: Bool, _ node: SimulatedNode) {
        guard let process = node.process, node.isFull != isFull else { return }
        node.isFull = isFull
        process.isFull = isFull
        schedule(node)
    }

    // MARK: - The way of a write

    func submit(
        _ batch: consuming WriteBatch,
        of node: SimulatedNode,
        _ process: SimulatedProcess
    ) throws(Violation) {
        let id = batch.id
        let rows = batch.rows
        let releases = batch.releases
        if let base = rows.base {
            node.trimmedPastCursors = max(node.trimmedPastCursors, base.slot)
            do {
                try checkSnapshot(of: base, at: node, process)
            } catch {
                batch.abandon()
                throw error
            }
        }
        if let trimmed = rows.trimmed {
            let confirmed = isTrimmable(through: trimmed)
            guard confirmed else {
                batch.abandon()
                throw Violation(
                    .trimming,
                    "\(node.id) trims through slot \(trimmed), which a member may still ask for"
                )
            }
        }
        trace.note(
            .wrote,
            at: now,
            node,
            id.rawValue,
            UInt64(rows.accepted.count),
            "\(id)  \(rows.text)" + (releases > 0 ? "  releases \(releases)" : "")
        )
        try node.store.submit(batch)
        if node.armed == .beforeFlush {
            try crash(node, .crashAtWrite)
            return
        }
        if node.losesNextRows, !rows.accepted.isEmpty {
            try loseRows(of: node)
            return
        }
        beginFlush(node)
    }

    func beginFlush(_ node: SimulatedNode) {
        guard !node.store.isFlushing, node.store.unreceipted > 0, !node.store.hasFailed else {
            return
        }
        if let stage {
            beginFlush(node, on: stage)
            return
        }
        let all = node.store.unreceipted
        let count = isQuiescing || scheduleRandom.oneIn(2) ? all : scheduleRandom.within(1...all)
        node.store.beginFlush(count: count, merging: scheduleRandom.oneIn(2))
        let time = isQuiescing ? 2 : scheduleRandom.within(mix.flushTime) + node.stall
        node.stall = 0
        agenda.put(
            .flushed(node.index, generation: node.generation),
            at: now.advanced(by: time)
        )
    }

    func endFlush(_ node: SimulatedNode, _ process: SimulatedProcess) throws(Violation) {
        guard node.store.isFlushing else { return }
        if node.armed == .duringFlush {
            try crash(node, .crashAtWrite)
            return
        }
        guard let receipt = try node.store.endFlush() else { return }
        trace.note(.durable, at: now, node, receipt.through.rawValue, 0, "\(receipt.through)")
        try takeIn(receipt, process)
        try checkCursors(of: node)
        if node.armed == .beforeReceipt {
            try crash(node, .crashAtWrite)
            return
        }
        schedule(node)
        beginFlush(node)
    }

    private func takeIn(
        _ receipt: consuming DurabilityReceipt,
        _ process: SimulatedProcess
    ) throws(Violation) {
        if var earlier = process.receipt.take() {
            earlier.merge(receipt)
            process.receipt = consume earlier
        } else {
            process.receipt = consume receipt
        }
    }

    func serve(_ request: ReadRequest, _ node: SimulatedNode, _ process: SimulatedProcess) {
        let result = node.store.disk.read(request, visible: node.store.visible)
        if case .failure(.unreadable) = result { process.hasFailed = true }
        process.completions.append(ReadCompletion(id: request.id, result: result))
        schedule(node)
    }
}

extension SimulatedProcess {
    /// Steps the core with everything that has arrived, and as much of the inbox as it takes.
    func step(now tick: Tick) -> Output {
        let arrivals = takeArrivals(now: tick)
        guard let mutant else { return inbox.step(&core, arrivals) }
        return mutant.step(&core, arrivals, held: &withheld, said: &said) { inbox.step(&$0, $1) }
    }

    /// Swaps out everything that has arrived, appends apart.
    private func takeArrivals(now tick: Tick) -> Arrivals {
        var arrivals = Arrivals(now: tick)
        arrivals.receipt = receipt.take()
        swap(&arrivals.messages, &messages)
        swap(&arrivals.completions, &completions)
        swap(&arrivals.snapshots, &snapshotResults)
        if keepsAboveIsNew { arrivals.keepsAbove = keepsAbove }
        keepsAboveIsNew = false
        swap(&arrivals.barriers, &barriers)
        swap(&arrivals.trims, &trims)
        swap(&arrivals.resolves, &resolves)
        swap(&arrivals.cursors, &cursors)
        swap(&arrivals.confirmed, &confirmed)
        swap(&arrivals.states, &states)
        swap(&arrivals.transfers, &transfers)
        swap(&arrivals.cancellations, &cancellations)
        arrivals.isFull = isFull.take()
        arrivals.failure = failure.take()
        arrivals.closeBy = closeBy.take()
        return arrivals
    }
}
