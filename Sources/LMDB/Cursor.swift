/// A place in a table, which moves row by row; see ``Transaction/withCursor(in:_:)``.
///
/// Starts nowhere: move it before reading. Each move answers whether it found a row; after false it
/// is nowhere again.
public struct Cursor<Key: DatabaseKey>: ~Copyable {
    @usableFromInline
    let pointer: OpaquePointer
    @usableFromInline
    var row: Raw.Row?

    @usableFromInline
    init(pointer: OpaquePointer) {
        self.pointer = pointer
    }

    /// Goes to the lowest key.
    @inlinable
    public mutating func first() throws(LMDBError) -> Bool { try move(.first) }

    /// Goes to the highest key.
    @inlinable
    public mutating func last() throws(LMDBError) -> Bool { try move(.last) }

    /// Goes one key up; from nowhere, to the lowest.
    @inlinable
    public mutating func next() throws(LMDBError) -> Bool {
        try move(row == nil ? .first : .next)
    }

    /// Goes one key down; from nowhere, to the highest.
    @inlinable
    public mutating func previous() throws(LMDBError) -> Bool {
        try move(row == nil ? .last : .previous)
    }

    /// Goes to the lowest key that is `key` or above.
    @inlinable
    public mutating func seek(_ key: Key) throws(LMDBError) -> Bool {
        row = nil
        row = try key.withKeyBytes { (key) throws(LMDBError) in try Raw.seek(pointer, key) }
        return row != nil
    }

    /// The key here; nil when nowhere.
    ///
    /// - Throws: ``LMDBError/corrupted`` when the bytes are no key.
    @inlinable
    public var key: Key? {
        borrowing get throws(LMDBError) {
            guard let row else { return nil }
            guard let key = Key(keyBytes: row.key.bytes) else { throw .corrupted }
            return key
        }
    }

    /// Calls `body` with the value here, valid in the call only; nil when nowhere.
    @inlinable
    public borrowing func withValue<R: ~Copyable>(_ body: (RawSpan) -> R) -> R? {
        guard let row else { return nil }
        return body(row.value.bytes)
    }

    @inlinable
    mutating func move(_ move: Raw.Move) throws(LMDBError) -> Bool {
        row = nil
        row = try Raw.move(pointer, move)
        return row != nil
    }
}

extension Transaction {
    /// Runs `body` with a cursor over the table, closed when it returns or throws.
    @inlinable
    public borrowing func withCursor<Key: DatabaseKey, R: ~Copyable>(
        in database: Database<Key>,
        _ body: (inout Cursor<Key>) throws(LMDBError) -> R
    ) throws(LMDBError) -> R {
        let pointer = try Raw.openCursor(self.pointer, database.index)
        defer { Raw.closeCursor(pointer) }
        var cursor = Cursor<Key>(pointer: pointer)
        return try body(&cursor)
    }
}
