internal import LogWire
internal import PaxosCore
internal import Platform

/// Reads back what was written of a copy, all of it, before it has its name.
struct CopyReading {
    let directory: String

    func read(
        expecting state: RecoveredState,
        last: Slot,
        _ isCancelled: @Sendable () -> Bool
    ) throws(LogCopyError) {
        do throws(PosixError) {
            // From the disk, where the system lets it.
            try ReadOnlyFile(path: Schema.dataPath(in: directory)).dropCached()
        } catch {
            throw .destination(LogCreateError(error))
        }
        var next = state.trimmed.next
        var unreadable: Slot?
        var wasCancelled = false
        do throws(LogOpenError) {
            let reader = try DirectoryReader(at: directory)
            let found = try reader.state()
            guard found.committed == state.committed, found.checkpoint == state.checkpoint else {
                throw .corrupt(path: directory, detail: "what was written is not what is read")
            }
            try reader.scanRows(damaged: { _ in unreadable = unreadable ?? next }) { row in
                guard case .row(let row, _) = row, !isCancelled() else {
                    wasCancelled = isCancelled()
                    unreadable = next
                    return false
                }
                next = row.slot.next
                return true
            }
            _ = try reader.scanIneffective(trimmed: state.trimmed) { _ in
                unreadable = unreadable ?? state.committed
            }
        } catch {
            throw .source(error)
        }
        if wasCancelled { throw .cancelled }
        guard unreadable == nil, next == last.next else { throw .unreadable(unreadable ?? next) }
    }
}

/// The snapshots of a copy, written as a node writes its own.
struct SnapshotCopies {
    let identity: DirectoryIdentity
    let directory: String

    /// The oldest first.
    func write(
        _ snapshots: [LogSnapshot],
        _ isCancelled: @escaping @Sendable () -> Bool
    ) throws(LogCopyError) {
        guard !snapshots.isEmpty else { return }
        do {
            let folder = try SnapshotFolder.open(directory, cluster: identity.cluster)
            defer { folder.close() }
            for snapshot in snapshots {
                try folder.claim(snapshot.info.slot)
                defer { folder.unclaim() }
                let base =
                    identity.isBackup ? snapshot.base : snapshot.base.restored(as: identity)
                _ = try folder.write(base, isCancelled: isCancelled, trimmed: { .zero }) { writer in
                    for number in 0..<snapshot.chunks {
                        try writer.write(snapshot.chunk(number))
                    }
                }
            }
        } catch let error as SnapshotError {
            throw error == .cancelled ? .cancelled : .snapshot(error)
        } catch let error as LogOpenError {
            throw .source(error)
        } catch {
            preconditionFailure("a snapshot's own errors alone come out of its writing: \(error)")
        }
    }
}
