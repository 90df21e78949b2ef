/// What a store has done since it was opened, and what it has left. A snapshot: each value is exact, but
/// two may lie a commit apart.
package struct StoreCounters: Hashable, Sendable {
    /// Transactions with rows, the one of the opening not counted.
    package var commits: UInt64 = 0
    /// Waits for the disk: two a commit (`fdatasync`, and the meta page by `O_DSYNC`), and one for each
    /// step by which an idle store fills its runway.
    package var flushes: UInt64 = 0
    /// Time in those of the commits: from the end of the rows to the return of the commit, the
    /// writing of the pages included.
    package var flushNanoseconds: UInt64 = 0
    package var lastFlushNanoseconds: UInt64 = 0
    /// Accepted rows written, one written twice counted twice.
    package var rows: UInt64 = 0
    package var payloadBytes: UInt64 = 0
    /// Bytes of pages that LMDB handed to the file: what the kernel counts as written by the store
    /// thread (`wchar` of its /proc entry), less the runway's zeros. Nil where the system has no such
    /// count.
    package var bytesWritten: UInt64?
    /// Zeros written ahead of the last page.
    package var runwayBytesWritten: UInt64 = 0
    /// Batches submitted, and the most that one transaction took.
    package var batches: UInt64 = 0
    package var largestGroup: UInt64 = 0
    /// Batches that needed no write, among `batches`.
    package var unwritten: UInt64 = 0
    /// Payload bytes submitted and not yet taken by the store thread.
    package var queuedBytes = 0
    /// Bytes of the map in use, free pages not counted; and all of it.
    package var mapUsedBytes = 0
    package var mapBytes = 0
    /// Zeros left beyond the last page.
    package var runwayBytes = 0
    /// Steps by which the file was extended.
    package var extensions: UInt64 = 0
    package var isFull = false
    package var reads: UInt64 = 0
    package var rowsRead: UInt64 = 0

    package init() {}
}
