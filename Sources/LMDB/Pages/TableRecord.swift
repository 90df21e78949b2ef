/// Where a table begins, as LMDB writes it into a meta page, or as a value of the table of tables.
///
///      0 pad u32 | 4 flags u16 | 6 depth u16 | 8 branch, leaf, overflow pages u64 |
///     32 rows u64 | 40 root u64, all ones if there is no row
package struct TableRecord: Hashable, Sendable {
    static let byteCount = 48
    /// Of a table whose keys are numbers of 64 bits.
    package static let integerKeys: UInt16 = 8

    package let flags: UInt16
    package let depth: Int
    /// Of all kinds.
    package let pages: UInt64
    package let rows: UInt64
    /// Nil if the table is empty.
    package let root: UInt64?

    static let empty = TableRecord(flags: 0, depth: 0, pages: 0, rows: 0, root: nil)

    private init(flags: UInt16, depth: Int, pages: UInt64, rows: UInt64, root: UInt64?) {
        self.flags = flags
        self.depth = depth
        self.pages = pages
        self.rows = rows
        self.root = root
    }

    /// Of bytes that are all there.
    init(_ bytes: UnsafeRawBufferPointer) {
        let root: UInt64 = bytes.number(at: 40)
        self.init(
            flags: bytes.number(at: 4),
            depth: Int(bytes.number(at: 6) as UInt16),
            pages: Self.sum(
                bytes.number(at: 8),
                Self.sum(bytes.number(at: 16), bytes.number(at: 24))
            ),
            rows: bytes.number(at: 32),
            root: root == .max ? nil : root
        )
    }

    /// The most there is, where a changed bit has made it more than that.
    private static func sum(_ left: UInt64, _ right: UInt64) -> UInt64 {
        let (sum, isBeyond) = left.addingReportingOverflow(right)
        return isBeyond ? .max : sum
    }

    /// The value of a table of tables; nil if it is none.
    init?(value: [UInt8]) {
        guard value.count == Self.byteCount else { return nil }
        self = value.withUnsafeBytes { TableRecord($0) }
    }
}
