public import LogStorage
internal import Logging
public import PaxosCore
internal import Synchronization

extension LogNode {
    /// Writes a snapshot: the host's state after a slot, as a file of the data directory.
    ///
    /// ```swift
    /// let copy = balances                             // as of `slot`, while the host goes on
    /// try await node.writeSnapshot(through: slot) { writer in
    ///     for (name, balance) in copy.sorted() { try writer.write(…) }
    /// }
    /// ```
    ///
    /// The closure streams the state into the file, on a thread of its own; no more than a chunk of 256 KiB is held.
    /// With it goes what the node itself must know of the log up to the slot, to go on from there without it.
    /// For that the rows since the snapshot before are read again, a page at a time: the first snapshot of a
    /// long log reads all of it. When the call returns the file is flushed, was read back, and has its name,
    /// durably; after a crash it is whole or not there. The newest two are kept. One is written at a time.
    /// No trim goes past it meanwhile, unless told: then it ends with `SnapshotError.trimmed`.
    ///
    /// - Parameters:
    ///   - slot: What the host has applied: delivered by this node, beyond the newest snapshot, and not in
    ///     the middle of a batch.
    ///   - body: Writes the state.
    /// - Throws: `SnapshotError`, or what the closure throws. Nothing is left of the snapshot then.
    ///   Cancelling the task ends it at the next chunk.
    @discardableResult
    public func writeSnapshot(
        through slot: Slot,
        _ body: @escaping @Sendable (inout LogSnapshot.Writer) throws -> Void
    ) async throws -> LogSnapshot.Info {
        let snapshots = snapshots
        try snapshots.claim(slot)
        defer { snapshots.unclaim() }
        let base = try await base(through: slot)
        let flag = Flag()
        let (tail, driver) = (tail, driver)
        let info = try await withTaskCancellationHandler {
            try await offPool { () throws(any Error) in
                try snapshots.write(
                    base,
                    isCancelled: { flag.isSet },
                    trimmed: { max(tail.trimmed, driver.status.trimming) },
                    body
                )
            }.get()
        } onCancel: {
            flag.set()
        }
        lines.add(
            .info,
            "snapshot written",
            ["slot": "\(info.slot)", "bytes": "\(info.bytes)"]
        )
        return info
    }

    /// The newest snapshot that is whole as far as can be told without reading all of it; `nil` if there
    /// is none.
    ///
    /// ```swift
    /// if let snapshot = try await node.latestSnapshot {
    ///     balances = try await snapshot.read { reader in try Balances(restoring: &reader) }
    ///     next = snapshot.info.slot.next
    /// }
    /// ```
    ///
    /// One that is damaged, also one of which a damaged chunk was met, or that is of another version or
    /// cluster, is passed over for the one before, from which the log leads on as well; the log says so.
    /// One that the log was trimmed past is none.
    ///
    /// - Throws: `SnapshotError`: why, if there are some and none can be read.
    public var latestSnapshot: LogSnapshot? {
        get async throws(SnapshotError) { try await openSnapshots().first }
    }

    /// Its host writes snapshots: until there is one, nothing is trimmed that the first is to hold.
    package func awaitSnapshots() { snapshots.awaitFirst() }

    /// What the host wrote into a snapshot goes to the other members, as a digest, to be compared with what theirs have
    /// written at the same slot.
    ///
    /// - Parameter form: How it writes itself down: digests of different forms say nothing of each other.
    package func compare(_ snapshot: LogSnapshot, form: UInt64) async throws(SnapshotError) {
        let digest = try await offPool { () throws(SnapshotError) in
            try snapshot.stateDigest()
        }.get()
        inbox.note(StateMark(slot: snapshot.info.slot, form: form, digest: digest))
    }

    /// The same of the one that was written of a slot.
    package func compareSnapshot(of slot: Slot, form: UInt64) async throws(SnapshotError) {
        let snapshots = snapshots
        let digest = try await offPool { () throws(SnapshotError) in
            try snapshots.open().snapshots.first { $0.info.slot == slot }?.stateDigest()
        }.get()
        guard let digest else { return }
        inbox.note(StateMark(slot: slot, form: form, digest: digest))
    }

    /// Those that can be read, the newest first.
    package func openSnapshots() async throws(SnapshotError) -> [LogSnapshot] {
        let snapshots = snapshots
        let (found, unread) = try await offPool { () throws(SnapshotError) in
            try snapshots.open()
        }.get()
        for error in unread {
            let level: Logger.Level = if case .trimmed = error { .notice } else { .error }
            lines.add(level, "a snapshot is not read", ["what": "\(error)"])
        }
        if found.isEmpty, let first = unread.first { throw first }
        return found
    }

    /// What the log up to a delivered slot did, made of the newest snapshot before it, or of what is known of the
    /// trimmed slots, and the rows since.
    private func base(through slot: Slot) async throws(SnapshotError) -> Base {
        guard slot <= tail.delivered else { throw .notDelivered(through: tail.delivered) }
        var start = snapshots.base(through: slot) ?? .founding(configuration.membership)
        let kept = store.base
        if start.slot < kept.slot { start = kept }
        guard start.slot <= slot else { throw .trimmed(through: start.slot) }
        var replay = BaseReplay(from: start)
        while replay.decided < slot {
            if Task.isCancelled { throw .cancelled }
            // Delivered, so what decides it is committed: it may be the end of a batch that stands behind.
            let last = max(slot, replay.next)
            let page: [AcceptedEntry]
            do throws(SnapshotError) {
                page = try await rows(in: replay.next...last)
            } catch {
                guard case .trimmed = error else { throw error }
                // They went under the replay: what they did is said with it, and it goes on from there.
                let kept = store.base
                guard kept.slot <= slot else { throw error }
                if kept.slot >= replay.next { replay = BaseReplay(from: kept) }
                continue
            }
            for row in page {
                guard row.slot == replay.next else { throw .unreadable(replay.next) }
                replay.feed(row, towards: slot)
            }
        }
        guard replay.decided == slot else { throw .insideBatch(through: replay.decided) }
        return replay.base
    }

    /// A page of the rows of delivered slots, each of which has one.
    private func rows(in slots: ClosedRange<Slot>) async throws(SnapshotError) -> [AcceptedEntry] {
        let maxBytes = configuration.limits.pageBytes
        let result = await withUnsafeContinuation { continuation in
            store.read(slots, maxBytes: maxBytes, withEffect: false) { result in
                continuation.resume(returning: result)
            }
        }
        switch result {
        case .success(let page):
            guard page.rows.first?.slot == slots.lowerBound else {
                throw .unreadable(slots.lowerBound)
            }
            return page.rows
        case .failure(let failure): throw SnapshotError(failure)
        }
    }
}

/// Set once, from any thread.
final class Flag: Sendable {
    private let value = Atomic(false)

    var isSet: Bool { value.load(ordering: .relaxed) }

    func set() { value.store(true, ordering: .relaxed) }
}
