import PaxosCore

/// Hosts that write snapshots of their state, and begin with one where the log begins behind what they have.
///
/// A host's state after a slot is a count and a digest of the effective commands up to there, padded to some pages. It
/// is compared with what follows from the chosen entries, wherever one is restored.
extension World {
    /// In most of the worlds whose logs are trimmed, from a generator of its own.
    func drawSnapshots(seed: UInt64) {
        guard trimRandom != nil else { return }
        var random = SeededGenerator(seed: seed ^ 0x736e_6170)
        guard random.below(8) > 0 else { return }
        let bytes = [16, 100, 1_000, 4_000][random.below(4)]
        // No more pieces than can come within the time that a world has to settle.
        let most = 40 * max(mix.limits.pageBytes, 64)
        snapshots = WorldSnapshots(random: random, bytes: min(bytes, most))
    }

    /// Some hosts write one.
    func writeSnapshots() {
        guard var random = snapshots?.random else { return }
        defer { snapshots?.random = random }
        for node in nodes where random.below(4) > 0 && !node.isTwin {
            guard let process = node.process, !process.hasClosed, process.hostSlot != nil else {
                continue
            }
            writeSnapshot(node, process)
        }
    }

    /// Of what the host has applied by now, if that is more than it has written before.
    @discardableResult
    func writeSnapshot(_ node: SimulatedNode, _ process: SimulatedProcess) -> Bool {
        let slot = process.core.delivered
        let newest = node.store.folder.files.last?.base.slot ?? .zero
        guard slot > newest, slot <= ledger.expected.decidedThrough,
            let base = node.store.disk.base(through: slot)
        else { return false }
        trace.note(.called, at: now, node, 1, slot.rawValue, "snapshot through \(slot)")
        let state = hostState(after: slot)
        node.store.folder.write(state, behind: base)
        let digest = SimulatedFolder.digest(of: state)
        process.states.append(StateMark(slot: slot, form: 0, digest: digest))
        keep(node, process)
        schedule(node)
        return true
    }

    /// The process is told above which slot its log is kept for a snapshot.
    func keep(_ node: SimulatedNode, _ process: SimulatedProcess) {
        let above = node.store.folder.keepsAbove
        guard process.keepsAbove != above else { return }
        process.keepsAbove = above
        process.keepsAboveIsNew = true
    }

    // MARK: - The host's state

    private func hostState(after slot: Slot) -> [UInt8] {
        let events = ledger.expected.events
        let count = ledger.expected.position(above: slot)
        let known = hostDigests.count
        for event in events[min(known, count)..<count] {
            var digest = hostDigests.last ?? Digest()
            digest.add(event.slot.rawValue)
            digest.add(UInt64(event.label.append))
            hostDigests.append(digest)
        }
        let digest = count > 0 ? hostDigests[count - 1].value : 0
        var bytes: [UInt8] = []
        for number in [slot.rawValue, UInt64(count), digest] {
            for shift in 0..<8 { bytes.append(UInt8(truncatingIfNeeded: number >> (8 * shift))) }
        }
        // The rest follows from what stands before it.
        var random = SeededGenerator(seed: digest ^ slot.rawValue)
        while bytes.count < snapshots?.bytes ?? 0 {
            bytes.append(UInt8(truncatingIfNeeded: random.next()))
        }
        return bytes
    }

    /// The log of a member begins behind what its host has applied: it begins with the newest snapshot that is there,
    /// and with nothing, if a base came alone.
    func restoreHost(
        of node: SimulatedNode,
        _ process: SimulatedProcess,
        behind slot: Slot
    ) throws(Violation) {
        node.store.folder.noteTrimmed(through: node.store.disk.trimmed)
        keep(node, process)
        guard let file = node.store.folder.files.last(where: { $0.base.slot >= slot }) else {
            process.hostSlot = nil
            node.hostSlot = nil
            return
        }
        try demand(
            file.bytes == hostState(after: file.base.slot),
            .snapshot,
            "the host of \(node.id) begins with a snapshot of slot \(file.base.slot) that is not the state there"
        )
        trace.note(.delivered, at: now, node, slot.rawValue, 1, "restored \(file.base.slot)")
        hostsRestored += 1
        process.hostSlot = file.base.slot
        node.hostSlot = file.base.slot
    }

    func noteHost(of node: SimulatedNode, _ process: SimulatedProcess) {
        guard let slot = process.hostSlot else { return }
        process.hostSlot = max(slot, process.core.delivered)
        node.hostSlot = process.hostSlot
    }

    // MARK: - Tasks

    func order(_ task: SnapshotTask, _ node: SimulatedNode, _ process: SimulatedProcess) {
        process.snapshotTasks.append(task)
        let delay = stage == nil ? scheduleRandom.within(1...24) : 0
        agenda.put(
            .snapshot(node.index, generation: node.generation),
            at: now.advanced(by: delay)
        )
    }

    /// The next in their order.
    func performTask(_ node: SimulatedNode, _ process: SimulatedProcess) {
        guard !process.snapshotTasks.isEmpty else { return }
        let task = process.snapshotTasks.removeFirst()
        guard let result = node.store.folder.perform(task.work, mutant: mutant) else { return }
        if case .offer(let offered?) = result { offeredBases.insert(offered.digest) }
        process.snapshotResults.append(SnapshotCompletion(id: task.id, result: result))
        schedule(node)
    }

    /// Which bases a process was given.
    func noteOffered(_ envelope: Envelope, to process: SimulatedProcess) {
        guard case .immediate(.baseChunk(let chunk)) = envelope.message else { return }
        process.givenBases[chunk.slot, default: []].insert(chunk.digest)
    }

    /// No base is installed before the snapshot that came with it is there, whatever is cut off (`R42`).
    func checkSnapshot(
        of base: Base,
        at node: SimulatedNode,
        _ process: SimulatedProcess
    ) throws(Violation) {
        guard node.store.ledger != nil else { return }
        if node.store.folder.arrived?.base.slot == base.slot {
            snapshotsTaken += 1
            try demand(
                node.store.folder.arrived?.isDurable == true,
                .snapshot,
                "\(node.id) installs the base of slot \(base.slot), whose snapshot is in memory only"
            )
            return
        }
        let given = process.givenBases[base.slot] ?? []
        try demand(
            given.isEmpty || given.contains { !offeredBases.contains($0) },
            .snapshot,
            "\(node.id) installs the base of slot \(base.slot) without the snapshot that it was given with"
        )
    }
}

/// What hosts write.
struct WorldSnapshots {
    var random: SeededGenerator
    /// How large a state is, at least.
    var bytes: Int
}
