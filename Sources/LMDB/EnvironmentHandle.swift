internal import CLMDB

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// One open `MDB_env` with what guards it. Shared by an ``Environment`` and its ``ReadSlot``s, and
/// closed when the last of them is gone: LMDB would touch freed memory otherwise.
@usableFromInline
final class EnvironmentHandle: @unchecked Sendable {
    let env: OpaquePointer
    let path: String
    let access: Environment.Access
    private let file: FileIdentity
    private let ownerLock: OwnerLock?
    private let writer = PosixMutex()

    init(
        env: OpaquePointer,
        path: String,
        access: Environment.Access,
        file: FileIdentity,
        ownerLock: OwnerLock?
    ) {
        self.env = env
        self.path = path
        self.access = access
        self.file = file
        self.ownerLock = ownerLock
    }

    /// Innermost first: LMDB's locks go before ours, and ours before a new opening may begin.
    deinit {
        OwnerLock.unlock(Raw.descriptor(env))
        mdb_env_close(env)
        ownerLock?.release()
        OpenRegistry.shared.release(file)
    }

    /// Begins the write transaction, and keeps it to this thread until it ends.
    @usableFromInline
    func beginWrite() throws(LMDBError) -> OpaquePointer {
        try enterWriter()
        do throws(LMDBError) {
            return try begin(flags: 0)
        } catch {
            writer.unlock()
            throw error
        }
    }

    @usableFromInline
    func commitWrite(_ txn: OpaquePointer) throws(LMDBError) {
        let code = mdb_txn_commit(txn)
        writer.unlock()
        try LMDBError.check(code)
    }

    @usableFromInline
    func abortWrite(_ txn: OpaquePointer) {
        mdb_txn_abort(txn)
        writer.unlock()
    }

    @usableFromInline
    func beginRead() throws(LMDBError) -> OpaquePointer {
        try begin(flags: UInt32(MDB_RDONLY))
    }

    @usableFromInline
    func endRead(_ txn: OpaquePointer) {
        mdb_txn_abort(txn)
    }

    /// Makes room for something that must not meet a write transaction.
    func enterWriter() throws(LMDBError) {
        try LMDBError.check(writer.lock())
    }

    func leaveWriter() { writer.unlock() }

    private func begin(flags: UInt32) throws(LMDBError) -> OpaquePointer {
        var txn: OpaquePointer?
        try LMDBError.check(mdb_txn_begin(env, nil, flags, &txn))
        guard let txn else { throw .badTransaction }
        return txn
    }
}
