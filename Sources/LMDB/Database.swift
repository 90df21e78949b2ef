internal import CLMDB

/// A handle of a named table of an ``Environment``: a small value to keep for the environment's
/// life and to share between threads. Of no use with another environment.
public struct Database<Key: DatabaseKey>: Hashable, Sendable {
    @usableFromInline
    let index: UInt32

    init(index: UInt32) {
        self.index = index
    }
}

/// A table by `UInt64`, ordered as integers.
public typealias IntegerDatabase = Database<UInt64>

/// A table by byte strings.
public typealias BytesDatabase = Database<[UInt8]>

extension Environment {
    /// Opens a named table, creating it when there is none and the environment may write.
    ///
    /// Opens it in a transaction of its own, and commits that before it returns: a handle from an
    /// aborted transaction would be invalid, or would come to mean another table. A table just
    /// created is durable as any commit is. Open every table once, before transactions begin:
    /// those begun earlier do not know the handle, and on a writing environment the call waits for
    /// a running write transaction. Opening a table again returns the same handle.
    ///
    /// - Throws: in `body` ``LMDBError/notFound`` when there is none and it may not be created,
    ///   ``LMDBError/incompatible`` when the table has other keys, ``LMDBError/dbsFull``.
    public func openDatabase<Key: DatabaseKey>(
        _ name: String,
        keys: Key.Type,
        create: Bool = true
    ) throws(TransactionError<LMDBError>) -> Database<Key> {
        guard access == .write else { return try openExisting(name, keys: keys) }
        return try withWrite { (txn: inout WriteTransaction) throws(LMDBError) in
            let flag = create ? UInt32(MDB_CREATE) : 0
            return try Self.open(name, keys: keys, flags: flag, in: txn.pointer)
        }
    }

    /// A read transaction must be committed too for its handles to last.
    private func openExisting<Key: DatabaseKey>(
        _ name: String,
        keys: Key.Type
    ) throws(TransactionError<LMDBError>) -> Database<Key> {
        let txn: OpaquePointer
        do throws(LMDBError) {
            try handle.enterWriter()
        } catch {
            throw .begin(error)
        }
        defer { handle.leaveWriter() }
        do throws(LMDBError) {
            txn = try handle.beginRead()
        } catch {
            throw .begin(error)
        }
        let database: Database<Key>
        do throws(LMDBError) {
            database = try Self.open(name, keys: keys, flags: 0, in: txn)
        } catch {
            handle.endRead(txn)
            throw .body(error)
        }
        let code = mdb_txn_commit(txn)
        if code != MDB_SUCCESS { throw .commit(LMDBError(code: code)) }
        return database
    }

    /// For a table that exists LMDB takes the flags from the file and ignores ours, so they are
    /// compared here.
    private static func open<Key: DatabaseKey>(
        _ name: String,
        keys: Key.Type,
        flags: UInt32,
        in txn: OpaquePointer
    ) throws(LMDBError) -> Database<Key> {
        let wanted = Key.keyOrder == .nativeInteger ? UInt32(MDB_INTEGERKEY) : 0
        var index: MDB_dbi = 0
        try LMDBError.check(mdb_dbi_open(txn, name, flags | wanted, &index))
        var actual: UInt32 = 0
        try LMDBError.check(mdb_dbi_flags(txn, index, &actual))
        let kinds = MDB_INTEGERKEY | MDB_REVERSEKEY | MDB_DUPSORT
        guard actual & UInt32(kinds) == wanted else { throw .incompatible }
        return Database(index: index)
    }
}
