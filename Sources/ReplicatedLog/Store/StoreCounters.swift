/// What a store has done since it was opened, and what it has left. A snapshot: each value is exact, but
/// two may lie a commit apart.
public struct StoreCounters: Hashable, Sendable {
    /// Transactions with rows, the one of the opening not counted.
    public var commits: UInt64 = 0
    /// Waits for the disk: two a commit (`fdatasync`, and the meta page by `O_DSYNC`), and one for each
    /// step by which an idle store fills its runway.
    public var flushes: UInt64 = 0
    /// Time in those of the commits: from the end of the rows to the return of the commit, the
    /// writing of the pages included.
    public var flushNanoseconds: UInt64 = 0
    public var lastFlushNanoseconds: UInt64 = 0
    /// Accepted rows written, one written twice counted twice.
    public var rows: UInt64 = 0
    public var payloadBytes: UInt64 = 0
    /// Bytes of pages that LMDB handed to the file: what the kernel counts as written by the store
    /// thread (`wchar` of its /proc entry), less the runway's zeros. Nil where the system has no such
    /// count.
    public var bytesWritten: UInt64?
    /// Zeros written ahead of the last page.
    public var runwayBytesWritten: UInt64 = 0
    /// Batches submitted, and the most that one transaction took.
    public var batches: UInt64 = 0
    public var largestGroup: UInt64 = 0
    /// Batches that needed no write, among `batches`.
    public var unwritten: UInt64 = 0
    /// Payload bytes submitted and not yet taken by the store thread.
    public var queuedBytes = 0
    /// Bytes of the map in use, free pages not counted; and all of it.
    public var mapUsedBytes = 0
    public var mapBytes = 0
    /// Zeros left beyond the last page.
    public var runwayBytes = 0
    /// Steps by which the file was extended.
    public var extensions: UInt64 = 0
    public var isFull = false
    public var reads: UInt64 = 0
    public var rowsRead: UInt64 = 0

    package init() {}
}
