public import LogStorage
internal import Logging
internal import PaxosCore
internal import Platform

extension LogNode {
    /// Makes a backup of this node's log, while it goes on.
    ///
    /// ```swift
    /// try await node.barrier()                        // with everything that was acknowledged until now
    /// let backup = try await node.backup(to: "/backups/orders-2031-05-01")
    /// logger.info("kept through slot \(backup.committedSlot)")
    /// ```
    ///
    /// The backup is a directory with every entry that this node has delivered by now and not trimmed, and with the
    /// snapshots that are kept: enough for `restore(_:as:directory:)`. Its rows are read as a subscriber reads them,
    /// decided once more and written anew, packed: so what is damaged is found, and neither appends nor the
    /// trimming of this log wait for it. The tools read it as they do every directory. It **never opens as this node**:
    /// peers have met what it does not hold (`R37`).
    ///
    /// Returns once it is whole, flushed, read back and renamed into place. A page of rows is held meanwhile.
    /// Cancelling the task ends it at the next one.
    ///
    /// - Parameter destination: A directory, missing or empty.
    /// - Throws: `LogCopyError`. Nothing is left of the backup then.
    @discardableResult
    public func backup(to destination: String) async throws(LogCopyError) -> CopiedLog {
        // As for a read, what was committed when the node was opened is waited for.
        while tail.delivered < tail.recovered, tail.end == nil, !Task.isCancelled {
            await tail.wait(for: tail.recovered)
        }
        let flag = Flag()
        let result = await withTaskCancellationHandler {
            await offPool { [self] () throws(LogCopyError) in
                try copy(to: destination) { flag.isSet }
            }
        } onCancel: {
            flag.set()
        }
        let copied = try result.get()
        lines.add(
            .info,
            "backup made",
            ["directory": "\(destination)", "committed_slot": "\(copied.committedSlot)"]
        )
        return copied
    }

    /// Makes the data directory of a **new** cluster, of one member, from a backup or from the directory of a node
    /// that is stopped.
    ///
    /// ```swift
    /// let configuration = LogNode.Configuration(
    ///     cluster: try ClusterID("orders-2"), node: 1, membership: try Membership([1]))
    /// let found = try await LogNode.restore("/backups/orders-2031-05-01", as: configuration, directory: "data/n1")
    /// ```
    ///
    /// Entries keep their slots and tokens, snapshots what they hold. Cluster, incarnation and ballots are the new
    /// member's own: members of the old cluster refuse it and are refused. What lies above `committedSlot` may have
    /// been chosen there, and is proposed again when the member is run. Whatever the old cluster acknowledged
    /// that is not in the backup is lost to the new one, which cannot know of it.
    ///
    /// Returns once the directory is whole, flushed, read back and renamed into place; `open` it then.
    ///
    /// - Parameters:
    ///   - backup: Read, and not changed; no process may have it open.
    ///   - configuration: Must name another cluster and one member, and limits that are no lower than those the log
    ///     was made with.
    ///   - directory: Missing or empty.
    /// - Throws: `LogCopyError`. Nothing is left of the directory then.
    @discardableResult
    public static func restore(
        _ backup: String,
        as configuration: Configuration,
        directory: String
    ) async throws(LogCopyError) -> CopiedLog {
        guard configuration.membership == Membership(alone: configuration.node) else {
            throw .notAlone(configuration.membership)
        }
        let flag = Flag()
        let result = await withTaskCancellationHandler {
            await offPool { () throws(LogCopyError) in
                try LogCopy.restore(
                    backup,
                    as: configuration.cluster,
                    node: configuration.node,
                    limits: configuration.limits,
                    at: directory,
                    storage: configuration.storage,
                    isCancelled: { flag.isSet }
                )
            }
        } onCancel: {
            flag.set()
        }
        return try result.get()
    }

    // MARK: - On a thread of its own

    /// Begins anew if the log is trimmed past what is being read: behind the snapshots of then it leads on again.
    private func copy(
        to destination: String,
        isCancelled: @escaping @Sendable () -> Bool
    ) throws(LogCopyError) -> CopiedLog {
        var trimmed = Slot.zero
        for _ in 0..<3 {
            do throws(LogCopyError) {
                return try copyOnce(to: destination, isCancelled)
            } catch {
                guard case .trimmedMeanwhile(let slot) = error else { throw error }
                trimmed = slot
            }
        }
        throw .trimmedMeanwhile(through: trimmed)
    }

    private func copyOnce(
        to destination: String,
        _ isCancelled: @escaping @Sendable () -> Bool
    ) throws(LogCopyError) -> CopiedLog {
        let kept: [LogSnapshot]
        do throws(SnapshotError) {
            kept = try snapshots.open().snapshots
        } catch {
            throw error == .closed ? .closed : .snapshot(error)
        }
        if let end = tail.end {
            let failure = end == .storeFailed ? ending.failure : nil
            throw failure.map { .storeFailed($0) } ?? .closed
        }
        let committed = tail.delivered
        var copy = try store.beginBackup(
            through: committed,
            promised: driver.status.promised,
            at: destination,
            storage: configuration.storage,
            isCancelled: isCancelled
        )
        let first = copy.next
        guard kept.isEmpty || kept.contains(where: { $0.info.slot >= first.previous }) else {
            throw .trimmedMeanwhile(through: first.previous)
        }
        while copy.next <= committed {
            try copy.add(try rows(in: copy.next...committed))
        }
        return try copy.finish(kept)
    }

    /// Waits for the reader thread.
    private func rows(
        in slots: ClosedRange<Slot>
    ) throws(LogCopyError) -> [AcceptedEntry] {
        let parker = Parker()
        let answer = Locked<Result<RowPage, ReadFailure>?>(nil)
        store.read(slots, maxBytes: configuration.limits.pageBytes, withEffect: false) { result in
            answer.withLock { $0 = result }
            parker.unpark()
        }
        while true {
            if let result = answer.withLock({ $0 }) {
                let page: RowPage
                do throws(ReadFailure) {
                    page = try result.get()
                } catch {
                    throw LogCopyError(error)
                }
                guard page.rows.first?.slot == slots.lowerBound else {
                    throw .unreadable(slots.lowerBound)
                }
                return page.rows
            }
            parker.park()
        }
    }
}
