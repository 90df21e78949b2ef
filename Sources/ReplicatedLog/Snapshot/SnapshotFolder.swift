package import PaxosCore
internal import Platform

/// The snapshots of a node: files of its data directory, of which the newest two are kept.
///
/// One is written at a time: under another name, flushed, renamed, and the directory flushed, in this order, so that
/// a file with a snapshot's name is whole whatever was cut off (`R32`, `R42`). Every act on the files is under a
/// lock, and none comes after `close()`: the directory is another's then. Blocking: not for the
/// cooperative pool.
package final class SnapshotFolder: Sendable {
    private struct State {
        var isClosed = false
        var isBusy = false
        /// The one that is being written.
        var part: String?
        /// Of those that are kept, the newest first.
        var bases: [Base]
    }

    private static let kept = 2

    private let directory: String
    private let cluster: ClusterID
    private let state: Locked<State>

    private init(_ directory: String, _ cluster: ClusterID, _ bases: [Base]) {
        self.directory = directory
        self.cluster = cluster
        state = Locked(State(bases: bases))
    }

    /// Looks what there is, and removes what a crash has left of one. The caller holds the directory.
    static func open(
        _ directory: String,
        cluster: ClusterID
    ) throws(LogOpenError) -> SnapshotFolder {
        do throws(PosixError) {
            let names = try FileSystem.listDirectory(directory)
            for name in names where SnapshotFormat.isUnfinished(name) {
                try FileSystem.removeFile(directory + "/" + name)
            }
        } catch {
            throw LogOpenError(error)
        }
        let slots = (try? slots(in: directory)) ?? []
        // One that is damaged is told of when it is asked for.
        let bases = slots.prefix(kept).compactMap { slot in
            (try? Snapshot(of: slot, cluster: cluster, in: directory))?.base
        }
        return SnapshotFolder(directory, cluster, bases)
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

    /// Opens those that are there, the newest first, and says of the others what is wrong.
    func open() throws(SnapshotError) -> (snapshots: [Snapshot], damaged: [SnapshotError]) {
        var snapshots: [Snapshot] = []
        var damaged: [SnapshotError] = []
        for slot in try Self.slots(in: directory) {
            do throws(SnapshotError) {
                snapshots.append(try Snapshot(of: slot, cluster: cluster, in: directory))
            } catch {
                switch error {
                case .damaged: damaged.append(error)
                // Removed meanwhile: there is a newer one.
                case .system(PosixError.missing, _, _): break
                default: throw error
                }
            }
        }
        return (snapshots, damaged)
    }

    /// The newest base that does not lie beyond a slot.
    func base(through slot: Slot) -> Base? {
        state.withLock { $0.bases.first { $0.slot <= slot } }
    }

    // MARK: - Writing

    /// Claims the right to write the next one.
    func claim(_ slot: Slot) throws(SnapshotError) {
        try state.withLock { state throws(SnapshotError) in
            guard !state.isClosed else { throw .closed }
            guard !state.isBusy else { throw .busy }
            let newest = state.bases.first?.slot ?? .zero
            guard slot > newest else { throw .notNewer(than: newest) }
            state.isBusy = true
        }
    }

    func unclaim() { state.withLock { $0.isBusy = false } }

    /// One act of whoever is writing.
    func act(_ body: () throws(PosixError) -> Void) throws(SnapshotError) {
        try state.withLock { state throws(SnapshotError) in
            guard !state.isClosed else { throw .closed }
            do throws(PosixError) {
                try body()
            } catch {
                throw SnapshotError(error)
            }
        }
    }

    /// Writes a snapshot whole, and removes those that are not kept any more. The caller has claimed it.
    func write(
        _ base: Base,
        isCancelled: @escaping @Sendable () -> Bool,
        _ body: (inout SnapshotWriter) throws -> Void
    ) throws -> SnapshotInfo {
        let part = SnapshotFormat.partPath(of: base.slot, in: directory)
        do {
            let bytes = try fill(part, base, isCancelled: isCancelled, body)
            try finish(part, base)
            return SnapshotInfo(slot: base.slot, bytes: bytes)
        } catch {
            abandon(part)
            throw error
        }
    }

    private func fill(
        _ part: String,
        _ base: Base,
        isCancelled: @escaping @Sendable () -> Bool,
        _ body: (inout SnapshotWriter) throws -> Void
    ) throws -> UInt64 {
        let file = try makeFile(part)
        let head = SnapshotHead(
            cluster: cluster,
            base: base,
            chunkBytes: SnapshotFormat.chunkBytes
        )
        var writer = try SnapshotWriter(self, file, head: head, isCancelled: isCancelled)
        try body(&writer)
        return try writer.finish()
    }

    private func makeFile(_ part: String) throws(SnapshotError) -> NewFile {
        try state.withLock { state throws(SnapshotError) in
            guard !state.isClosed else { throw .closed }
            do throws(PosixError) {
                let file = try NewFile(path: part)
                state.part = part
                return file
            } catch {
                throw SnapshotError(error)
            }
        }
    }

    /// Gives a file that is flushed its name.
    private func finish(_ part: String, _ base: Base) throws(SnapshotError) {
        let path = SnapshotFormat.path(of: base.slot, in: directory)
        try act { () throws(PosixError) in try FileSystem.rename(part, to: path) }
        do throws(SnapshotError) {
            try act { () throws(PosixError) in try FileSystem.syncDirectory(directory) }
        } catch {
            // Whether it would be there after a power cut is not known: it is not counted on.
            try? act { () throws(PosixError) in try FileSystem.removeFile(path) }
            throw error
        }
        state.withLock { state in
            state.part = nil
            state.bases.insert(base, at: 0)
            state.bases = Array(state.bases.prefix(Self.kept))
        }
        removeOld()
    }

    /// What cannot be removed now is the next one's.
    private func removeOld() {
        let slots = (try? Self.slots(in: directory)) ?? []
        for slot in slots.dropFirst(Self.kept) {
            let path = SnapshotFormat.path(of: slot, in: directory)
            try? act { () throws(PosixError) in try FileSystem.removeFile(path) }
        }
    }

    private func abandon(_ part: String) {
        state.withLock { state in
            guard !state.isClosed, state.part == part else { return }
            state.part = nil
            try? FileSystem.removeFile(part)
        }
    }

    /// Gives the directory back: nothing is done in it any more, and nothing is left of what was not
    /// finished.
    func close() {
        state.withLock { state in
            guard !state.isClosed else { return }
            state.isClosed = true
            if let part = state.part { try? FileSystem.removeFile(part) }
        }
    }
}
