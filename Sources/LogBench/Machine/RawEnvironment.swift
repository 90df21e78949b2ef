import CLMDB
import LogCommands
import Platform

/// LMDB by its C API with nothing around it: what any store built on it can reach at most.
///
/// The rows are as long as ours (a header and the payload), under the same 8-byte integer keys, appended
/// in order. Begin and commit on one thread.
struct RawEnvironment: ~Copyable {
    /// What a command's row takes beside its payload.
    static let headerBytes = 56

    /// The version of the LMDB that this program runs with.
    static var libraryVersion: String {
        var major: Int32 = 0
        var minor: Int32 = 0
        var patch: Int32 = 0
        _ = mdb_version(&major, &minor, &patch)
        return "\(major).\(minor).\(patch)"
    }

    private let environment: OpaquePointer
    private let database: UInt32
    private let path: String
    private var next: UInt64 = 1
    private var row: [UInt8]

    init(path: String, valueBytes: Int, flags: Int32) throws(Failure) {
        self.path = path
        row = [UInt8](repeating: 0, count: Self.headerBytes + valueBytes)
        for position in row.indices { row[position] = UInt8(truncatingIfNeeded: position) }
        var created: OpaquePointer?
        try Self.check(mdb_env_create(&created), path)
        guard let created else { throw Self.failure(MDB_PANIC, path) }
        do throws(Failure) {
            try Self.check(mdb_env_set_mapsize(created, 1 << 40), path)
            try Self.check(mdb_env_set_maxdbs(created, 4), path)
            let flags = UInt32(flags | MDB_NOSUBDIR)
            try Self.check(mdb_env_open(created, path, flags, 0o600), path)
            database = try Self.database(in: created, path)
        } catch {
            mdb_env_close(created)
            throw error
        }
        environment = created
    }

    deinit { mdb_env_close(environment) }

    private static func database(
        in environment: OpaquePointer,
        _ path: String
    ) throws(Failure) -> UInt32 {
        var transaction: OpaquePointer?
        var database: UInt32 = 0
        try check(mdb_txn_begin(environment, nil, 0, &transaction), path)
        let code = mdb_dbi_open(
            transaction,
            "accepted",
            UInt32(MDB_CREATE | MDB_INTEGERKEY),
            &database
        )
        guard code == MDB_SUCCESS else {
            mdb_txn_abort(transaction)
            throw failure(code, path)
        }
        try check(mdb_txn_commit(transaction), path)
        return database
    }

    /// Appends so many rows in one transaction and commits it.
    mutating func append(rows: Int) throws(Failure) {
        var transaction: OpaquePointer?
        try Self.check(mdb_txn_begin(environment, nil, 0, &transaction), path)
        for _ in 0..<rows {
            let code = put(transaction)
            guard code == MDB_SUCCESS else {
                mdb_txn_abort(transaction)
                throw Self.failure(code, path)
            }
        }
        try Self.check(mdb_txn_commit(transaction), path)
    }

    private mutating func put(_ transaction: OpaquePointer?) -> Int32 {
        var slot = next
        next += 1
        let database = database
        return withUnsafeMutableBytes(of: &slot) { key in
            row.withUnsafeMutableBytes { row in
                // Every row is another one, as ours are.
                row.copyBytes(from: key)
                var key = MDB_val(mv_size: key.count, mv_data: key.baseAddress)
                var value = MDB_val(mv_size: row.count, mv_data: row.baseAddress)
                return mdb_put(transaction, database, &key, &value, UInt32(MDB_APPEND))
            }
        }
    }

    func sync() throws(Failure) {
        try Self.check(mdb_env_sync(environment, 1), path)
    }

    /// Extends the file by zeros and flushes them.
    func layRunway(bytes: Int) throws(Failure) {
        var descriptor: Int32 = -1
        try Self.check(mdb_env_get_fd(environment, &descriptor), path)
        do throws(PosixError) {
            try ZeroRunway.extend(
                descriptor: descriptor,
                path: path,
                from: 0,
                to: Int64(bytes),
                chunkBytes: 1 << 22
            )
        } catch {
            throw Failure(error)
        }
        try sync()
    }

    /// How far the pages reach.
    var usedBytes: Int {
        var info = MDB_envinfo()
        var statistics = MDB_stat()
        mdb_env_info(environment, &info)
        mdb_env_stat(environment, &statistics)
        return (info.me_last_pgno + 1) * Int(statistics.ms_psize)
    }

    private static func check(_ code: Int32, _ path: String) throws(Failure) {
        guard code == MDB_SUCCESS else { throw failure(code, path) }
    }

    private static func failure(_ code: Int32, _ path: String) -> Failure {
        let words = mdb_strerror(code).map { String(cString: $0) } ?? "error \(code)"
        return Failure(
            .storageFailed,
            "baseline_failed",
            "raw LMDB on \(path): \(words): check the disk, or leave --baseline out"
        )
    }
}
