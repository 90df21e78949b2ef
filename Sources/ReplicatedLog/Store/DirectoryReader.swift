internal import LMDB
package import PaxosCore
internal import Platform

/// Reads a data directory at rest, for the tools: changes nothing in it, counts no opening, and is
/// refused while a process has it open. Several may read at once.
///
/// Unlike an opening it goes on past what is damaged, and names it. Blocking; one thread at a time.
package struct DirectoryReader: ~Copyable, Sendable {
    package let identity: DirectoryIdentity
    package let path: String
    private let environment: Environment
    private let tables: Schema.Tables

    /// Opens the directory for reading; refuses as `LMDBStore.open` does what cannot be read at all.
    package init(at directory: String) throws(LogOpenError) {
        let path = try OpenedLog.check(directory, storage: nil)
        let length: Int
        do throws(PosixError) {
            length = Int(try FileSystem.fileLength(path))
        } catch {
            throw LogOpenError(error)
        }
        // LMDB raises the map to the pages in use.
        let environment = try OpenedLog.environment(
            path,
            directory: directory,
            options: .init(mapSize: length, access: .inspect)
        )
        try OpenedLog.checkPages(path, of: .values)
        let values = try OpenedLog.state(in: environment, directory: directory)
        let identity = try OpenedLog.identity(in: environment, values, directory: directory)
        let tables = try OpenedLog.tables(in: environment, values)
        self.init(directory, identity, tables, environment)
    }

    private init(
        _ directory: String,
        _ identity: DirectoryIdentity,
        _ tables: Schema.Tables,
        _ environment: consuming Environment
    ) {
        self.identity = identity
        self.tables = tables
        path = directory
        self.environment = environment
    }

    /// The small values, without rows: boot is that of the last opening. Throws `corrupt` if one is
    /// damaged.
    package func state() throws(LogOpenError) -> RecoveredState {
        let result = try read { txn throws(LMDBError) in
            try StoredLog.state(txn, tables, identity)
        }
        switch result {
        case .success(let state): return state
        case .failure(let finding): throw LogOpenError(finding, path: environment.path)
        }
    }

    /// The highest slot with a row, or `zero`.
    package func lastSlot() throws(LogOpenError) -> Slot {
        Slot(rawValue: try highestSlot())
    }

    /// How much room the directory takes.
    package struct Usage: Hashable, Sendable {
        package let pageSize: Int
        /// The length of the data file, its runway included.
        package let fileBytes: Int
        /// The end of the last page ever used, and the pages in use; what lies between is free.
        package let usedBytes: Int
        package let liveBytes: Int
        package let rows: Int
        package let ineffective: Int
        package let lastTransaction: UInt64
    }

    package func usage() throws(LogOpenError) -> Usage {
        let info = environment.info
        let (pages, rows, ineffective) = try read { txn throws(LMDBError) in
            (
                try tables.livePages(txn), try txn.count(in: tables.accepted),
                try txn.count(in: tables.ineffective)
            )
        }
        do throws(PosixError) {
            return Usage(
                pageSize: info.pageSize,
                fileBytes: Int(try FileSystem.fileLength(environment.path)),
                usedBytes: info.usedBytes,
                liveBytes: min(info.usedBytes, pages * info.pageSize),
                rows: rows,
                ineffective: ineffective,
                lastTransaction: info.lastTransaction
            )
        } catch {
            throw LogOpenError(error)
        }
    }

    /// A row as it was found.
    package enum StoredRow: Hashable, Sendable {
        /// As written; `bytes` is its length on disk.
        case row(AcceptedEntry, bytes: Int)
        /// There, and not what was written.
        case unreadable(Slot)
    }

    /// Calls `body` with each row of the range in slot order, until it answers false.
    package func forEachRow(
        in slots: ClosedRange<Slot> = .first ... .limit,
        _ body: (StoredRow) -> Bool
    ) throws(LogOpenError) {
        let coding = RowCoding(cluster: identity.cluster)
        try read { txn throws(LMDBError) in
            try txn.forEachRow(in: tables.accepted, from: slots.lowerBound.rawValue) { key, value in
                let slot = Slot(rawValue: key)
                guard slot <= slots.upperBound else { return false }
                let row = value.withUnsafeBytes { coding.decode($0, slot: slot) }
                return body(row.map { .row($0, bytes: value.byteCount) } ?? .unreadable(slot))
            }
        }
    }

    /// Committed commands of the range that the store knows to be without effect.
    package func ineffective(in slots: ClosedRange<Slot>) throws(LogOpenError) -> [Slot] {
        var found: [Slot] = []
        try read { txn throws(LMDBError) in
            try txn.forEachRow(
                in: tables.ineffective,
                from: slots.lowerBound.rawValue
            ) { key, _ in
                guard key <= slots.upperBound.rawValue else { return false }
                found.append(Slot(rawValue: key))
                return true
            }
        }
        return found
    }

    private func read<Result>(
        _ body: (borrowing ReadTransaction) throws(LMDBError) -> Result
    ) throws(LogOpenError) -> Result {
        do throws(TransactionError<LMDBError>) {
            return try environment.withRead(body)
        } catch {
            throw LogOpenError(error.error, path: environment.path)
        }
    }
}
