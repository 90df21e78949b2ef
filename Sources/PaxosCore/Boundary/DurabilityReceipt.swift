/// Proof that the flush covering a `WriteBatch` has returned.
///
/// Made by `WriteBatch.markedDurable()` alone and consumed by `NodeCore.release(_:)` alone.
package struct DurabilityReceipt: ~Copyable {
    /// Every write up to here is durable.
    package private(set) var through: WriteID
    /// The number of the transaction that it covers last.
    private(set) var written: WriteNumber
    private(set) var promised: Ballot?
    /// The watermark and the trim point that the flush covered.
    private(set) var committed: Slot?
    private(set) var trimmed: Slot?
    /// The slot of the base that the flush covered.
    private(set) var installed: Slot?
    /// How many runs of entries the flush covered.
    private(set) var runs: Int
    private(set) var peers: [PeerRecord]
    /// The slot of the checkpoint that the flush covered.
    private(set) var checkpointed: Slot?
    /// What the log took on the disk then.
    private(set) var liveBytes: Int?
    private(set) var testimony: [Testimony]

    init(
        through: WriteID,
        written: WriteNumber,
        promised: Ballot?,
        committed: Slot?,
        trimmed: Slot?,
        installed: Slot?,
        runs: Int,
        peers: [PeerRecord],
        checkpointed: Slot?,
        liveBytes: Int?,
        testimony: [Testimony]
    ) {
        self.through = through
        self.written = written
        self.promised = promised
        self.committed = committed
        self.trimmed = trimmed
        self.installed = installed
        self.runs = runs
        self.peers = peers
        self.checkpointed = checkpointed
        self.liveBytes = liveBytes
        self.testimony = testimony
    }

    /// Joins the receipt of a later write.
    package mutating func merge(_ later: consuming DurabilityReceipt) {
        precondition(later.through > through, "receipts come in the order of their writes")
        through = later.through
        written = max(written, later.written)
        promised = later.promised ?? promised
        committed = later.committed ?? committed
        trimmed = later.trimmed ?? trimmed
        installed = later.installed ?? installed
        runs += later.runs
        peers.append(contentsOf: later.peers)
        checkpointed = later.checkpointed ?? checkpointed
        liveBytes = later.liveBytes ?? liveBytes
        testimony.append(contentsOf: later.testimony)
    }
}
