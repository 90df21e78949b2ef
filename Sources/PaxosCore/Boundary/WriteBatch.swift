/// The rows of a write together with the testimony that depends on them (etcd-io/raft carries messages
/// inside the write they need in the same way).
///
///     step --> WriteBatch --submit--> store --flush returned--> markedDurable() --> DurabilityReceipt
///                                                                                        |
///     transport <-- Output.messages <-- NodeCore.step <-- release(_:) <------------------+
///
/// The testimony cannot be read out of a batch; only the receipt of the flush gives it out, and a
/// receipt is consumed by being released. A message that leaves early, or twice, does not compile
/// (`R1`, `R28`).
package struct WriteBatch: ~Copyable {
    /// The newest write merged into this batch.
    package private(set) var id: WriteID
    /// What the store writes, in one transaction.
    package private(set) var rows: WriteRows
    private var testimony: [Testimony]
    private var isAccountedFor = false

    /// How many messages its receipt will give out.
    package var releases: Int { testimony.count }

    init(id: WriteID, rows: WriteRows, testimony: [Testimony]) {
        self.id = id
        self.rows = rows
        self.testimony = testimony
    }

    /// A batch that speaks for nobody: rows to be written, for those who look at a store alone.
    package init(number: UInt64, rows: WriteRows) {
        self.init(id: WriteID(number), rows: rows, testimony: [])
    }

    /// Joins a batch submitted later: one transaction, one flush, all the testimony of both.
    package mutating func merge(_ later: consuming WriteBatch) {
        precondition(later.id > id, "batches are merged in the order of their submission")
        id = later.id
        rows.merge(later.rows)
        testimony.append(contentsOf: later.testimony)
        later.isAccountedFor = true
    }

    /// The flush that covers every row of this batch has returned. Called by a store, at one place,
    /// after the flush.
    ///
    /// - Parameters:
    ///   - written: The number of the newest transaction that is durable by now.
    ///   - trimmed: How far the log is trimmed by now, if that is less than the batch asked for.
    ///   - liveBytes: What the log takes on the disk by now, if the store can tell.
    package consuming func markedDurable(
        written: WriteNumber,
        trimmed: Slot? = nil,
        liveBytes: Int? = nil
    ) -> DurabilityReceipt {
        isAccountedFor = true
        return DurabilityReceipt(
            through: id,
            written: written,
            promised: rows.promised,
            // What needs no flush may be in memory still.
            committed: rows.needsFlush ? rows.committed : nil,
            trimmed: (rows.base?.slot ?? rows.trimmed).map { trimmed ?? $0 },
            installed: rows.base?.slot,
            runs: rows.accepted.count,
            peers: rows.peers,
            checkpointed: rows.checkpoint?.slot,
            liveBytes: liveBytes,
            testimony: testimony
        )
    }

    /// The batch will never be durable: the store has failed. Its testimony is never spoken.
    package consuming func abandon() {
        isAccountedFor = true
    }

    deinit {
        precondition(isAccountedFor, "a write batch was neither made durable nor abandoned")
    }
}

/// The number of a write: the order of submission is the order of durability.
package struct WriteID: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let rawValue: UInt64

    init(_ rawValue: UInt64) {
        self.rawValue = rawValue
    }

    package static func < (left: WriteID, right: WriteID) -> Bool { left.rawValue < right.rawValue }

    package var description: String { "w\(rawValue)" }
}

/// Entries accepted for adjoining slots under one ballot.
package struct AcceptedRun: Hashable, Sendable {
    package let ballot: Ballot
    package let run: EntryRun
    /// The run was fetched from a member that knew it chosen.
    package let isChosen: Bool

    package init(ballot: Ballot, run: EntryRun, isChosen: Bool = false) {
        self.ballot = ballot
        self.run = run
        self.isChosen = isChosen
    }

    /// A run of one row.
    init(_ row: AcceptedEntry, isChosen: Bool? = nil) {
        ballot = row.ballot
        run = EntryRun(first: row.slot, entries: [row.entry])
        self.isChosen = isChosen ?? row.isChosen
    }

    /// The entry of a slot of the run.
    func entry(of slot: Slot) -> Entry {
        run.entries[Int(slot.rawValue - run.first.rawValue)]
    }

    /// The row of a slot of the run.
    func row(of slot: Slot) -> AcceptedEntry {
        AcceptedEntry(slot: slot, ballot: ballot, entry: entry(of: slot), isChosen: isChosen)
    }
}

/// What one transaction changes. Fields that are `nil` stay as they are on disk.
package struct WriteRows: Hashable, Sendable {
    /// Runs in the order in which they were accepted: a later one replaces an earlier one's slots.
    package var accepted: [AcceptedRun] = []
    package var promised: Ballot?
    package var lastRound: UInt64?
    /// The commit watermark; never ahead of the rows on disk and in this batch (`R41`).
    package var committed: Slot?
    package var checkpoint: Checkpoint?
    /// Rows up to here are deleted, or as many of them as the store takes at once; all of them were durable
    /// before. Never above the watermark or the checkpoint, on disk or in this batch
    /// (`R78`).
    package var trimmed: Slot?
    /// How far the store may go beyond that, if it has no room for the rest.
    package var trimmable: Slot?
    /// The log begins behind this from now on, whatever stood here up to its slot: rows up to there are not read any
    /// more, and deleted, a bounded part with this and each later transaction. The watermark, the checkpoint and
    /// a promise that are not below it are in this batch (`R44`). It covers a trim in the same transaction.
    package var base: Base?
    /// The cursors of this node: all of them, in the order of their names.
    package var cursors: [CursorRecord]?
    /// What is known of peers: each replaces the record of its node.
    package var peers: [PeerRecord] = []
    /// Openings below this boot need not be kept: every peer holds a later one durably.
    package var prunesBelow: Boot?
    /// The directory was found to be an old copy, for good.
    package var rolledBack: RolledBack?
    /// Committed commands without effect, found since the last write.
    package var ineffective: [Slot] = []
    /// Write even if nothing but the watermark changed: orderly shutdown.
    package var isFinal = false

    package init() {}

    /// The watermark alone is not worth a flush: it rides on a batch that goes to disk anyway.
    package var needsFlush: Bool {
        !accepted.isEmpty || promised != nil || lastRound != nil || checkpoint != nil
            || trimmed != nil || base != nil || !peers.isEmpty || rolledBack != nil || isFinal
            || cursors != nil
    }

    mutating func merge(_ later: WriteRows) {
        accepted.append(contentsOf: later.accepted)
        promised = later.promised ?? promised
        lastRound = later.lastRound ?? lastRound
        committed = later.committed ?? committed
        checkpoint = later.checkpoint ?? checkpoint
        trimmed = later.trimmed ?? trimmed
        trimmable = later.trimmable ?? trimmable
        base = later.base ?? base
        cursors = later.cursors ?? cursors
        // A disk without room holds them back for as long as it likes.
        peers.removeAll { record in later.peers.contains { $0.node == record.node } }
        peers.append(contentsOf: later.peers)
        prunesBelow = later.prunesBelow ?? prunesBelow
        rolledBack = rolledBack ?? later.rolledBack
        ineffective.append(contentsOf: later.ineffective)
        isFinal = isFinal || later.isFinal
    }
}
