internal import CLMDB

/// LMDB's calls over raw bytes: what the inlined generic face above them calls. Not generic itself,
/// so that C types stay out of inlinable code.
@usableFromInline
enum Raw {
    /// Where a cursor goes.
    @usableFromInline
    enum Move {
        case first, last, next, previous

        var operation: MDB_cursor_op {
            switch self {
            case .first: MDB_FIRST
            case .last: MDB_LAST
            case .next: MDB_NEXT
            case .previous: MDB_PREV
            }
        }
    }

    /// A row in the map; valid until the next change in its transaction, or its end.
    @usableFromInline
    struct Row {
        @usableFromInline let key: UnsafeRawBufferPointer
        @usableFromInline let value: UnsafeRawBufferPointer

        init(key: MDB_val, value: MDB_val) {
            self.key = Raw.bytes(key)
            self.value = Raw.bytes(value)
        }
    }

    static func val(_ bytes: UnsafeRawBufferPointer) -> MDB_val {
        MDB_val(mv_size: bytes.count, mv_data: UnsafeMutableRawPointer(mutating: bytes.baseAddress))
    }

    static func bytes(_ val: MDB_val) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: val.mv_data, count: val.mv_size)
    }

    static func descriptor(_ env: OpaquePointer) -> Int32 {
        var descriptor: Int32 = -1
        _ = mdb_env_get_fd(env, &descriptor)
        return descriptor
    }

    @usableFromInline
    static func get(
        _ txn: OpaquePointer,
        _ database: UInt32,
        _ key: UnsafeRawBufferPointer
    ) throws(LMDBError) -> UnsafeRawBufferPointer? {
        var key = val(key)
        var value = MDB_val()
        let code = mdb_get(txn, database, &key, &value)
        if code == MDB_NOTFOUND { return nil }
        try LMDBError.check(code)
        return bytes(value)
    }

    @usableFromInline
    static func put(
        _ txn: OpaquePointer,
        _ database: UInt32,
        _ key: UnsafeRawBufferPointer,
        _ value: UnsafeRawBufferPointer,
        _ mode: PutMode
    ) throws(LMDBError) {
        var key = val(key)
        var value = val(value)
        try LMDBError.check(mdb_put(txn, database, &key, &value, mode.flags))
    }

    @usableFromInline
    static func reserve(
        _ txn: OpaquePointer,
        _ database: UInt32,
        _ key: UnsafeRawBufferPointer,
        _ byteCount: Int,
        _ mode: PutMode
    ) throws(LMDBError) -> UnsafeMutableRawBufferPointer {
        if byteCount < 0 { throw .badValueSize }
        var key = val(key)
        var value = MDB_val(mv_size: byteCount, mv_data: nil)
        let flags = mode.flags | UInt32(MDB_RESERVE)
        try LMDBError.check(mdb_put(txn, database, &key, &value, flags))
        return UnsafeMutableRawBufferPointer(start: value.mv_data, count: value.mv_size)
    }

    @usableFromInline
    static func delete(
        _ txn: OpaquePointer,
        _ database: UInt32,
        _ key: UnsafeRawBufferPointer
    ) throws(LMDBError) -> Bool {
        var key = val(key)
        let code = mdb_del(txn, database, &key, nil)
        if code == MDB_NOTFOUND { return false }
        try LMDBError.check(code)
        return true
    }
}
