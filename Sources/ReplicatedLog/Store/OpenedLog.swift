internal import LMDB
internal import LogWire
internal import PaxosCore
internal import Platform

/// The steps of opening a directory, each of which may refuse it.
enum OpenedLog {
    /// Checks what can be checked without mapping the file, and answers its path.
    static func check(
        _ directory: String,
        storage: StorageOptions?
    ) throws(LogOpenError) -> String {
        guard try exists(directory) else { throw .missingDirectory(path: directory) }
        if storage?.refusesNetworkFileSystems ?? false {
            let kind: FileSystemKind
            do throws(PosixError) {
                kind = try FileSystemKind(path: directory)
            } catch {
                throw LogOpenError(error)
            }
            if kind.isNetwork { throw .networkFileSystem(path: directory, name: kind.name) }
        }
        let path = Schema.dataPath(in: directory)
        guard try exists(path) else { throw .notALog(path: directory) }
        do throws(LogOpenError) {
            try checkLength(path, isRecovered: false)
        } catch {
            // A live writer may have been between two pages: who has the lock decides.
            try refuseIfHeld(path, directory: directory)
            try checkLength(path, isRecovered: false)
        }
        return path
    }

    /// Refuses a file that ends before its last page.
    static func checkLength(_ path: String, isRecovered: Bool = true) throws(LogOpenError) {
        do throws(DataFileError) {
            _ = try DataFile.inspect(path, isRecovered: isRecovered)
        } catch {
            throw LogOpenError(error, path: path)
        }
    }

    /// The file, to be read beside LMDB.
    static func pageFile(_ path: String) throws(LogOpenError) -> PageFile {
        do throws(DataFileError) {
            return try PageFile(path: path)
        } catch {
            throw LogOpenError(error, path: path)
        }
    }

    /// Only what the system says is not there is missing; whatever else keeps it from looking keeps its
    /// name.
    private static func exists(_ path: String) throws(LogOpenError) -> Bool {
        do throws(PosixError) {
            return try FileSystem.isThere(path)
        } catch {
            throw LogOpenError(error)
        }
    }

    private static func refuseIfHeld(
        _ path: String,
        directory: String
    ) throws(LogOpenError) {
        let isFree: Bool
        do throws(PosixError) {
            isFree = try ReadOnlyFile(path: path).lockShared()
        } catch {
            throw LogOpenError(error)
        }
        guard isFree else { throw .directoryInUse(path: directory) }
    }

    static func environment(
        _ path: String,
        directory: String,
        options: Environment.Options
    ) throws(LogOpenError) -> Environment {
        do throws(EnvironmentOpenError) {
            return try Environment.open(path: path, options: options)
        } catch {
            switch error {
            case .alreadyOpen, .lockedByAnotherProcess: throw .directoryInUse(path: directory)
            case .lmdb(let error) where error.isNoMemory:
                throw .noAddressSpace(path: directory, mapSize: options.mapSize)
            // A missing end says more than pages that are not as they were.
            case .damaged: try checkLength(path)
            default: break
            }
            throw LogOpenError(error, path: path)
        }
    }

    static func state(
        in environment: borrowing Environment,
        directory: String
    ) throws(LogOpenError) -> BytesDatabase {
        do throws(TransactionError<LMDBError>) {
            return try Schema.openState(in: environment, create: false)
        } catch {
            switch error.error {
            // Another program's LMDB file.
            case .notFound, .incompatible: throw .notALog(path: directory)
            default: throw LogOpenError(error.error, path: environment.path)
            }
        }
    }

    static func tables(
        in environment: borrowing Environment,
        _ state: BytesDatabase
    ) throws(LogOpenError) -> Schema.Tables {
        do throws(TransactionError<LMDBError>) {
            return try Schema.Tables(in: environment, state: state, create: false)
        } catch {
            throw LogOpenError(error.error, path: environment.path)
        }
    }

    static func identity(
        in environment: borrowing Environment,
        _ state: BytesDatabase,
        directory: String
    ) throws(LogOpenError) -> DirectoryIdentity {
        let reading: DirectoryIdentity.Reading
        do throws(TransactionError<LMDBError>) {
            reading = try environment.withRead {
                (txn: borrowing ReadTransaction) throws(LMDBError) in
                try StoredLog.identity(txn, in: state)
            }
        } catch {
            throw LogOpenError(error.error, path: environment.path)
        }
        return try identity(reading, directory: directory)
    }

    static func identity(
        _ reading: DirectoryIdentity.Reading,
        directory: String
    ) throws(LogOpenError) -> DirectoryIdentity {
        switch reading {
        case .identity(let identity): return identity
        case .otherFormat(let found) where found < Schema.formatVersion:
            throw .olderFormat(path: directory, found: found, supported: Schema.formatVersion)
        case .otherFormat(let found):
            throw .newerFormat(path: directory, found: found, supported: Schema.formatVersion)
        case .foreign: throw .notALog(path: directory)
        case .corrupt:
            throw .corrupt(path: Schema.dataPath(in: directory), detail: "the identity")
        }
    }

    /// What of a file's pages is about to be followed.
    enum Pages {
        case values
        case rows(from: Slot)
    }

    /// Refuses a file whose pages LMDB might not survive.
    static func checkPages(_ path: String, of pages: Pages) throws(LogOpenError) {
        let tree: PageTree
        do throws(DataFileError) {
            tree = try PageTree(path: path)
        } catch {
            throw LogOpenError(error, path: path)
        }
        do throws(PageTree.Damage) {
            switch pages {
            case .values: try tree.checkValues()
            case .rows(let first): try tree.checkRows(from: first)
            }
        } catch {
            throw LogOpenError(error, path: path)
        }
    }

    static func read(
        _ environment: borrowing Environment,
        _ tables: Schema.Tables,
        _ identity: DirectoryIdentity,
        path: String
    ) throws(LogOpenError) -> StoredLog {
        let state = try smallValues(environment, tables, identity, path: path)
        try checkPages(path, of: .rows(from: StoredLog.firstReplayed(state)))
        let result: Result<StoredLog, StoredLog.Finding>
        do throws(TransactionError<LMDBError>) {
            result = try environment.withRead {
                (txn: borrowing ReadTransaction) throws(LMDBError) in
                var state = state
                let pages = try tables.livePages(txn)
                let cluster = identity.cluster
                let end = try StoredLog.ineffectiveEnd(txn, tables, cluster: cluster)
                let present = try StoredLog.verifyRows(txn, tables, cluster: cluster, &state)
                return end.flatMap { [state] end in
                    present.map {
                        StoredLog(state: state, present: $0, ineffective: end, livePages: pages)
                    }
                }
            }
        } catch {
            throw LogOpenError(error.error, path: path)
        }
        switch result {
        case .success(let stored): return stored
        case .failure(let finding): throw LogOpenError(finding, path: path)
        }
    }

    private static func smallValues(
        _ environment: borrowing Environment,
        _ tables: Schema.Tables,
        _ identity: DirectoryIdentity,
        path: String
    ) throws(LogOpenError) -> RecoveredState {
        let result: Result<RecoveredState, StoredLog.Finding>
        do throws(TransactionError<LMDBError>) {
            result = try environment.withRead {
                (txn: borrowing ReadTransaction) throws(LMDBError) in
                try StoredLog.state(txn, tables, identity)
            }
        } catch {
            throw LogOpenError(error.error, path: path)
        }
        switch result {
        case .success(let state): return state
        case .failure(let finding): throw LogOpenError(finding, path: path)
        }
    }

    static func room(
        _ environment: borrowing Environment,
        storage: StorageOptions,
        limits: Limits
    ) throws(LogOpenError) -> Room {
        let info = environment.info
        do throws(PosixError) {
            return Room(
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
    static func count(
        _ state: inout RecoveredState,
        in environment: borrowing Environment,
        _ tables: Schema.Tables,
        _ identity: DirectoryIdentity,
        _ room: inout Room
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
}

extension LogOpenError {
    init(_ error: EnvironmentOpenError, path: String) {
        switch error {
        case .alreadyOpen(let path), .lockedByAnotherProcess(let path):
            self = .directoryInUse(path: path)
        case .damaged(_, let detail): self = .corrupt(path: path, detail: detail)
        case .lmdb(.versionMismatch), .lmdb(.invalid):
            self = .corrupt(path: path, detail: "\(error)")
        case .lmdb(let error):
            self.init(PosixError(code: error.code, operation: "open", path: path))
        case .posix(let code, let path):
            self.init(PosixError(code: code, operation: "open", path: path))
        @unknown default: self = .system(code: 0, operation: "open", path: path)
        }
    }

    init(_ error: LMDBError, path: String) {
        switch error {
        case .corrupted, .pageNotFound, .cursorFull, .badDatabase, .notFound, .incompatible:
            self = .corrupt(path: path, detail: "\(error)")
        case let error where error.isFull: self = .outOfSpace(path: path)
        default:
            self = .system(code: error.code, operation: "read", path: path)
        }
    }

    /// What the system would not read keeps its name: it may be another time (`R87`).
    init(_ damage: PageTree.Damage, path: String) {
        self =
            damage.cause.map { LogOpenError(PosixError($0)) }
            ?? .corrupt(path: path, detail: damage.description)
    }

    init(_ error: DataFileError, path: String) {
        switch error {
        case .truncated(let length, let needed):
            self = .truncated(path: path, length: length, needed: needed)
        case .foreign: self = .notALog(path: path)
        case .damaged(let detail): self = .corrupt(path: path, detail: detail)
        case .system(let failure): self.init(PosixError(failure))
        }
    }

    init(_ finding: StoredLog.Finding, path: String) {
        switch finding {
        case .corrupt(let detail): self = .corrupt(path: path, detail: detail)
        case .unreadable(let slot): self = .unreadableRow(path: path, slot: slot)
        }
    }
}

extension PosixError {
    init(_ failure: FileFailure) {
        self.init(code: failure.code, operation: failure.operation, path: failure.path)
    }
}
