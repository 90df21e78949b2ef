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
    private let claim: OpenRegistry.Claim
    private let ownerLock: OwnerLock?
    private let writer = PosixMutex()
    /// Reached with the writer's turn held; nil where commits are LMDB's own.
    private let sealing: Sealing?
    let recovery: Recovery

    init(
        env: OpaquePointer,
        path: String,
        access: Environment.Access,
        claim: OpenRegistry.Claim,
        ownerLock: OwnerLock?,
        state: SealedState?
    ) {
        sealing = access == .write ? state.map { Sealing(env: env, state: $0) } : nil
        recovery =
            if case .dropped(_, let transaction, _)? = state?.outcome {
                .dropped(transaction: transaction)
            } else {
                .whole
            }
        self.env = env
        self.path = path
        self.access = access
        self.claim = claim
        self.ownerLock = ownerLock
    }

    /// Innermost first: LMDB's locks go before ours, and ours before a new opening may begin.
    deinit {
        OwnerLock.unlock(Raw.descriptor(env))
        mdb_env_close(env)
        ownerLock?.release()
        OpenRegistry.shared.release(claim)
    }

    /// Begins the write transaction, and keeps it to this thread until it ends.
    @usableFromInline
    func beginWrite<E: Error>(
        for _: E.Type
    ) throws(TransactionError<E>) -> OpaquePointer {
        do throws(LMDBError) {
            try enterWriter()
        } catch {
            throw .begin(error)
        }
        do throws(LMDBError) {
            try sealing?.begin()
        } catch {
            writer.unlock()
            throw .confirm(error)
        }
        do throws(LMDBError) {
            return try begin(flags: 0)
        } catch {
            writer.unlock()
            throw .begin(error)
        }
    }

    /// Commits, and keeps the writer's turn until `sealWrite()` unless it throws.
    @usableFromInline
    func commitWrite(_ txn: OpaquePointer) throws(LMDBError) {
        let error = LMDBError(code: mdb_txn_commit(txn))
        guard error.code != MDB_SUCCESS else { return }
        if error.isFinal { sealing?.poison() }
        writer.unlock()
        throw error
    }

    /// Makes what was committed durable, if commits are sealed, and gives the turn back.
    @usableFromInline
    func sealWrite() throws(LMDBError) {
        defer { writer.unlock() }
        try sealing?.seal()
    }

    /// Runs `body` with the writer's turn held.
    func withSealing<R>(_ body: (Sealing?) throws(LMDBError) -> R) throws(LMDBError) -> R {
        try enterWriter()
        defer { leaveWriter() }
        return try body(sealing)
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
