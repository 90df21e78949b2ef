/// How a database orders its keys. Fixed when the database is created.
public enum KeyOrder: Hashable, Sendable {
    /// By bytes, shorter first among equals; 1 to 511 bytes.
    case bytes

    /// As a native unsigned integer of 8 bytes (`MDB_INTEGERKEY`). The file cannot be moved to a
    /// machine of the other byte order.
    case nativeInteger
}

/// A type whose values are keys of a ``Database``.
///
/// A distinct number of your own conforms by forwarding to its `UInt64`.
public protocol DatabaseKey {
    /// The order of the keys; it must suit the bytes.
    static var keyOrder: KeyOrder { get }

    /// Reads a key back; nil when the bytes are none, which is reported as
    /// ``LMDBError/corrupted``. The bytes may be unaligned, and are valid in this call only.
    init?(keyBytes: RawSpan)

    /// Calls `body` with the bytes of the key; 8 of them, native, for ``KeyOrder/nativeInteger``.
    func withKeyBytes<R: ~Copyable, E: Error>(
        _ body: (UnsafeRawBufferPointer) throws(E) -> R
    ) throws(E) -> R
}

extension UInt64: DatabaseKey {
    /// Ordered as an integer.
    @inlinable
    public static var keyOrder: KeyOrder { .nativeInteger }

    /// Reads 8 native bytes.
    @inlinable
    public init?(keyBytes: RawSpan) {
        guard keyBytes.byteCount == 8 else { return nil }
        self = keyBytes.unsafeLoadUnaligned(as: UInt64.self)
    }

    /// Calls `body` with the 8 native bytes.
    @inlinable
    public func withKeyBytes<R: ~Copyable, E: Error>(
        _ body: (UnsafeRawBufferPointer) throws(E) -> R
    ) throws(E) -> R {
        try withUnsafeBytes(of: self, body)
    }
}

extension [UInt8]: DatabaseKey {
    /// Ordered by bytes.
    @inlinable
    public static var keyOrder: KeyOrder { .bytes }

    /// Copies the bytes.
    @inlinable
    public init?(keyBytes: RawSpan) {
        self = keyBytes.withUnsafeBytes { [UInt8]($0) }
    }

    /// Calls `body` with the elements.
    @inlinable
    public func withKeyBytes<R: ~Copyable, E: Error>(
        _ body: (UnsafeRawBufferPointer) throws(E) -> R
    ) throws(E) -> R {
        try span.withUnsafeBytes(body)
    }
}
