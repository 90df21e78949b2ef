public import PaxosCore

/// What a store has done since it was opened, and what it has left. A snapshot: each value is exact, but
/// two may lie a commit apart.
public struct StoreCounters: Hashable, Sendable {
    /// Transactions that changed anything, the one of the opening not counted.
    public var commits: UInt64 = 0
    /// Waits for the disk for those: one each.
    public var flushes: UInt64 = 0
    /// Time in the commits, from the end of the rows to the return of the flush, the writing and the sealing of
    /// the pages included.
    public var flushTime = Duration.zero
    /// The same of the last commit.
    public var lastFlushTime = Duration.zero
    /// Accepted rows written, one written twice counted twice.
    public var rows: UInt64 = 0
    /// The payload bytes of those rows.
    public var payloadBytes: UInt64 = 0
    /// Bytes of pages that LMDB handed to the file: what the kernel counts as written by the store
    /// thread (`wchar` of its /proc entry), less the runway's zeros. Nil where the system has no such
    /// count.
    public var bytesWritten: UInt64?
    /// Zeros written ahead of the last page.
    public var runwayBytesWritten: UInt64 = 0
    /// Waits for the disk by which an idle store fills its runway; none while anything waits.
    public var runwayFlushes: UInt64 = 0
    /// Waits for the disk by which an idle or ending store marks that its last transaction is flushed.
    public var confirmingFlushes: UInt64 = 0
    /// Batches submitted.
    public var batches: UInt64 = 0
    /// The most batches that one transaction took.
    public var largestGroup: UInt64 = 0
    /// Batches that needed no write, among `batches`.
    public var unwritten: UInt64 = 0
    /// Payload bytes submitted and not yet taken by the store thread.
    public var queuedBytes = 0
    /// Bytes of the map in use, free pages not counted.
    public var mapUsedBytes = 0
    /// Bytes of the whole map.
    public var mapBytes = 0
    /// Zeros left beyond the last page.
    public var runwayBytes = 0
    /// Steps by which the file was extended.
    public var extensions: UInt64 = 0
    /// The number of the transaction that the opening undid, because the power had gone in its flush: nobody
    /// was told of it, unless its pages rotted within a second of it (docs/STORAGE.md, Confirmed). Nil if there
    /// was none.
    public var droppedTransaction: UInt64?
    /// New slots are refused for want of room.
    public var isFull = false
    /// Reads served.
    public var reads: UInt64 = 0
    /// Rows that were read.
    public var rowsRead: UInt64 = 0
    /// Reads that met a slot which is not what was written.
    public var unreadableReads: UInt64 = 0
    /// The lowest such slot that was not read whole since: its row is missing or damaged on this node's
    /// disk, or could not be read. The node goes on, and the slot is not served to anybody.
    public var unreadableSlot: Slot?

    package init() {}
}
