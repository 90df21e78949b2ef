/// The runs whose write has been submitted and not receipted: the lowest slot among them, and their bytes.
///
/// Writes are receipted in the order of their submission. Only a run whose slot is lower than that of
/// every later one can be the lowest, so the others are dropped as they come, and each question costs a
/// constant on average.
struct UnflushedRuns: Sendable {
    private var submitted: UInt64 = 0
    private var flushed: UInt64 = 0
    /// Payload bytes of each, and of all.
    private var sizes = FIFO<Int>()
    private(set) var bytes = 0
    /// Ascending in both fields.
    private var lows: [(run: UInt64, slot: Slot)] = []
    private var head = 0
    /// What was said again last while runs were in flight, and how many had been flushed by then.
    private var repeated: (accepted: Accepted, flushed: UInt64)?

    var lowest: Slot? { head < lows.count ? lows[head].slot : nil }

    mutating func add(_ slot: Slot, bytes: Int = 0) {
        sizes.append(bytes)
        self.bytes += bytes
        while lows.count > head, let last = lows.last, last.slot >= slot { lows.removeLast() }
        lows.append((submitted, slot))
        submitted += 1
    }

    mutating func flush(_ runs: Int) {
        flushed += UInt64(runs)
        for _ in 0..<runs { bytes -= sizes.popFirst() ?? 0 }
        precondition(flushed <= submitted, "more runs were receipted than submitted")
        while head < lows.count, lows[head].run < flushed { head += 1 }
        if head == lows.count {
            lows.removeAll(keepingCapacity: true)
            head = 0
        } else if head >= 1024, head * 2 >= lows.count {
            lows.removeFirst(head)
            head = 0
        }
    }

    /// True if this acceptance has been said again already, and waits for a write still: on a disk that
    /// hangs each repeat of the leader would add another one.
    mutating func isRepeated(_ accepted: Accepted) -> Bool {
        // What is said while nothing is in flight leaves at once, and may be lost like any message.
        guard lowest != nil else { return false }
        if let repeated, repeated.accepted == accepted, repeated.flushed == flushed { return true }
        repeated = (accepted, flushed)
        return false
    }
}
