import PaxosCore

/// Callers who append for one slot, several of them for the same: one wins, and the others learn it.
extension World {
    /// In one world of two, from a generator of its own.
    func drawConditions(seed: UInt64) {
        guard faults.contains(.condition) else { return }
        var random = SeededGenerator(seed: seed ^ 0x636f_6e64)
        guard random.oneIn(2) else { return }
        conditionRandom = random
        agenda.put(.condition, at: now.advanced(byTicks: 10))
    }

    /// About every second member appends for the next slot as it sees it, or for one near that.
    func appendForSlots() {
        guard var random = conditionRandom, !isQuiescing else { return }
        defer { conditionRandom = random }
        agenda.put(.condition, at: now.advanced(byTicks: random.within(1...12)))
        for node in nodes where !node.isTwin && random.oneIn(2) {
            guard let process = node.process, !process.hasClosed,
                process.inbox.count < mix.limits.inboxAppends
            else { continue }
            let next = process.core.status.last.next
            let slots = [next, next, next, next.next, max(.first, next.previous)]
            let isBatch = random.oneIn(4)
            let most = min(mix.limits.maxBatchEntries, mix.limits.maxBatchBytes / 8, 4)
            let isPatient = random.oneIn(2)
            appendForSlot(
                slots[random.below(slots.count)],
                count: isBatch ? random.within(1...most) : 1,
                isBatch: isBatch,
                deadline: isPatient
                    ? .never : process.tick(at: now).advanced(by: UInt64(random.below(200))),
                node,
                process
            )
            schedule(node)
        }
    }

    func appendForSlot(
        _ slot: Slot,
        count: Int = 1,
        isBatch: Bool = false,
        deadline: Tick = .never,
        _ node: SimulatedNode,
        _ process: SimulatedProcess
    ) {
        counts.count(.condition)
        submitAppend(
            count: count,
            isBatch: isBatch,
            size: 8,
            deadline: deadline,
            at: slot,
            process
        )
        let size = isBatch ? " of \(count)" : ""
        trace.note(
            .called,
            at: now,
            node,
            UInt64(appends),
            slot.rawValue,
            "append a\(appends)\(size) at=\(slot)"
        )
    }

    /// Who has left the inbox waits no longer than until its slot is decided where it waits.
    func checkLosers(of node: SimulatedNode, _ process: SimulatedProcess) throws(Violation) {
        guard process.callers.asking > 0, !process.hasClosed else { return }
        let delivered = process.core.delivered
        let late = process.callers.first { waiter, caller in
            caller.at != .zero && caller.at <= delivered && !process.inbox.holds(waiter)
        }
        try demand(
            late == nil,
            .condition,
            "\(node.id) has delivered \(delivered) and lets \(late?.label ?? "") wait for a slot below"
        )
    }
}
