/// How far the consumers of this node have come, each under its name.
///
/// What one confirms lies in memory until something is written anyway, or for half a second at the most: then it has
/// a write of its own. So what the disk holds may be behind, and never ahead of what was confirmed. What is kept for a
/// cursor is by what was handed to the store: a trim never goes to the disk before it.
struct Cursors: Sendable {
    /// So many names at the most.
    static let most = 64
    /// In ticks: so long a position waits for others' writes.
    private static let patience: UInt64 = 50

    private struct Waiting {
        let request: CursorRequest
        /// The write that its change goes with, and where the cursor stands there.
        var write: (id: WriteID, slot: Slot)?
    }

    /// In the order of the names.
    private(set) var held: [CursorPosition]
    private var waiting: [Waiting] = []
    /// Those who begin behind what is not delivered yet.
    private var early: [CursorRequest] = []
    private var nextID: UInt64 = 1
    /// Since when something is to be written.
    private var changedAt: Tick?

    init(recovered: [CursorRecord]) {
        held = []
        for record in recovered { held.append(position(of: record, written: record.slot, .zero)) }
    }

    private mutating func position(
        of record: CursorRecord,
        written: Slot,
        _ now: Tick
    ) -> CursorPosition {
        defer { nextID += 1 }
        return CursorPosition(record: record, id: nextID, written: written, movedAt: now)
    }

    private func index(of name: CursorName) -> Int? {
        held.firstIndex { $0.record.name == name }
    }

    // MARK: - What arrives

    mutating func take(
        _ arrivals: borrowing Arrivals,
        _ refusal: Refusal?,
        _ callers: inout Callers,
        _ delivered: Slot,
        at now: Tick,
        _ output: inout Output
    ) {
        // Who has all there is, is not abandoned, however long nothing comes.
        for place in held.indices where held[place].record.slot >= delivered {
            held[place].movedAt = now
        }
        if refusal == nil {
            for move in arrivals.confirmed { confirm(move, delivered, now) }
        }
        if !early.isEmpty {
            let requests = early
            early = []
            for request in requests where callers.isWaiting(request.waiter) {
                take(request, &callers, delivered, now, &output)
            }
        }
        for request in arrivals.cursors {
            callers.add(request.waiter, deadline: request.deadline)
            if let refusal {
                callers.end(request.waiter, refusal, output: &output)
            } else {
                take(request, &callers, delivered, now, &output)
            }
        }
    }

    /// Only on, and never beyond what this node has delivered.
    private mutating func confirm(_ move: CursorMove, _ delivered: Slot, _ now: Tick) {
        let slot = min(move.record.slot, delivered)
        guard let index = held.firstIndex(where: { $0.id == move.cursor }),
            slot > held[index].record.slot
        else { return }
        held[index].record.slot = slot
        held[index].movedAt = now
        changedAt = changedAt ?? now
    }

    private mutating func take(
        _ request: CursorRequest,
        _ callers: inout Callers,
        _ delivered: Slot,
        _ now: Tick,
        _ output: inout Output
    ) {
        let found = index(of: request.name)
        switch request.change {
        case .open(let slot):
            if let found {
                held[found].movedAt = now
                break
            }
            guard slot <= delivered else {
                early.append(request)
                return
            }
            guard held.count < Self.most else {
                return callers.answer(request.waiter, cursor: nil, output: &output)
            }
            let record = CursorRecord(name: request.name, slot: slot)
            let place = held.firstIndex { $0.record.name > request.name } ?? held.count
            held.insert(position(of: record, written: .zero, now), at: place)
        case .flush:
            guard found != nil else {
                return callers.answer(request.waiter, cursor: nil, output: &output)
            }
        case .remove:
            guard let found else {
                return callers.answer(request.waiter, cursor: nil, output: &output)
            }
            held.remove(at: found)
        }
        changedAt = changedAt ?? now
        waiting.append(Waiting(request: request))
    }

    // MARK: - What is written

    /// Adds what was confirmed to a write that is made anyway, or makes one for it.
    mutating func add(to rows: inout WriteRows, isIdle: Bool, at now: Tick) {
        guard let changedAt else { return }
        let isAwaited = waiting.contains { $0.write == nil }
        let isDue = isAwaited || now >= changedAt.advanced(by: Self.patience)
        guard rows.needsFlush || (isIdle && isDue) else { return }
        rows.cursors = held.map(\.record)
        for index in held.indices { held[index].written = held[index].record.slot }
        self.changedAt = nil
    }

    /// The write that holds it has a number.
    mutating func note(_ write: WriteID, _ rows: borrowing WriteRows) {
        guard rows.cursors != nil else { return }
        for place in waiting.indices where waiting[place].write == nil {
            let slot = index(of: waiting[place].request.name).map { held[$0].written } ?? .zero
            waiting[place].write = (write, slot)
        }
    }

    /// A flush has returned: who waited for it is answered.
    mutating func finish(through durable: WriteID, _ callers: inout Callers, output: inout Output) {
        waiting.removeAll { call in
            guard callers.isWaiting(call.request.waiter) else { return true }
            guard let write = call.write, write.id <= durable else { return false }
            callers.answer(call.request.waiter, cursor: write.slot, output: &output)
            return true
        }
    }

    /// When a position has waited long enough.
    func nextDeadline(isIdle: Bool) -> Tick {
        guard isIdle, let changedAt else { return .never }
        return changedAt.advanced(by: Self.patience)
    }

    // MARK: - What is kept for them

    /// The cursor for which most is kept, and where it stands; nil if nothing is.
    func slowest(_ policy: TrimPolicy, committed: Slot, at now: Tick) -> CursorRecord? {
        let patience = policy.cursorTime.map(Limits.ticks(in:))
        var found: CursorRecord?
        for one in held {
            if let patience, now >= one.movedAt.advanced(by: patience) { continue }
            if let most = policy.cursorSlots, committed.count(after: one.written) > most {
                continue
            }
            if let found, found.slot <= one.written { continue }
            found = CursorRecord(name: one.record.name, slot: one.written)
        }
        return found
    }
}

/// A cursor, as the core knows it.
package struct CursorPosition: Hashable, Sendable {
    /// What was confirmed.
    package var record: CursorRecord
    /// Which one it is, among all that this process has had.
    package let id: UInt64
    /// What of it was handed to the store.
    package var written: Slot
    /// When it moved, or was opened; of one that has not, when the process began.
    package var movedAt: Tick
}
