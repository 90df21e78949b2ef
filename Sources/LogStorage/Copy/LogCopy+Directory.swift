package import LogWire
package import PaxosCore

extension LogCopy {
    /// Makes a backup of the log in a directory, at rest or held by another process, which goes on meanwhile.
    ///
    /// Beside a live node the state of its last commit is held for as long as the copy takes: the node's file grows
    /// by what is written until then.
    package static func backUp(
        _ directory: String,
        to destination: String,
        storage: StorageOptions = StorageOptions(),
        isCancelled: @escaping @Sendable () -> Bool = { false }
    ) throws(LogCopyError) -> CopiedLog {
        func copy(
            _ reader: borrowing DirectoryReader,
            _ snapshots: [LogSnapshot]
        ) throws(LogCopyError) -> CopiedLog {
            let state = try reader.copied()
            var copy = try LogCopy(
                of: state,
                committed: state.committed,
                as: reader.identity.ofBackup,
                at: destination,
                storage: storage,
                isCancelled: isCancelled
            )
            try copy.fill(from: reader, state)
            return try copy.finish(snapshots)
        }
        if let reader = try atRest(directory, orHeld: true) {
            return try copy(reader, reader.snapshots)
        }
        return try besideWriter(of: directory, storage.mapSize, copy)
    }

    /// Makes the directory of a new cluster's only member of a backup, or of a directory at rest.
    ///
    /// Every row is kept: those above the commit watermark may have been chosen, and the new member proposes them
    /// again. It is another log: cluster, incarnation and ballots are its own, and its boots begin behind those
    /// of every append that the log holds.
    package static func restore(
        _ backup: String,
        as cluster: ClusterID,
        node: NodeID? = nil,
        limits: Limits? = nil,
        at directory: String,
        storage: StorageOptions = StorageOptions(),
        isCancelled: @escaping @Sendable () -> Bool = { false }
    ) throws(LogCopyError) -> CopiedLog {
        guard let reader = try atRest(backup, orHeld: false) else {
            throw .source(.directoryInUse(path: backup))
        }
        guard reader.identity.cluster != cluster else { throw .sameCluster(cluster) }
        let node = node ?? reader.identity.node
        let state = try reader.copied()
        var copy = try LogCopy(
            of: state,
            committed: state.committed,
            as: .founding(
                cluster,
                node,
                Membership(alone: node),
                try shape(limits, for: reader.identity.shape)
            ),
            at: directory,
            storage: storage,
            isCancelled: isCancelled
        )
        try copy.fill(from: reader, state)
        return try copy.finish(reader.snapshots)
    }

    /// What was made within a limit stays within a higher one.
    private static func shape(
        _ limits: Limits?,
        for made: Shape
    ) throws(LogCopyError) -> Shape {
        guard let limits else { return made }
        do throws(InvalidLimits) {
            _ = try limits.validated()
        } catch {
            throw .invalidLimits(error)
        }
        for (found, wanted) in zip(made.fields, limits.shape.fields)
        where wanted.value < found.value {
            throw .lowerLimit(name: found.name, found: found.value, configured: wanted.value)
        }
        return limits.shape
    }

    // MARK: - Reading

    private static func atRest(
        _ directory: String,
        orHeld isHeldToo: Bool
    ) throws(LogCopyError) -> DirectoryReader? {
        do throws(LogOpenError) {
            return try DirectoryReader(at: directory)
        } catch {
            if isHeldToo, case .directoryInUse = error { return nil }
            throw .source(error)
        }
    }

    /// The snapshots are opened first: the log that is looked at behind them leads on from the older one at least,
    /// unless both have gone and it was trimmed past them meanwhile.
    private static func besideWriter(
        of directory: String,
        _ mapSize: Int,
        _ copy: (borrowing DirectoryReader, [LogSnapshot]) throws(LogCopyError) -> CopiedLog
    ) throws(LogCopyError) -> CopiedLog {
        var trimmed = Slot.zero
        for _ in 0..<3 {
            let snapshots = try beside(directory, mapSize) { $0.snapshots }
            let copied = try beside(directory, mapSize) {
                (reader) throws(LogCopyError) -> CopiedLog? in
                trimmed = try reader.copied().trimmed
                let isLed = snapshots.isEmpty || snapshots.contains { $0.info.slot >= trimmed }
                return isLed ? try copy(reader, snapshots) : nil
            }
            if let copied { return copied }
        }
        throw .trimmedMeanwhile(through: trimmed)
    }

    private static func beside<Value>(
        _ directory: String,
        _ mapSize: Int,
        _ body: (borrowing DirectoryReader) throws(LogCopyError) -> Value
    ) throws(LogCopyError) -> Value {
        let result: Result<Value, LogCopyError>
        do throws(LogOpenError) {
            result = try DirectoryReader.besideWriter(at: directory, mapSize: mapSize, body)
        } catch {
            throw .source(error)
        }
        return try result.get()
    }

    /// Some megabytes a transaction.
    private static let pageBytes = 4 << 20

    private mutating func fill(
        from reader: borrowing DirectoryReader,
        _ state: RecoveredState
    ) throws(LogCopyError) {
        var rows = state.base.slot.count(after: state.trimmed)
        while true {
            let page = try reader.page(from: next, maxBytes: Self.pageBytes)
            guard !page.isEmpty else { break }
            rows += page.count
            try add(page)
        }
        // A leaf that has lost its last write is as sound as it was before.
        guard try rows == reader.rowCount(above: state.trimmed) else { throw .unreadable(next) }
    }
}

extension DirectoryReader {
    /// What is copied, and the rows that go with it.
    fileprivate borrowing func copied() throws(LogCopyError) -> RecoveredState {
        do throws(LogOpenError) {
            return try state()
        } catch {
            throw .source(error)
        }
    }

    /// Those that can be read.
    fileprivate var snapshots: [LogSnapshot] {
        let slots = (try? SnapshotFolder.slots(in: path)) ?? []
        return slots.compactMap { try? LogSnapshot(of: $0, cluster: identity.cluster, in: path) }
    }

    /// How many of the rows that the table counts lie above the trim point.
    fileprivate borrowing func rowCount(above trimmed: Slot) throws(LogCopyError) -> Int {
        do throws(LogOpenError) {
            return try usage().rows - leftBehind(trimmed)
        } catch {
            throw .source(error)
        }
    }

    /// Rows from a slot on, bounded in bytes; none at the end of the log.
    fileprivate borrowing func page(
        from slot: Slot,
        maxBytes: Int
    ) throws(LogCopyError) -> [AcceptedEntry] {
        var rows: [AcceptedEntry] = []
        var bytes = 0
        var unreadable: Slot?
        do throws(LogOpenError) {
            try scanRows(
                in: slot ... .limit,
                damaged: { _ in unreadable = rows.last?.slot.next ?? slot }
            ) { row in
                switch row {
                case .unreadable(let slot):
                    unreadable = slot
                    return false
                case .row(let row, let length):
                    rows.append(row)
                    bytes += length
                    return bytes < maxBytes
                }
            }
        } catch {
            throw .source(error)
        }
        if let unreadable { throw .unreadable(unreadable) }
        return rows
    }
}

extension DirectoryIdentity {
    /// The same, but for what keeps it from being opened.
    package var ofBackup: DirectoryIdentity {
        DirectoryIdentity(
            formatVersion: formatVersion,
            cluster: cluster,
            node: node,
            incarnation: incarnation,
            membership: membership,
            shape: shape,
            writeOffset: writeOffset,
            secret: secret,
            isBackup: true
        )
    }
}
