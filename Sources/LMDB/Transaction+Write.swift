extension Transaction where Access == Writing {
    /// Writes a row. Durable and visible to others only with the commit.
    ///
    /// A row (key and value) of at most 2,022 bytes lies in the tree; a longer value takes whole
    /// pages of its own, (length + 16) / 4,096 rounded up.
    ///
    /// - Throws: ``LMDBError/keyExist`` by `mode`, after which the transaction goes on;
    ///   ``LMDBError/mapFull``, ``LMDBError/txnFull`` or an `errno`, after which it cannot commit;
    ///   ``LMDBError/badValueSize`` for a key that is empty or above 511 bytes.
    @inlinable
    public mutating func put<Key: DatabaseKey>(
        _ value: RawSpan,
        for key: Key,
        in database: Database<Key>,
        mode: PutMode = .upsert
    ) throws(LMDBError) {
        try key.withKeyBytes { (key) throws(LMDBError) in
            try value.withUnsafeBytes { (value) throws(LMDBError) in
                try Raw.put(pointer, database.index, key, value, mode)
            }
        }
    }

    /// Writes a row from an array; as the other `put` of a span.
    @inlinable
    public mutating func put<Key: DatabaseKey>(
        _ value: [UInt8],
        for key: Key,
        in database: Database<Key>,
        mode: PutMode = .upsert
    ) throws(LMDBError) {
        try put(value.span.bytes, for: key, in: database, mode: mode)
    }

    /// Writes a row whose value `encode` fills in place, in the page itself.
    ///
    /// The bytes hold anything at first, also what an earlier row left: `encode` must write all
    /// `byteCount` of them. It does not throw, so that no half of a value can be committed.
    ///
    /// - Throws: as `put`, before `encode` is called.
    @inlinable
    public mutating func reserve<Key: DatabaseKey>(
        _ byteCount: Int,
        for key: Key,
        in database: Database<Key>,
        mode: PutMode = .upsert,
        _ encode: (inout MutableRawSpan) -> Void
    ) throws(LMDBError) {
        let room = try key.withKeyBytes { (key) throws(LMDBError) in
            try Raw.reserve(pointer, database.index, key, byteCount, mode)
        }
        var bytes = room.mutableBytes
        encode(&bytes)
    }

    /// Deletes the row of `key`; false when there was none.
    ///
    /// Deleting needs pages too, so it fails with ``LMDBError/mapFull`` in a full map.
    @inlinable
    @discardableResult
    public mutating func delete<Key: DatabaseKey>(
        _ key: Key,
        in database: Database<Key>
    ) throws(LMDBError) -> Bool {
        try key.withKeyBytes { (key) throws(LMDBError) in
            try Raw.delete(pointer, database.index, key)
        }
    }

    /// Deletes up to `limit` rows from `start` (nil: the first) up to and without `end`, and answers
    /// how many: fewer than `limit` only when none is left there.
    ///
    /// About 0.13 µs a row, plus what the commit writes. Ten thousand at a time stall others for no
    /// more than milliseconds.
    @inlinable
    public mutating func deleteRange<Key: DatabaseKey>(
        in database: Database<Key>,
        from start: Key? = nil,
        below end: Key,
        limit: Int = .max
    ) throws(LMDBError) -> Int {
        try end.withKeyBytes { (end) throws(LMDBError) in
            guard let start else {
                return try Raw.deleteRange(
                    pointer,
                    database.index,
                    from: nil,
                    below: end,
                    limit: limit
                )
            }
            return try start.withKeyBytes { (start) throws(LMDBError) in
                try Raw.deleteRange(
                    pointer,
                    database.index,
                    from: start,
                    below: end,
                    limit: limit
                )
            }
        }
    }
}
