/// The acceptor: promises and accepts, and remembers both through power loss.
///
/// Its state here runs ahead of the disk by the writes in flight. What it says is true of the disk all
/// the same, since every promise and acceptance it reports leaves with the receipt of its write.
///
/// I1: `promised` never falls, also across restarts (`R1`).
/// I2: accepting under ballot b raises `promised` to b in the same write (`R2`).
/// I3: a committed row is never written again, and one fetched as chosen never becomes another entry.
/// I4: every row above the delivered prefix is in the window; after a restart, every row above what was
/// known committed, while those below are still being replayed from the store.
/// I5: what counts as committed here was chosen under a ballot that is not above `promised`. So a
/// promise of b tells of slots chosen up to b only, and a leader's notice under b is true of them.
package struct Acceptor: Sendable {
    /// The lowest ballot still taken.
    package private(set) var promised: Ballot
    /// The highest promise that is on disk: pages are served under this one only.
    package private(set) var durablePromise: Ballot
    /// The highest slot with an accepted entry.
    package private(set) var last: Slot
    /// Every slot up to here is trimmed, or about to be: it is neither shown nor said to be empty (`R15`).
    package private(set) var trimmed: Slot
    /// So far the store may go with what was asked for last, if it has no room: the receipt tells.
    package private(set) var trimmable: Slot
    /// The trim point on disk.
    package private(set) var durablyTrimmed: Slot
    /// The store has deleted nothing of what was asked for last: a row of it is unreadable.
    private(set) var isTrimStuck = false
    /// The slot of the last base that was installed, durable or not.
    private var installed = Slot.zero
    /// The runs whose write is in flight.
    private var unflushed = UnflushedRuns()
    /// The run that each slot was accepted in last, kept in memory until the slot is delivered. Runs and
    /// not rows: an entry is neither copied nor counted once more for being here.
    private var window: SlotWindow<AcceptedRun>
    /// Payload bytes in the window.
    package private(set) var windowBytes = 0
    private let limits: Limits
    private let rule: AcceptanceRule
    /// The store is out of room for new slots. Slots that have a row are still written: what phase 1
    /// finds is proposed again in the room it already takes.
    package var isFull = false

    package init(
        recovered: RecoveredState,
        limits: Limits,
        rule: AcceptanceRule = .paxos
    ) {
        self.rule = rule
        promised = recovered.promised
        durablePromise = recovered.promised
        last = recovered.last
        trimmed = recovered.trimmed
        trimmable = recovered.trimmed
        durablyTrimmed = recovered.trimmed
        window = SlotWindow(startingAt: recovered.committed.next)
        self.limits = limits
        for row in recovered.accepted { put(AcceptedRun(row)) }
    }

    /// Phase 1b: promises if the ballot is not below an earlier promise. An equal one is promised again:
    /// the answer may have been lost. `committed` ends the chosen prefix that is stored here, of which who
    /// has not `recent` lacks more than a window.
    mutating func receive(
        _ prepare: Prepare,
        from candidate: NodeID,
        committed: Slot,
        recent: Slot = .zero,
        output: inout Output
    ) {
        guard rule.promises.holds(of: prepare.ballot, against: promised) else {
            reject(prepare.ballot, .promised, to: candidate, committed: committed, output: &output)
            return
        }
        // The first answer waits for its write already: while that hangs each other one would be kept (`R62`).
        if prepare.ballot == promised, durablePromise < promised { return }
        raise(to: prepare.ballot, output: &output)
        let promise = Promise(
            ballot: prepare.ballot,
            committed: committed,
            trimmed: trimmed,
            last: last,
            recent: recent
        )
        output.testify(.promise(promise), to: candidate)
    }

    /// Phase 2b: accepts unless a higher ballot is promised. Slots that are committed here are not
    /// written again (I3); the leader is told how far that is, since what it proposes there can only be
    /// what was chosen. A run that is held under this ballot is not written again either, only answered
    /// again, after every write before (`R73`): one ballot has one entry for a slot.
    mutating func receive(
        _ accept: Accept,
        from leader: NodeID,
        isOwn: Bool = false,
        committed: Slot,
        output: inout Output
    ) {
        guard rule.accepts.holds(of: accept.ballot, against: promised) else {
            reject(accept.ballot, .promised, to: leader, committed: committed, output: &output)
            return
        }
        if accept.run.first <= committed {
            reject(accept.ballot, .committed, to: leader, committed: committed, output: &output)
        }
        guard let run = accept.run.dropping(through: committed) else { return }
        if isFull, run.last > last {
            reject(accept.ballot, .full, to: leader, committed: committed, output: &output)
            return
        }
        // Beyond the window the Accept is dropped: this node lags and will catch up.
        guard isInWindow(run.last, bytes: run.payloadBytes) else { return }
        let accepted = Accepted(ballot: accept.ballot, slots: run.slots)
        if holds(run.slots, under: accept.ballot) {
            guard !unflushed.isRepeated(accepted) else { return }
        } else {
            guard isOwn || fitsUnflushed(run.payloadBytes) else { return }
            raise(to: accept.ballot, output: &output)
            store(AcceptedRun(ballot: accept.ballot, run: run), output: &output)
        }
        output.testify(.accepted(accepted), to: leader)
    }

    /// What a member lacks of what it was proposed; nothing, or nothing it has room for.
    struct Missing {
        let slots: ClosedRange<Slot>?
    }

    /// Which of these slots are not held under the ballot, if there is room for them: the first of them, up to
    /// one that is held. What is held is accepted once more: that may be what was lost. `nil` if the
    /// ballot is below the promise.
    mutating func missing(
        of slots: ClosedRange<Slot>,
        under ballot: Ballot,
        from leader: NodeID,
        committed: Slot,
        output: inout Output
    ) -> Missing? {
        guard rule.accepts.holds(of: ballot, against: promised) else {
            reject(ballot, .promised, to: leader, committed: committed, output: &output)
            return nil
        }
        if slots.lowerBound <= committed {
            reject(ballot, .committed, to: leader, committed: committed, output: &output)
        }
        guard committed < slots.upperBound else { return Missing(slots: nil) }
        let range = max(slots.lowerBound, committed.next)...slots.upperBound
        acceptAgain(range, under: ballot, from: leader, output: &output)
        var first = range.lowerBound
        while first <= min(last, range.upperBound), window[first]?.ballot == ballot {
            first = first.next
        }
        guard first <= range.upperBound else { return Missing(slots: nil) }
        var end = first
        while end < range.upperBound, end.next > last || window[end.next]?.ballot != ballot {
            guard end <= last else {
                end = range.upperBound
                break
            }
            end = end.next
        }
        if end > last, isFull || !isInWindow(max(first, last.next), bytes: limits.transferBytes) {
            if isFull { reject(ballot, .full, to: leader, committed: committed, output: &output) }
            // What replaces rows needs no room (`R79`).
            guard first <= last else { return Missing(slots: nil) }
            end = last
        }
        let hasRoom = isInWindow(first, bytes: 0) && fitsUnflushed(limits.transferBytes)
        return Missing(slots: hasRoom ? first...end : nil)
    }

    private mutating func acceptAgain(
        _ slots: ClosedRange<Slot>,
        under ballot: Ballot,
        from leader: NodeID,
        output: inout Output
    ) {
        var slot = slots.lowerBound
        let end = min(last, slots.upperBound)
        while slot <= end {
            let first = slot
            while slot <= end, window[slot]?.ballot == ballot { slot = slot.next }
            if slot > first {
                let accepted = Accepted(ballot: ballot, slots: first...slot.previous)
                if !unflushed.isRepeated(accepted) {
                    output.testify(.accepted(accepted), to: leader)
                }
                // While writes are in flight they bring most of it, and each repeat is one more.
                if unflushed.lowest != nil { return }
            }
            while slot <= end, window[slot]?.ballot != ballot { slot = slot.next }
        }
    }

    /// Stores rows that are known to be chosen, and promises their ballots: an earlier leader that has been
    /// overtaken is kept out, and I5 holds.
    mutating func storeChosen(_ rows: [AcceptedEntry], output: inout Output) {
        for row in rows {
            raise(to: row.ballot, output: &output)
            store(AcceptedRun(row, isChosen: true), output: &output)
        }
    }

    /// True if an Accept or chosen rows of so many bytes, up to this slot, can be held. A follower holds
    /// twice what a leader may have in flight, in slots and in bytes: it delivers later than the
    /// leader, by a notice and a flush, and would else drop the end of every full pipeline.
    ///
    /// The bytes bound what goes beyond the last slot only (`R62`): nothing leaves the window before its
    /// holes are filled.
    func isInWindow(_ slot: Slot, bytes: Int) -> Bool {
        guard slot <= windowEnd else { return false }
        if slot <= last || windowBytes == 0 { return true }
        return windowBytes + bytes <= 2 * limits.pipelineBytes
    }

    /// The last slot that can be held.
    var windowEnd: Slot { window.base.advanced(by: 2 * limits.pipelineSlots - 1) }

    /// True if so many bytes more may wait for a disk that hangs: each new leader may have everything in the
    /// window written again (`R62`). What is refused is sent again once there is room.
    func fitsUnflushed(_ bytes: Int) -> Bool {
        unflushed.bytes == 0 || unflushed.bytes + bytes <= 2 * limits.pipelineBytes
    }

    /// True if the row of this slot is what was chosen, given that a leader of this ballot knows the
    /// slot chosen.
    func holdsChosen(_ slot: Slot, by ballot: Ballot, rule: LearningRule) -> Bool {
        guard let accepted = window[slot] else { return false }
        return accepted.isChosen || rule.passes.holds(of: accepted.ballot, against: ballot)
    }

    /// The entry of a slot that is in memory.
    func entry(of slot: Slot) -> Entry? { window[slot]?.entry(of: slot) }

    /// What was accepted from a slot on, for a candidate whose promise is durable: as many rows as a
    /// page holds, at least one if there is any.
    func page(_ request: PageRequest) -> PromisePage? {
        guard request.ballot == durablePromise, request.ballot == promised,
            request.from >= window.base, request.from <= last
        else { return nil }
        var rows: [AcceptedEntry] = []
        var bytes = 0
        var slot = request.from
        while slot <= last, bytes < limits.pageBytes, rows.count < limits.pipelineSlots {
            if let row = window[slot]?.row(of: slot) {
                rows.append(row)
                bytes += row.entry.payloadBytes
            }
            slot = slot.next
        }
        return PromisePage(
            ballot: request.ballot,
            from: request.from,
            through: slot.previous,
            rows: rows
        )
    }

    /// The entries of adjoining slots from `first` on that are accepted under `ballot`, up to a page and one
    /// at least.
    func run(from first: Slot, through last: Slot, under ballot: Ballot) -> EntryRun? {
        var entries: [Entry] = []
        var bytes = 0
        var slot = first
        while slot <= last, let accepted = window[slot], accepted.ballot == ballot {
            let entry = accepted.entry(of: slot)
            bytes += entry.payloadBytes
            guard entries.isEmpty || bytes <= limits.pageBytes else { break }
            entries.append(entry)
            slot = slot.next
        }
        return entries.isEmpty ? nil : EntryRun(first: first, entries: entries)
    }

    /// The rows of these slots go with the next write, and those up to the limit if there is no room for that.
    /// All of them have left the window.
    mutating func trim(through slot: Slot, atMost limit: Slot) {
        precondition(slot > trimmed && slot <= limit && limit < window.base, "R78")
        trimmed = slot
        trimmable = limit
    }

    /// What lies up to the slot of a base leaves the window, whatever was accepted there, and goes with the next write.
    /// The promise is not below what was chosen there (I5).
    mutating func install(_ base: Base, output: inout Output) {
        raise(to: base.ballot, output: &output)
        while window.base <= base.slot, !window.isEmpty { _ = takeFirst() }
        if window.base <= base.slot { window = SlotWindow(startingAt: base.slot.next) }
        last = max(last, base.slot)
        trimmed = base.slot
        trimmable = base.slot
        installed = base.slot
    }

    /// It may be tried again.
    mutating func forgetTrimStuck() {
        isTrimStuck = false
    }

    /// The write of these rows has returned.
    mutating func markDurable(promised: Ballot?, trimmed: Slot? = nil, runs: Int) {
        if let promised { durablePromise = max(durablePromise, promised) }
        unflushed.flush(runs)
        guard let trimmed else { return }
        isTrimStuck = trimmed <= durablyTrimmed
        durablyTrimmed = max(durablyTrimmed, trimmed)
        // The store may have taken less than it was given, or more, for want of room.
        self.trimmed = max(durablyTrimmed, installed)
        trimmable = self.trimmed
    }

    /// The lowest slot whose row on disk is not what was accepted last.
    package var lowestUnflushed: Slot? { unflushed.lowest }

    /// How much a proposer on this node may go on with from `next`, where so many bytes are assigned and not
    /// here yet: delivery can lag behind the commit, and what waits for it is in memory. An empty window
    /// takes whatever the pipeline may hold.
    func room(from next: Slot, unsentBytes: Int) -> Appetite {
        Appetite(
            slots: limits.pipelineSlots - next.count(after: window.base),
            bytes: windowBytes == 0 ? .max : limits.pipelineBytes - windowBytes - unsentBytes
        )
    }

    /// The slot of the lowest entry that memory may hold.
    package var windowBase: Slot { window.base }

    /// Takes the entry of the lowest slot out of memory, if it is there, and moves on to the next.
    mutating func takeFirst() -> Entry? {
        let slot = window.base
        guard let entry = window.popFirst()?.entry(of: slot) else { return nil }
        windowBytes -= entry.payloadBytes
        return entry
    }

    var holdsFirst: Bool { window.contains(window.base) }

    private func holds(_ slots: ClosedRange<Slot>, under ballot: Ballot) -> Bool {
        // A new run costs one comparison.
        guard slots.upperBound <= last else { return false }
        var slot = slots.lowerBound
        while slot <= slots.upperBound {
            guard window[slot]?.ballot == ballot else { return false }
            slot = slot.next
        }
        return true
    }

    private mutating func store(_ accepted: AcceptedRun, output: inout Output) {
        put(accepted)
        output.rows.accepted.append(accepted)
        unflushed.add(accepted.run.first, bytes: accepted.run.payloadBytes)
    }

    private mutating func put(_ accepted: AcceptedRun) {
        var slot = accepted.run.first
        for entry in accepted.run.entries {
            windowBytes += entry.payloadBytes
            if slot < window.end, let earlier = window[slot] {
                windowBytes -= earlier.entry(of: slot).payloadBytes
            }
            window.put(accepted, at: slot)
            slot = slot.next
        }
        last = max(last, accepted.run.last)
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
        output.send(.reject(reject), to: node)
    }
}
