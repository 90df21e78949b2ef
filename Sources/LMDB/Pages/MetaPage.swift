// Each of the first two pages of a file is a meta page; they take turns, and the one of a transaction has the
// number of its lowest bit. LMDB writes bytes 32 to 152, by one call; the rest is written once, when the
// file is made, and what lies behind is zero, but for our seal (Seal.swift).
//
//       0 page number u64 | 8 pad u16 | 10 flags u16: 8 | 12 u32        the page's header
//      16 magic u32 | 20 version u32 | 24 address u64
//      32 map size u64
//      40 table of free pages, a record (TableRecord.swift) that begins with the page size u32
//      88 main table, a record
//     136 last page u64
//     144 transaction u64

/// A meta page of LMDB 0.9 on 64 bits.
struct MetaPage: Hashable, Sendable {
    /// The sector that begins it: whole or absent, whatever becomes of a write.
    static let sector = 512
    /// What LMDB writes of it.
    static let written = 32..<152
    private static let isMeta: UInt16 = 8
    private static let magic: UInt32 = 0xBEEF_C0DE
    private static let version: UInt32 = 1

    /// What LMDB writes: 120 bytes.
    let bytes: [UInt8]
    let free: TableRecord
    let main: TableRecord
    let lastPage: UInt64
    let transaction: UInt64

    /// Reads one from the bytes that begin its page; nil if it is none of this format, or not that of this
    /// place.
    init?(_ page: UnsafeRawBufferPointer, place: Int) {
        guard page.count >= Self.written.upperBound, page.number(at: 0) == UInt64(place),
            page.number(at: 10) == Self.isMeta, page.number(at: 16) == Self.magic,
            page.number(at: 20) == Self.version
        else { return nil }
        bytes = Array(page[Self.written])
        free = TableRecord(UnsafeRawBufferPointer(rebasing: page[40..<88]))
        main = TableRecord(UnsafeRawBufferPointer(rebasing: page[88..<136]))
        lastPage = page.number(at: 136)
        transaction = page.number(at: 144)
        // A file that was never written to has two of none. And no place in the file is beyond a number.
        guard lastPage < 1 << 46, transaction == 0 || transaction % 2 == UInt64(place) else {
            return nil
        }
    }

    /// Whether a file begins as one of LMDB, of whatever version, sound or not.
    static func beginsAsAny(_ page: UnsafeRawBufferPointer) -> Bool {
        page.count >= 20 && page.number(at: 16) == magic
    }

    /// Whether a file begins as one of this format, sound or not.
    static func begins(_ page: UnsafeRawBufferPointer) -> Bool {
        page.count >= 24 && page.number(at: 16) == magic && page.number(at: 20) == version
    }

    /// The size of the file's pages, as the first meta page tells it.
    static func pageSize(_ page: UnsafeRawBufferPointer) -> Int? {
        guard page.count >= 44 else { return nil }
        let size = Int(page.number(at: 40) as UInt32)
        return size >= 512 && size <= 65_536 && size.nonzeroBitCount == 1 ? size : nil
    }

    /// These bytes under another number.
    func numbered(_ transaction: UInt64) -> [UInt8] {
        var bytes = bytes
        for index in 0..<8 {
            bytes[bytes.count - 8 + index] =
                UInt8(truncatingIfNeeded: transaction >> (8 * UInt64(index)))
        }
        return bytes
    }
}

extension UnsafeRawBufferPointer {
    /// A little-endian number that lies within.
    @inline(__always)
    func number<Number: FixedWidthInteger & BitwiseCopyable>(at place: Int) -> Number {
        Number(littleEndian: loadUnaligned(fromByteOffset: place, as: Number.self))
    }

    /// Whether zeros stand there, a multiple of eight of them: looked at before each commit.
    func isZero(_ places: Range<Int>) -> Bool {
        var place = places.lowerBound
        while place < places.upperBound {
            guard number(at: place) == 0 as UInt64 else { return false }
            place += 8
        }
        return true
    }
}
