/// The runs that were proposed last, as far back as the window of a member reaches (`Acceptor.isInWindow`).
/// A member that has shown nothing of them would have to drop what comes next.
struct RecentProposals: Sendable {
    private var runs = FIFO<(last: Slot, slots: Int, bytes: Int)>()
    private var slots = 0
    private var bytes = 0
    /// Whoever has come so far has room for all of them.
    private(set) var base = Slot.zero

    mutating func add(_ run: EntryRun, limits: Limits) {
        runs.append((run.last, run.entries.count, run.payloadBytes))
        slots += run.entries.count
        bytes += run.payloadBytes
        while slots > 2 * limits.pipelineSlots || bytes > 2 * limits.pipelineBytes,
            let first = runs.first, first.last < run.last
        {
            _ = runs.popFirst()
            slots -= first.slots
            bytes -= first.bytes
            base = first.last
        }
    }
}
