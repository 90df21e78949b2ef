/// The acceptor: promises and accepts, and remembers both through power loss.
///
/// Its state here runs ahead of the disk by the writes in flight. What it says is true of the disk all
/// the same, since every promise and acceptance it reports leaves with the receipt of its write.
///
/// I1: `promised` never falls, also across restarts (`R1`).
/// I2: accepting under ballot b raises `promised` to b in the same write (`R2`).
/// I3: a committed row is never written again.
package struct Acceptor: Sendable {
    /// The lowest ballot still taken.
    package private(set) var promised: Ballot
    /// The highest promise that is on disk: pages are served under this one only.
    package private(set) var durablePromise: Ballot
    /// The highest slot with an accepted entry.
    package private(set) var last: Slot
    package let trimmed: Slot
    /// Which slots hold, on disk, what was accepted last.
    package private(set) var durable: SlotPrefix
    /// Entries kept in memory until they are delivered.
    private var window: SlotWindow<AcceptedEntry>
    /// Payload bytes in the window.
    package private(set) var windowBytes = 0
    private let limits: Limits
    /// The store is out of room for new slots. Slots that have a row are still written: what phase 1
    /// finds is proposed again in the room it already takes.
    package var isFull = false

    package init(recovered: RecoveredState, limits: Limits) {
        promised = recovered.promised
        durablePromise = recovered.promised
        last = recovered.last
        trimmed = recovered.trimmed
        durable = SlotPrefix(through: recovered.committed)
        window = SlotWindow(startingAt: recovered.committed.next)
        self.limits = limits
    }

    /// Phase 1b: promises if the ballot is not below an earlier promise. An equal one is promised again:
    /// the answer may have been lost. `committed` ends the chosen prefix that is stored here.
    mutating func receive(
        _ prepare: Prepare,
        from candidate: NodeID,
        committed: Slot,
        output: inout Output
    ) {
        guard prepare.ballot >= promised else {
            reject(prepare.ballot, .promised, to: candidate, committed: committed, output: &output)
            return
        }
        raise(to: prepare.ballot, output: &output)
        let promise = Promise(
            ballot: prepare.ballot,
            committed: committed,
            trimmed: trimmed,
            last: last
        )
        output.testify(.promise(promise), to: candidate)
    }

    /// Phase 2b: accepts unless a higher ballot is promised.
    mutating func receive(
        _ accept: Accept,
        from leader: NodeID,
        committed: Slot,
        output: inout Output
    ) {
        let refusal: Reject.Reason? =
            if accept.ballot < promised {
                .promised
            } else if accept.run.first <= committed {
                .committed
            } else if isFull, accept.run.last > last {
                .full
            } else if !isInWindow(accept.run.last) {
                .beyondWindow
            } else {
                nil
            }
        if let refusal {
            reject(accept.ballot, refusal, to: leader, committed: committed, output: &output)
            return
        }
        raise(to: accept.ballot, output: &output)
        var slot = accept.run.first
        for entry in accept.run.entries {
            windowBytes += entry.payloadBytes - (window[slot]?.entry.payloadBytes ?? 0)
            window.put(AcceptedEntry(slot: slot, ballot: accept.ballot, entry: entry), at: slot)
            slot = slot.next
        }
        last = max(last, accept.run.last)
        output.rows.accepted.append(AcceptedRun(ballot: accept.ballot, run: accept.run))
        output.testify(
            .accepted(Accepted(ballot: accept.ballot, slots: accept.run.slots)),
            to: leader
        )
    }

    /// The write of these rows has returned.
    mutating func markDurable(promised: Ballot?, accepted: [ClosedRange<Slot>]) {
        if let promised { durablePromise = max(durablePromise, promised) }
        for slots in accepted { durable.insert(slots) }
    }

    /// True if a proposer on this node may go on to `last` with `bytes` more: delivery can lag behind
    /// the commit, and what waits for it is in memory. An empty window takes whatever one append may
    /// hold.
    func hasRoom(through last: Slot, bytes: Int) -> Bool {
        isInWindow(last) && (windowBytes == 0 || windowBytes + bytes <= limits.pipelineBytes)
    }

    private func isInWindow(_ slot: Slot) -> Bool {
        slot.count(after: window.base) < limits.pipelineSlots
    }

    /// The slot of the lowest entry that memory may hold.
    package var windowBase: Slot { window.base }

    /// Takes the entry of the lowest slot out of memory, if it is there, and moves on to the next.
    mutating func takeFirst() -> AcceptedEntry? {
        let first = window.popFirst()
        windowBytes -= first?.entry.payloadBytes ?? 0
        return first
    }

    func holdsFirst() -> Bool {
        window[window.base] != nil
    }

    private mutating func raise(to ballot: Ballot, output: inout Output) {
        guard ballot > promised else { return }
        promised = ballot
        output.rows.promised = ballot
    }

    private func reject(
        _ ballot: Ballot,
        _ reason: Reject.Reason,
        to node: NodeID,
        committed: Slot,
        output: inout Output
    ) {
        let reject = Reject(
            ballot: ballot,
            promised: promised,
            committed: committed,
            reason: reason
        )
        output.immediate.append(Immediate(destination: node, proposal: .reject(reject)))
    }
}
