internal import LogWire
package import PaxosCore
internal import Platform

/// A snapshot that another member gives to this one: the same file, byte for byte.
///
/// What comes is written behind what has come, and flushed now and then. What a process finds of it is looked through,
/// chunk by chunk, and kept as far as nothing contradicts it; so it is used again wherever it broke. Once all of it is
/// here it is flushed, read back from the disk, and given its name; in this order, and before the base of it is
/// installed (`R42`). Until that is, no log leads on from it: it is marked as `taken`, and is none.
extension SnapshotFolder {
    /// The one that is coming.
    struct Taking {
        let name: SnapshotName
        let file: NewFile
        var bytes: UInt64
        var unflushed = 0
    }

    /// How much of a snapshot is here, of so many bytes. What was begun of another one is removed.
    package func take(_ name: SnapshotName, of bytes: UInt64) throws(SnapshotError) -> UInt64 {
        if let base = state.withLock({ $0.takenBase(of: name.slot) }),
            taken(name, behind: base) != nil
        {
            return bytes
        }
        try sweepTaking(but: name)
        let path = SnapshotFormat.takePath(of: name, in: directory)
        // Long, if there is much: nothing else waits for it.
        let isThere = try tell { () throws(PosixError) in try FileSystem.isThere(path) }
        let kept =
            isThere
            ? min(try SnapshotPrefix(at: path, of: name, cluster).kept, bytes) : 0
        return try acts.withLock { acts throws(SnapshotError) in
            guard !acts.isClosed else { throw .closed }
            acts.taking = nil
            do throws(PosixError) {
                let file =
                    isThere
                    ? try NewFile(resuming: path, keeping: Int64(kept)) : try NewFile(path: path)
                if !isThere { try FileSystem.syncDirectory(directory) }
                acts.taking = Taking(name: name, file: file, bytes: kept)
            } catch {
                throw SnapshotError(error)
            }
            return kept
        }
    }

    /// Writes what follows of the one that was begun.
    package func put(
        _ bytes: [UInt8],
        at offset: UInt64,
        of name: SnapshotName
    ) throws(SnapshotError) {
        try acts.withLock { acts throws(SnapshotError) in
            guard !acts.isClosed else { throw .closed }
            guard var taking = acts.taking, taking.name == name, taking.bytes == offset else {
                throw .ended
            }
            // Whatever fails: what is in the file is looked at before anything is put behind it.
            acts.taking = nil
            do throws(PosixError) {
                try taking.file.write(bytes)
                taking.bytes += UInt64(bytes.count)
                taking.unflushed += bytes.count
                if taking.unflushed >= LogSnapshot.Writer.flushBytes {
                    try taking.file.flush()
                    taking.unflushed = 0
                }
            } catch {
                throw SnapshotError(error)
            }
            // The last room is the log's: without it the member refuses appends.
            let left = (try? FileSystem.freeSpace(taking.file.path)) ?? .max
            if left < LogSnapshot.Writer.reserveBytes {
                throw .outOfSpace(path: taking.file.path)
            }
            acts.taking = taking
        }
    }

    /// Gives the one that has come its name, if it is what it is said to be; nothing is left of another.
    package func keep(_ name: SnapshotName, behind base: Base) throws(SnapshotError) {
        if let known = taken(name, behind: base) {
            do throws(SnapshotError) {
                return try verify(known, name, base)
            } catch {
                if error.isDamage { try sweepTaking(but: nil) }
                throw error
            }
        }
        try acts.withLock { acts throws(SnapshotError) in
            guard !acts.isClosed else { throw .closed }
            guard let taking = acts.taking, taking.name == name else { throw .ended }
            do throws(PosixError) {
                try taking.file.flush()
            } catch {
                throw SnapshotError(error)
            }
            acts.taking = nil
        }
        let path = SnapshotFormat.takePath(of: name, in: directory)
        do throws(SnapshotError) {
            try verify(LogSnapshot(of: name.slot, cluster: cluster, at: path), name, base)
        } catch {
            if error.isDamage { try cut(path, name) }
            throw error
        }
        try nameTaken(path, base)
        removeOld()
    }

    /// Keeps of a file that is not what it is said to be what is good of it: a bad part comes again. If all of it is, it
    /// is another one.
    private func cut(_ path: String, _ name: SnapshotName) throws(SnapshotError) {
        let prefix = try SnapshotPrefix(at: path, of: name, cluster)
        try act { () throws(PosixError) in
            guard prefix.good > 0, prefix.kept == prefix.good else {
                return try FileSystem.removeFile(path)
            }
            _ = try NewFile(resuming: path, keeping: Int64(prefix.good))
        }
    }

    /// The one that has its name already, and no base.
    private func taken(_ name: SnapshotName, behind base: Base) -> LogSnapshot? {
        guard state.withLock({ $0.takenBase(of: name.slot) }) == base else { return nil }
        let path = SnapshotFormat.path(of: name.slot, in: directory)
        let known = try? LogSnapshot(of: name.slot, cluster: cluster, at: path)
        return known?.name == name ? known : nil
    }

    private func verify(
        _ snapshot: LogSnapshot,
        _ name: SnapshotName,
        _ base: Base
    ) throws(SnapshotError) {
        guard snapshot.name == name, snapshot.base == base else {
            throw .damaged(path: snapshot.path, detail: "it is another snapshot")
        }
        snapshot.dropCached()
        try snapshot.verify { () throws(SnapshotError) in try act {} }
    }

    private func nameTaken(_ path: String, _ base: Base) throws(SnapshotError) {
        try acts.withLock { acts throws(SnapshotError) in
            guard !acts.isClosed else { throw .closed }
            do throws(PosixError) {
                // Without the mark a name beyond the log would tell of an older copy of that.
                let mark = SnapshotFormat.takenPath(of: base.slot, in: directory)
                if !FileSystem.exists(mark) { _ = try NewFile(path: mark) }
                try FileSystem.syncDirectory(directory)
                try FileSystem.rename(path, to: SnapshotFormat.path(of: base.slot, in: directory))
                try FileSystem.syncDirectory(directory)
            } catch {
                throw SnapshotError(error)
            }
            change { $0.found[base.slot] = .taken(base) }
        }
    }

    /// Removes what has come of others, and marks that nobody needs any more.
    private func sweepTaking(but name: SnapshotName?) throws(SnapshotError) {
        let old = state.withLock { state in
            state.found.compactMap { slot, found in
                if case .taken = found, slot != name?.slot { slot } else { nil }
            }
        }
        let good = state.withLock { state in state.good.map(\.slot) }
        try acts.withLock { acts throws(SnapshotError) in
            guard !acts.isClosed else { throw .closed }
            do throws(PosixError) {
                for found in try FileSystem.listDirectory(directory) {
                    let taking = SnapshotFormat.taking(found)
                    let mark = SnapshotFormat.taken(found)
                    let isOld =
                        (taking != nil && taking != name) || mark.map(good.contains) == true
                    if isOld { try FileSystem.removeFile(directory + "/" + found) }
                }
                for slot in old {
                    try FileSystem.removeFile(SnapshotFormat.path(of: slot, in: directory))
                    try FileSystem.removeFile(SnapshotFormat.takenPath(of: slot, in: directory))
                    change { $0.found[slot] = nil }
                }
            } catch {
                throw SnapshotError(error)
            }
        }
    }

    /// One act that tells something.
    private func tell<Value>(
        _ body: () throws(PosixError) -> Value
    ) throws(SnapshotError) -> Value {
        var value: Value?
        try act { () throws(PosixError) in value = try body() }
        guard let value else { throw .closed }
        return value
    }

    // MARK: - At an opening

    /// Whether the snapshot of a slot was given to this node: if it lies beyond the log, its base is still to come.
    package static func isTaken(_ slot: Slot, in directory: String) -> Bool {
        FileSystem.exists(SnapshotFormat.takenPath(of: slot, in: directory))
    }

    /// What a process before has left of those that others gave: one that has its name counts if the log leads on
    /// from it, and else waits for its base; of the unfinished ones the newest that is of any use is kept. Returns which
    /// one has come or begun to.
    static func sweepTaken(
        _ names: [String],
        _ directory: String,
        _ cluster: ClusterID,
        beside log: RecoveredState?,
        _ found: inout [Slot: Found]
    ) -> SnapshotName? {
        var begun: SnapshotName?
        for slot in names.compactMap(SnapshotFormat.taken) {
            let path = SnapshotFormat.path(of: slot, in: directory)
            if case .bad(.beyondLog)? = found[slot],
                let snapshot = try? LogSnapshot(of: slot, cluster: cluster, at: path)
            {
                found[slot] = .taken(snapshot.base)
                begun = snapshot.name
            } else {
                try? FileSystem.removeFile(SnapshotFormat.takenPath(of: slot, in: directory))
            }
        }
        let taking = names.compactMap(SnapshotFormat.taking).sorted { $0.slot < $1.slot }
        let useful = taking.last { $0.slot > log?.committed ?? .zero }
        for name in taking where name != useful || begun != nil {
            try? FileSystem.removeFile(SnapshotFormat.takePath(of: name, in: directory))
        }
        return begun ?? useful
    }
}

extension SnapshotFolder.State {
    /// Of the snapshot of a slot that was taken and not installed.
    func takenBase(of slot: Slot) -> Base? {
        if case .taken(let base) = found[slot] { base } else { nil }
    }
}
