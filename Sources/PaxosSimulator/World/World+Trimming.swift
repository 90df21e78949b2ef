import PaxosCore

/// Operators who want the log to be shorter: each member trims its own, as far as all members have it safe.
extension World {
    /// In most worlds, from a generator of its own.
    func drawTrims(seed: UInt64) {
        guard faults.contains(.trim) else { return }
        var random = SeededGenerator(seed: seed ^ 0x7472_696d)
        guard random.below(4) > 0 else { return }
        trimRandom = random
        drawRetention(seed: seed)
        agenda.put(.trim, at: now.advanced(byTicks: 10))
    }

    /// In most of those, who is away or far behind is not waited for, and comes back to a log that is gone.
    private func drawRetention(seed: UInt64) {
        var random = SeededGenerator(seed: seed ^ 0x6261_7365)
        guard random.below(4) > 0 else { return }
        let ticks = mix.limits.electionTicks * UInt64([1, 2, 4][random.below(3)])
        mix.limits.retentionTime = .milliseconds(10 * Int(ticks))
        mix.limits.retentionSlots = [2, 10, 60, 1 << 24][random.below(4)]
        leavesBehind = true
    }

    /// One member or all are told to trim through some slot, as often as not all that is committed.
    func tellToTrim() {
        guard var random = trimRandom else { return }
        defer { trimRandom = random }
        agenda.put(.trim, at: now.advanced(byTicks: random.within(2...60)))
        writeSnapshots()
        moveCursors()
        let running = nodes.filter { $0.process?.hasClosed == false && !$0.isTwin }
        let told = random.oneIn(2) ? running : random.pick(running).map { [$0] } ?? []
        for node in told {
            guard let process = node.process else { continue }
            let committed = process.core.status.committed
            guard committed > .zero else { continue }
            let isAll = random.oneIn(2)
            let back = isAll ? 0 : UInt64(random.below(Int(min(committed.rawValue, 60))))
            let isPast = snapshots?.random.oneIn(8) ?? false
            let isPastCursors = cursors?.random.oneIn(10) ?? false
            trim(
                through: Slot(rawValue: committed.rawValue - back),
                pastSnapshots: isPast,
                pastCursors: isPastCursors,
                node,
                process
            )
        }
    }

    func trim(
        through slot: Slot,
        pastSnapshots: Bool = false,
        pastCursors: Bool = false,
        _ node: SimulatedNode,
        _ process: SimulatedProcess
    ) {
        counts.count(.trim)
        var caller = Callers.Caller(
            append: nil,
            count: 0,
            deadline: .never,
            floor: ledger.acknowledged
        )
        caller.isTrim = true
        process.trims.append(
            TrimRequest(
                waiter: process.callers.add(caller),
                through: slot,
                pastSnapshots: pastSnapshots,
                pastCursors: pastCursors,
                deadline: .never
            )
        )
        if pastCursors { node.trimmedPastCursors = max(node.trimmedPastCursors, slot) }
        trace.note(.called, at: now, node, 0, slot.rawValue, "trim through \(slot)")
        schedule(node)
    }

    /// No sound member begins below this slot, whenever it is opened again: the watermark on its disk is
    /// there or above. Or a quorum has that, where others are not waited for.
    func isTrimmable(through slot: Slot) -> Bool {
        func isBehind(_ node: SimulatedNode) -> Bool {
            !(node.isTwin || node.isDamaged || node.isCopy || node.store.disk.committed >= slot)
        }
        guard leavesBehind else { return !nodes.contains(where: isBehind) }
        var set = MemberSet()
        for node in nodes where !node.isTwin && !isBehind(node) {
            if let position = membership.position(of: node.id) { set.insert(position: position) }
        }
        return membership.isPhase2Quorum(set)
    }
}
