/// What goes to the store: at most one batch a step, each with the next id; which of them are in flight; and
/// what of the watermark and the checkpoint went there last.
struct Writes: Sendable {
    private var next: UInt64 = 1
    /// Those in flight, with the time of their submission.
    private var inFlight = FIFO<(id: WriteID, at: Tick)>()
    /// What was submitted last.
    private var committed: Slot
    private(set) var checkpoint: Slot

    init(committed: Slot, checkpoint: Slot) {
        self.committed = committed
        self.checkpoint = checkpoint
    }

    /// Nothing is in flight.
    var isIdle: Bool { inFlight.first == nil }

    /// When the oldest write in flight was submitted.
    var oldest: Tick? { inFlight.first?.at }

    /// Every write up to here has returned.
    mutating func finish(through durable: WriteID) {
        while let write = inFlight.first, write.id <= durable { _ = inFlight.popFirst() }
    }

    /// Adds a checkpoint if at least so many slots were delivered since the last one.
    mutating func addCheckpoint(
        of delivering: Delivering,
        after slots: Int,
        to rows: inout WriteRows
    ) {
        guard delivering.delivered.count(after: checkpoint) >= slots else { return }
        add(delivering.checkpoint, to: &rows)
    }

    /// Adds a checkpoint that is newer than the last one.
    mutating func add(_ state: Checkpoint, to rows: inout WriteRows) {
        guard state.slot > checkpoint else { return }
        checkpoint = state.slot
        rows.checkpoint = state
    }

    /// Adds a base: the log goes on behind it, with its state and its watermark in the same transaction.
    mutating func install(_ base: Base, to rows: inout WriteRows) {
        rows.base = base
        add(base.checkpoint, to: &rows)
        addWatermark(base.slot, to: &rows)
    }

    /// The watermark goes with what is written anyway, and is never ahead of its rows (`R41`).
    mutating func addWatermark(_ committed: Slot, to rows: inout WriteRows) {
        guard committed > self.committed else { return }
        self.committed = committed
        rows.committed = committed
    }

    /// Makes a batch of what the step has collected, testimony and all: that leaves with its receipt.
    mutating func submit(_ output: inout Output, at now: Tick) -> WriteID {
        let id = WriteID(next)
        next += 1
        inFlight.append((id, now))
        output.write = WriteBatch(id: id, rows: output.rows, testimony: output.testimony)
        return id
    }
}
