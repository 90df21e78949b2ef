extension Transaction {
    /// Calls `body` with the value of `key`, in the map, not copied; nil when there is none.
    ///
    /// `body` does not throw: return what went wrong as a value. O(log n), about 0.1 µs when the
    /// pages are in memory; otherwise it waits for the disk.
    @inlinable
    public borrowing func get<Key: DatabaseKey, R: ~Copyable>(
        _ key: Key,
        in database: Database<Key>,
        _ body: (RawSpan) -> R
    ) throws(LMDBError) -> R? {
        let found = try key.withKeyBytes { (key) throws(LMDBError) in
            try Raw.get(pointer, database.index, key)
        }
        guard let found else { return nil }
        return body(found.bytes)
    }

    /// Whether there is a row of `key`.
    @inlinable
    public borrowing func contains<Key: DatabaseKey>(
        _ key: Key,
        in database: Database<Key>
    ) throws(LMDBError) -> Bool {
        try get(key, in: database) { _ in true } ?? false
    }

    /// The number of rows; O(1).
    public borrowing func count<Key: DatabaseKey>(
        in database: Database<Key>
    ) throws(LMDBError) -> Int {
        try Raw.entries(pointer, database.index)
    }

    /// The number of pages that the table's rows and its tree take, free pages not counted; O(1).
    public borrowing func pageCount<Key: DatabaseKey>(
        in database: Database<Key>
    ) throws(LMDBError) -> Int {
        try Raw.pages(pointer, database.index)
    }

    /// The lowest key; nil when the table is empty.
    @inlinable
    public borrowing func firstKey<Key: DatabaseKey>(
        in database: Database<Key>
    ) throws(LMDBError) -> Key? {
        try withCursor(in: database) { (cursor) throws(LMDBError) in
            try cursor.first() ? try cursor.key : nil
        }
    }

    /// The highest key; nil when the table is empty.
    @inlinable
    public borrowing func lastKey<Key: DatabaseKey>(
        in database: Database<Key>
    ) throws(LMDBError) -> Key? {
        try withCursor(in: database) { (cursor) throws(LMDBError) in
            try cursor.last() ? try cursor.key : nil
        }
    }

    /// Calls `body` with the rows from `start` (nil: the first) upwards until it answers false or
    /// the table ends.
    ///
    /// The span is valid in the call only. About 60 ns a row, when the pages are in memory.
    @inlinable
    public borrowing func forEachRow<Key: DatabaseKey>(
        in database: Database<Key>,
        from start: Key? = nil,
        _ body: (Key, RawSpan) -> Bool
    ) throws(LMDBError) {
        let cursor = try Raw.openCursor(pointer, database.index)
        defer { Raw.closeCursor(cursor) }
        var row: Raw.Row?
        if let start {
            row = try start.withKeyBytes { (key) throws(LMDBError) in
                try Raw.seek(cursor, key)
            }
        } else {
            row = try Raw.move(cursor, .first)
        }
        while let current = row {
            guard let key = Key(keyBytes: current.key.bytes) else { throw .corrupted }
            if !body(key, current.value.bytes) { return }
            row = try Raw.move(cursor, .next)
        }
    }
}
