internal import LMDB
internal import LogWire
internal import PaxosCore
internal import Platform

/// A log that was opened, and counted: nothing of it is in doubt any more.
struct OpenedLog: ~Copyable {
    let identity: DirectoryIdentity
    let state: RecoveredState
    /// What its one writer goes on with, and its one reader.
    let writer: LogWriter
    let slot: ReadSlot
    let file: PageFile
    let recovery: Recovery
}

/// The opening of a data directory, step by step (docs/STORAGE.md, Opening). Blocking.
struct LogOpening {
    let directory: LogDirectory
    let storage: StorageOptions
    let limits: Limits

    /// Whose the directory has to be.
    typealias Owner = (cluster: ClusterID, node: NodeID, membership: Membership)

    /// Each step may refuse, and nothing is believed before its turn. Nothing but what recovery drops is changed
    /// before the last one.
    func open(expecting owner: Owner?) throws(LogOpenError) -> OpenedLog {
        try directory.check(storage)
        let environment = try environment()
        // LMDB has opened the state that was taken, and followed no page of it yet.
        try directory.checkLength()
        try directory.checkPages(.values)
        let values = try values(in: environment)
        let identity = try identity(in: environment, values)
        guard !identity.isBackup else { throw .backup(path: directory.path) }
        if let owner {
            try identity.check(owner, directory.path)
            try identity.check(limits.shape, directory.path)
        }
        let tables = try tables(in: environment, values)
        var state = try state(in: environment, tables, identity)
        try directory.checkPages(.rows(from: StoredLog.firstReplayed(state)))
        let stored = try rows(in: environment, tables, identity, &state)
        var room = try room(in: environment)
        room.note(used: environment.info.usedBytes, livePages: stored.livePages)
        // Before anything else of this opening: what tells it from every other.
        state.nonce = Nonce(SystemRandom.uint64())
        state.boot = state.boot.next
        try count(&state, in: environment, tables, identity, &room)
        room.note(used: environment.info.usedBytes, livePages: stored.livePages)
        return try opened(environment, tables, identity, state, stored, room)
    }

    // MARK: - The file

    /// Recovers the file and lets LMDB open it, with our locks.
    private func environment() throws(LogOpenError) -> Environment {
        let file = directory.file
        do throws(EnvironmentOpenError) {
            let options = Environment.Options(mapSize: storage.mapSize, sealed: true)
            return try Environment.open(path: file, options: options)
        } catch {
            switch error {
            case .alreadyOpen, .lockedByAnotherProcess:
                throw .directoryInUse(path: directory.path)
            case .lmdb(let error) where error.isNoMemory:
                throw .noAddressSpace(path: directory.path, mapSize: storage.mapSize)
            // A missing end says more than pages that are not as they were.
            case .damaged: try directory.checkLength()
            default: break
            }
            throw LogOpenError(error, path: file)
        }
    }

    // MARK: - What it holds

    private func values(
        in environment: borrowing Environment
    ) throws(LogOpenError) -> BytesDatabase {
        do throws(TransactionError<LMDBError>) {
            return try Schema.openState(in: environment, create: false)
        } catch {
            switch error.error {
            // Another program's LMDB file.
            case .notFound, .incompatible: throw .notALog(path: directory.path)
            default: throw LogOpenError(error.error, path: environment.path)
            }
        }
    }

    private func identity(
        in environment: borrowing Environment,
        _ values: BytesDatabase
    ) throws(LogOpenError) -> DirectoryIdentity {
        let reading: DirectoryIdentity.Reading
        do throws(TransactionError<LMDBError>) {
            reading = try environment.withRead {
                (txn: borrowing ReadTransaction) throws(LMDBError) in
                try StoredLog.identity(txn, in: values)
            }
        } catch {
            throw LogOpenError(error.error, path: environment.path)
        }
        return try directory.identity(reading)
    }

    private func tables(
        in environment: borrowing Environment,
        _ values: BytesDatabase
    ) throws(LogOpenError) -> Schema.Tables {
        do throws(TransactionError<LMDBError>) {
            return try Schema.Tables(in: environment, state: values, create: false)
        } catch {
            throw LogOpenError(error.error, path: environment.path)
        }
    }

    /// The small values.
    private func state(
        in environment: borrowing Environment,
        _ tables: Schema.Tables,
        _ identity: DirectoryIdentity
    ) throws(LogOpenError) -> RecoveredState {
        let result: Result<RecoveredState, StoredLog.Finding>
        do throws(TransactionError<LMDBError>) {
            result = try environment.withRead {
                (txn: borrowing ReadTransaction) throws(LMDBError) in
                try StoredLog.state(txn, tables, identity)
            }
        } catch {
            throw LogOpenError(error.error, path: directory.file)
        }
        return try found(result)
    }

    /// The rows that will be replayed or repeated.
    private func rows(
        in environment: borrowing Environment,
        _ tables: Schema.Tables,
        _ identity: DirectoryIdentity,
        _ state: inout RecoveredState
    ) throws(LogOpenError) -> StoredLog {
        let result: Result<StoredLog, StoredLog.Finding>
        do throws(TransactionError<LMDBError>) {
            result = try environment.withRead {
                (txn: borrowing ReadTransaction) throws(LMDBError) in
                try StoredLog.read(txn, tables, cluster: identity.cluster, &state)
            }
        } catch {
            throw LogOpenError(error.error, path: directory.file)
        }
        return try found(result)
    }

    private func found<Value>(
        _ result: Result<Value, StoredLog.Finding>
    ) throws(LogOpenError) -> Value {
        do throws(StoredLog.Finding) {
            return try result.get()
        } catch {
            throw LogOpenError(error, path: directory.file)
        }
    }

    // MARK: - What it may grow to

    private func room(in environment: borrowing Environment) throws(LogOpenError) -> DiskSpace {
        let info = environment.info
        do throws(PosixError) {
            return DiskSpace(
                path: environment.path,
                descriptor: environment.dataFileDescriptor,
                pageSize: info.pageSize,
                mapBytes: info.mapSize,
                length: Int(try FileSystem.fileLength(environment.path)),
                storage: storage,
                limits: limits
            )
        } catch {
            throw LogOpenError(error)
        }
    }

    /// The write that every opening makes (`R31`), with the beginning of the runway under its flush.
    private func count(
        _ state: inout RecoveredState,
        in environment: borrowing Environment,
        _ tables: Schema.Tables,
        _ identity: DirectoryIdentity,
        _ room: inout DiskSpace
    ) throws(LogOpenError) {
        let isCovered: Bool
        do throws(PosixError) {
            let lineage = 2 * Opening.byteCount * state.openings.count
            isCovered = try room.cover(64 * room.pageSize + lineage) == .done
            if isCovered { try room.fillAtOpen() }
        } catch {
            throw LogOpenError(error)
        }
        guard isCovered else { throw .outOfSpace(path: environment.path) }
        let coding = StateCoding(cluster: identity.cluster)
        let boot = coding.seal(state.boot.rawValue, .boot)
        let number = environment.info.lastTransaction + 1
        let own = Opening(
            process: ProcessID(boot: state.boot, nonce: state.nonce),
            write: identity.writeNumber(of: number)
        )
        guard let openings = Lineage.extended(state.openings, by: own) else {
            throw .corrupt(
                path: environment.path,
                detail: "its transactions count from \(number) again: another program has "
                    + "rewritten the file, and peers would take it for an old copy"
            )
        }
        state.openings = openings
        let lineage = coding.seal(Opening.encoded(openings), .lineage)
        do throws(TransactionError<LMDBError>) {
            try environment.withWrite { (txn: inout WriteTransaction) throws(LMDBError) in
                precondition(txn.id == number, "nobody else writes to the file (R92)")
                try txn.put(boot, for: StateName.boot.key, in: tables.state)
                try txn.put(lineage, for: StateName.lineage.key, in: tables.state)
            }
        } catch {
            throw error.error == .mapFull || error.error.isFull
                ? .outOfSpace(path: environment.path)
                : .system(code: error.error.code, operation: "write", path: environment.path)
        }
    }

    // MARK: - The log

    private func opened(
        _ environment: consuming Environment,
        _ tables: Schema.Tables,
        _ identity: DirectoryIdentity,
        _ state: RecoveredState,
        _ stored: StoredLog,
        _ room: DiskSpace
    ) throws(LogOpenError) -> OpenedLog {
        let recovery = environment.recovery
        let slot: ReadSlot
        do throws(LMDBError) {
            try environment.checkStaleReaders()
            slot = try environment.makeReadSlot()
        } catch {
            throw .system(code: error.code, operation: "open", path: directory.file)
        }
        let file = try directory.pageFile()
        let writer = LogWriter(
            environment: environment,
            tables: tables,
            file: file,
            identity: identity,
            room: room,
            recovered: state,
            present: stored.present,
            left: stored.left,
            ineffective: stored.ineffective
        )
        return OpenedLog(
            identity: identity,
            state: state,
            writer: writer,
            slot: slot,
            file: file,
            recovery: recovery
        )
    }
}

extension DirectoryIdentity {
    fileprivate func check(_ owner: LogOpening.Owner, _ path: String) throws(LogOpenError) {
        guard cluster == owner.cluster else {
            throw .foreignCluster(path: path, found: cluster, expected: owner.cluster)
        }
        guard node == owner.node else {
            throw .foreignNode(path: path, found: node, expected: owner.node)
        }
        guard membership == owner.membership else {
            throw .differentMembers(path: path, found: membership, expected: owner.membership)
        }
    }

    /// The members have agreed on the directory's limits, and not on what is configured now.
    fileprivate func check(_ shape: Shape, _ path: String) throws(LogOpenError) {
        for (found, expected) in zip(self.shape.fields, shape.fields)
        where found.value != expected.value {
            throw .differentLimit(
                path: path,
                name: found.name,
                found: found.value,
                expected: expected.value
            )
        }
    }
}
