package import PaxosCore
internal import Platform

/// The snapshots of a node: files of its data directory, of which the newest two good ones are kept.
///
/// One is written at a time: under another name, flushed, read back, renamed, and the directory flushed, in this
/// order, so that a file with a snapshot's name is whole whatever was cut off (`R32`, `R42`). A name is believed
/// only behind a flush of the directory that this process has made, and only if the log leads on from there. The
/// acts on the files are in one order with `close()`, behind which there is none: the directory is another's then.
/// Blocking, but for `claim`, `unclaim` and `base(through:)`, which no flush holds up.
package final class SnapshotFolder: Sendable {
    private static let kept = 2

    let directory: String
    let cluster: ClusterID
    /// What has come of one that another member gives.
    package let begun: SnapshotName?
    /// Held for moments; never while `acts` is asked for.
    let state: Locked<State>
    /// Held while the disk is waited for.
    let acts = Locked(Acts())

    private init(
        _ directory: String,
        _ cluster: ClusterID,
        _ state: State,
        begun: SnapshotName?
    ) {
        self.directory = directory
        self.cluster = cluster
        self.state = Locked(state)
        self.begun = begun
    }

    /// Looks what there is, and removes what a crash has left of one. The caller holds the directory.
    ///
    /// What was renamed before a kill may be in memory only: it is flushed before it counts (`R88`).
    package static func open(
        _ directory: String,
        cluster: ClusterID,
        beside log: RecoveredState? = nil
    ) throws(LogOpenError) -> SnapshotFolder {
        var found: [Slot: Found] = [:]
        var begun: SnapshotName?
        do throws(PosixError) {
            let names = try FileSystem.listDirectory(directory)
            for name in names where SnapshotFormat.isUnfinished(name) {
                // It is never read: one that stays harms nobody.
                try? FileSystem.removeFile(directory + "/" + name)
            }
            let slots = names.compactMap(SnapshotFormat.slot(named:))
            for slot in slots {
                do throws(PosixError) {
                    try FileSystem.syncFile(SnapshotFormat.path(of: slot, in: directory))
                } catch {
                    found[slot] = .bad(SnapshotError(error))
                }
            }
            if !slots.isEmpty { try FileSystem.syncDirectory(directory) }
            for slot in slots where found[slot] == nil {
                found[slot] = look(at: slot, cluster, directory, log)
            }
            begun = sweepTaken(names, directory, cluster, beside: log, &found)
        } catch {
            throw LogOpenError(error)
        }
        return SnapshotFolder(
            directory,
            cluster,
            State(found: found, trimmed: log?.trimmed ?? .zero),
            begun: begun
        )
    }

    static func look(
        at slot: Slot,
        _ cluster: ClusterID,
        _ directory: String,
        _ log: RecoveredState?
    ) -> Found {
        do throws(SnapshotError) {
            let snapshot = try LogSnapshot(of: slot, cluster: cluster, in: directory)
            // Rows and promise were durable before it was begun.
            if let log, slot > log.last || snapshot.base.ballot > log.promised {
                throw .beyondLog(path: snapshot.path, slot: slot, last: log.last)
            }
            return .good(snapshot.base)
        } catch {
            return .bad(error)
        }
    }

    /// The slots of the snapshots in a directory, the newest first.
    package static func slots(in directory: String) throws(SnapshotError) -> [Slot] {
        do throws(PosixError) {
            let names = try FileSystem.listDirectory(directory)
            return names.compactMap(SnapshotFormat.slot(named:)).sorted(by: >)
        } catch {
            throw SnapshotError(error)
        }
    }

    // MARK: - Reading

    /// Opens those that are good, the newest first, and says why the others are not.
    package func open() throws(SnapshotError) -> (snapshots: [LogSnapshot], unread: [SnapshotError])
    {
        var snapshots: [LogSnapshot] = []
        var opened: Set<Slot> = []
        // One that is removed meanwhile has newer ones in its place.
        for _ in 0..<3 where snapshots.isEmpty {
            let good = try state.withLock { state throws(SnapshotError) in
                guard !state.isClosed else { throw .closed }
                return state.good.map(\.slot)
            }
            for slot in good where opened.insert(slot).inserted {
                do throws(SnapshotError) {
                    snapshots.append(
                        try LogSnapshot(of: slot, cluster: cluster, in: directory) { [weak self] in
                            self?.note($0, of: slot)
                        }
                    )
                } catch {
                    guard case .system(PosixError.missing, _, _) = error else {
                        // What is met once may be the system's passing trouble.
                        if error.isPassing { throw error }
                        note(error, of: slot)
                        continue
                    }
                }
            }
        }
        return (snapshots, state.withLock { $0.unread })
    }

    private func note(_ error: SnapshotError, of slot: Slot) {
        change { state in
            if case .good = state.found[slot] { state.found[slot] = .bad(error) }
        }
    }

    /// The newest good base that does not lie beyond a slot.
    package func base(through slot: Slot) -> Base? {
        state.withLock { $0.good.first { $0.slot <= slot } }
    }

    // MARK: - What is kept for them

    /// Tells somebody above which slot the log is kept for a snapshot, now and whenever that changes: before a
    /// snapshot is begun, and before one that was written counts. Within the lock: moments, and nothing of here.
    package func observe(_ observer: @escaping @Sendable (SnapshotHold) -> Void) {
        change { $0.observer = observer }
    }

    /// The host writes snapshots: until there is one, the log is kept whole for the first.
    package func awaitFirst() {
        change { $0.isAwaited = true }
    }

    /// The log is trimmed, durably: a snapshot below is none any more. It is removed with the next one.
    package func noteTrimmed(through slot: Slot) {
        change { state in
            state.trimmed = max(state.trimmed, slot)
            for (slot, found) in state.found where slot <= state.trimmed {
                if case .taken(let base) = found { state.found[slot] = .good(base) }
            }
        }
    }

    func change<Failure: Error>(
        _ body: (inout State) throws(Failure) -> Void
    ) throws(Failure) {
        try state.withLock { state throws(Failure) in
            defer { state.tell() }
            try body(&state)
        }
    }

    // MARK: - Writing

    /// Claims the right to write the next one.
    package func claim(_ slot: Slot) throws(SnapshotError) {
        try change { state throws(SnapshotError) in
            guard !state.isClosed else { throw .closed }
            guard state.claimed == nil else { throw .busy }
            let newest = state.good.first?.slot ?? .zero
            guard slot > newest else { throw .notNewer(than: newest) }
            // Another version's or cluster's file is not written over.
            if case .bad(let error) = state.found[slot], !error.isDamage { throw error }
            state.claimed = slot
        }
    }

    package func unclaim() { change { $0.claimed = nil } }

    /// One act of whoever is writing.
    func act(_ body: () throws(PosixError) -> Void) throws(SnapshotError) {
        try acts.withLock { acts throws(SnapshotError) in
            guard !acts.isClosed else { throw .closed }
            do throws(PosixError) {
                try body()
            } catch {
                throw SnapshotError(error)
            }
        }
    }

    /// Writes a snapshot whole, and removes those that are not kept any more. The caller has claimed it.
    ///
    /// - Parameter trimmed: How far the log is trimmed, or is about to be: if past the snapshot, it is none.
    package func write(
        _ base: Base,
        isCancelled: @escaping @Sendable () -> Bool,
        trimmed: () -> Slot,
        _ body: (inout LogSnapshot.Writer) throws -> Void
    ) throws -> LogSnapshot.Info {
        let part = SnapshotFormat.partPath(of: base.slot, in: directory)
        do {
            let bytes = try fill(part, base, isCancelled: isCancelled, body)
            try readBack(part, base.slot, isCancelled: isCancelled)
            let trimmed = trimmed()
            guard trimmed <= base.slot else { throw SnapshotError.trimmed(through: trimmed) }
            try finish(part, base)
            removeOld()
            return LogSnapshot.Info(slot: base.slot, bytes: bytes)
        } catch {
            abandon(part)
            throw error
        }
    }

    private func fill(
        _ part: String,
        _ base: Base,
        isCancelled: @escaping @Sendable () -> Bool,
        _ body: (inout LogSnapshot.Writer) throws -> Void
    ) throws -> UInt64 {
        let file = try makeFile(part)
        let head = SnapshotHead(
            cluster: cluster,
            base: base,
            chunkBytes: SnapshotFormat.chunkBytes
        )
        var writer = try LogSnapshot.Writer(self, file, head: head, isCancelled: isCancelled)
        try body(&writer)
        return try writer.finish()
    }

    /// Reads what was flushed, all of it, and from the disk where the system lets it: the log is trimmed for its
    /// sake, and rows that are gone nobody has again (`R42`).
    private func readBack(
        _ part: String,
        _ slot: Slot,
        isCancelled: @Sendable () -> Bool
    ) throws(SnapshotError) {
        let snapshot = try LogSnapshot(of: slot, cluster: cluster, at: part)
        snapshot.dropCached()
        try snapshot.verify { () throws(SnapshotError) in
            if isCancelled() { throw .cancelled }
            // Not when the directory was given back meanwhile.
            try act {}
        }
    }

    private func makeFile(_ part: String) throws(SnapshotError) -> NewFile {
        try acts.withLock { acts throws(SnapshotError) in
            guard !acts.isClosed else { throw .closed }
            do throws(PosixError) {
                // What an earlier one could not remove.
                try? FileSystem.removeFile(part)
                let file = try NewFile(path: part)
                acts.part = part
                return file
            } catch {
                throw SnapshotError(error)
            }
        }
    }

    /// Gives a file that is flushed its name, durably, or takes it away again: one act, so that a node that
    /// ends leaves no name of which nobody was told.
    private func finish(_ part: String, _ base: Base) throws(SnapshotError) {
        let path = SnapshotFormat.path(of: base.slot, in: directory)
        try acts.withLock { acts throws(SnapshotError) in
            guard !acts.isClosed else { throw .closed }
            do throws(PosixError) {
                try FileSystem.rename(part, to: path)
                acts.part = nil
                do throws(PosixError) {
                    try FileSystem.syncDirectory(directory)
                } catch {
                    // Whether it would be there after a power cut is not known: it is not counted on.
                    try? FileSystem.removeFile(path)
                    throw error
                }
            } catch {
                throw SnapshotError(error)
            }
            change { $0.found[base.slot] = .good(base) }
        }
    }

    /// Removes what is older than the second good one: another is there for the day on which the newest has
    /// rotted. And what the log was trimmed past. Not what is of another version or cluster. What cannot be
    /// removed now is the next one's.
    func removeOld() {
        let old = state.withLock { state -> [Slot] in
            let last = state.good.dropFirst(Self.kept - 1).first?.slot ?? .zero
            return state.found.keys.filter { slot in
                guard slot < max(last, state.trimmed), let found = state.found[slot] else {
                    return false
                }
                if case .bad(let error) = found { return error.isDamage }
                return true
            }
        }
        for slot in old {
            let path = SnapshotFormat.path(of: slot, in: directory)
            guard (try? act { () throws(PosixError) in try FileSystem.removeFile(path) }) != nil
            else { continue }
            change { $0.found[slot] = nil }
        }
    }

    private func abandon(_ part: String) {
        acts.withLock { acts in
            guard !acts.isClosed, acts.part == part else { return }
            acts.part = nil
            try? FileSystem.removeFile(part)
        }
    }

    /// Gives the directory back: nothing is done in it any more, and nothing is left of what was not
    /// finished.
    package func close() {
        state.withLock { $0.isClosed = true }
        acts.withLock { acts in
            guard !acts.isClosed else { return }
            acts.isClosed = true
            if let part = acts.part { try? FileSystem.removeFile(part) }
            // What has come of one stays, for the next process.
            acts.taking = nil
        }
    }
}

/// What the snapshots of a directory mean for a trim.
package struct SnapshotHold: Hashable, Sendable {
    /// Rows above are kept for one.
    package let keepsAbove: Slot
    /// The slot of the newest.
    package let newest: Slot?
}
