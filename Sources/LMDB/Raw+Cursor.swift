internal import CLMDB

extension Raw {
    @usableFromInline
    static func openCursor(
        _ txn: OpaquePointer,
        _ database: UInt32
    ) throws(LMDBError) -> OpaquePointer {
        var cursor: OpaquePointer?
        try LMDBError.check(mdb_cursor_open(txn, database, &cursor))
        guard let cursor else { throw .badDatabase }
        return cursor
    }

    @usableFromInline
    static func closeCursor(_ cursor: OpaquePointer) {
        mdb_cursor_close(cursor)
    }

    @usableFromInline
    static func move(_ cursor: OpaquePointer, _ move: Move) throws(LMDBError) -> Row? {
        var key = MDB_val()
        var value = MDB_val()
        let code = mdb_cursor_get(cursor, &key, &value, move.operation)
        if code == MDB_NOTFOUND { return nil }
        try LMDBError.check(code)
        return Row(key: key, value: value)
    }

    @usableFromInline
    static func seek(
        _ cursor: OpaquePointer,
        _ key: UnsafeRawBufferPointer
    ) throws(LMDBError) -> Row? {
        var key = val(key)
        var value = MDB_val()
        let code = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE)
        if code == MDB_NOTFOUND { return nil }
        try LMDBError.check(code)
        return Row(key: key, value: value)
    }

    /// Deletes up to `limit` rows from `start` (nil: the first) up to and without `end`.
    ///
    /// After a deletion the cursor stands on the following row, and `MDB_NEXT` answers that row
    /// instead of skipping it.
    @usableFromInline
    static func deleteRange(
        _ txn: OpaquePointer,
        _ database: UInt32,
        from start: UnsafeRawBufferPointer?,
        below end: UnsafeRawBufferPointer,
        limit: Int
    ) throws(LMDBError) -> Int {
        let cursor = try openCursor(txn, database)
        defer { closeCursor(cursor) }
        var end = val(end)
        var deleted = 0
        while deleted < limit {
            let row: Row?
            if deleted > 0 {
                row = try move(cursor, .next)
            } else if let start {
                row = try seek(cursor, start)
            } else {
                row = try move(cursor, .first)
            }
            guard let row else { break }
            var key = val(row.key)
            if mdb_cmp(txn, database, &key, &end) >= 0 { break }
            try LMDBError.check(mdb_cursor_del(cursor, 0))
            deleted += 1
        }
        return deleted
    }
}
