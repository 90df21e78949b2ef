package import PaxosCore

/// A disk and the transactions on their way to it, with the semantics of `LogStore`.
///
///     submit --> waiting --beginFlush--> flushing --endFlush--> disk, and one receipt
///
/// Batches keep their order. Those that wait together may be merged into one transaction or committed
/// one by one under one flush. A crash, or a failure, leaves any prefix of the transactions that have no
/// receipt, each whole.
package final class SimulatedStore {
    package private(set) var disk: SimulatedDisk
    /// Beside it.
    var folder = SimulatedFolder()
    private var waiting: [Held] = []
    private var flushing: [Held] = []
    private let mutant: Mutant?
    /// Receipted and not written yet, in mutants that say so too early.
    private var late: [WriteRows] = []
    /// What the last process wrote and did not see durable.
    private var lost: [WriteRows] = []
    private var openings: UInt64 = 0
    /// Of every directory that was here, by one count of writes, for the mutant that forges them.
    private var history: [Opening] = []
    /// A receipt was given for the row that says that this directory is an old copy.
    private var isLatched = false
    /// That row was lost.
    package private(set) var hasForgottenLatch = false
    /// Whom to tell of every row that becomes durable; `nil` if nobody may count this directory.
    var ledger: Ledger?
    let node: NodeID
    /// Set by a failed write or flush: nothing is receipted any more until the directory is reopened.
    package private(set) var hasFailed = false
    private var isSealed = false

    private final class Held {
        var batch: WriteBatch?
        var rows: WriteRows

        init(_ batch: consuming WriteBatch) {
            rows = batch.rows
            self.batch = consume batch
        }
    }

    package init(node: NodeID, disk: SimulatedDisk, mutant: Mutant? = nil) {
        self.node = node
        self.disk = disk
        self.mutant = mutant
    }

    package var isIdle: Bool { flushing.isEmpty && waiting.isEmpty }
    package var isFlushing: Bool { !flushing.isEmpty }
    /// Transactions without a receipt.
    package var unreceipted: Int { flushing.count + waiting.count }
    /// Those that readers see already.
    package var visible: [WriteRows] { late + flushing.map(\.rows) }

    /// Reopens the directory after everything in flight was settled by `crash`.
    package func open(
        cluster: ClusterID,
        membership: Membership,
        nonce: Nonce
    ) -> RecoveredState? {
        hasFailed = false
        isSealed = false
        openings += 1
        folder.noteTrimmed(through: disk.trimmed)
        var recovered = disk.open(
            cluster: cluster,
            node: node,
            membership: membership,
            nonce: nonce
        )
        recovered?.begun = folder.begun
        guard let recovered else { return nil }
        hasForgottenLatch = isLatched && recovered.rolledBack == nil
        history.append(
            Opening(
                process: ProcessID(boot: Boot(openings), nonce: nonce),
                write: WriteNumber(openings << 32)
            )
        )
        guard let mutant else { return recovered }
        return mutant.alter(recovered, history: history, unsynced: lost)
    }

    /// Puts another directory in the place of this one.
    package func replace(disk: SimulatedDisk) {
        self.disk = disk
        folder = SimulatedFolder()
        isLatched = false
        lost = []
    }

    package func rewrite(isCounted: Bool) {
        disk.rewrite(isCounted: isCounted)
    }

    package func rot(_ slot: Slot) {
        disk.rot(slot)
    }

    package func submit(_ batch: consuming WriteBatch) throws(Violation) {
        let rows = batch.rows
        if hasFailed {
            batch.abandon()
            return
        }
        let sealed = isSealed
        let id = batch.id
        waiting.append(Held(batch))
        try demand(!sealed, .store, "\(id) follows the last batch")
        isSealed = rows.isFinal
    }

    /// Commits the first `count` batches and starts the flush that covers them.
    package func beginFlush(count: Int, merging: Bool) {
        guard flushing.isEmpty else { return }
        for _ in 0..<min(count, waiting.count) { flushing.append(waiting.removeFirst()) }
        guard merging, flushing.count > 1, var group = flushing[0].batch.take() else { return }
        for held in flushing.dropFirst() {
            if let later = held.batch.take() { group.merge(later) }
        }
        flushing = [Held(group)]
    }

    /// The flush has returned.
    package func endFlush() throws(Violation) -> DurabilityReceipt? {
        guard !flushing.isEmpty else { return nil }
        let group = flushing
        flushing = []
        var receipt: DurabilityReceipt?
        // A batch without rows makes no transaction of a real store; here a number is used up for it.
        var number = disk.writes + UInt64(late.count)
        for held in group {
            number += 1
            if held.rows.rolledBack != nil { isLatched = true }
            guard let batch = held.batch.take() else { continue }
            // As if entries were large: so a policy has some go that are not many.
            let rows = disk.committed.count(after: disk.trimmed)
            let next = batch.markedDurable(written: WriteNumber(number), liveBytes: rows << 17)
            if var earlier = receipt.take() {
                earlier.merge(next)
                receipt = consume earlier
            } else {
                receipt = consume next
            }
        }
        for rows in late { try apply(rows) }
        late = []
        guard let mutant else {
            for held in group { try apply(held.rows) }
            return receipt
        }
        if mutant == .replyBeforeFlush {
            late = group.map(\.rows)
            return receipt
        }
        for held in group {
            let transactions = mutant.split(held.rows)
            for rows in late { try apply(rows) }
            try apply(transactions[0])
            late = Array(transactions.dropFirst())
        }
        return receipt
    }

    /// The power goes or the process ends: of what has no receipt, the first `count` survive.
    package func crash(keeping count: Int) throws(Violation) {
        let unfinished = flushing + waiting
        folder.crash()
        late = []
        flushing = []
        waiting = []
        for held in unfinished {
            if let batch = held.batch.take() { batch.abandon() }
        }
        for held in unfinished.prefix(count) {
            for rows in mutant?.split(held.rows).prefix(1) ?? [held.rows] { try apply(rows) }
        }
        lost = unfinished.dropFirst(count).map(\.rows)
    }

    /// A write or a flush has failed: a prefix of what is in flight reaches the disk, and nothing after it.
    package func fail(keeping count: Int) throws(Violation) {
        try crash(keeping: count)
        hasFailed = true
    }

    private func apply(_ rows: WriteRows) throws(Violation) {
        try disk.apply(rows)
        guard let ledger else { return }
        if let base = rows.base { try ledger.check(base, by: node) }
        for accepted in rows.accepted { try ledger.record(accepted, by: node) }
        if let committed = rows.committed { try ledger.check(watermark: committed, of: disk, node) }
    }

    deinit {
        for held in flushing + waiting {
            if let batch = held.batch.take() { batch.abandon() }
        }
    }
}
