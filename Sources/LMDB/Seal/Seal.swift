// A transaction is sealed once its pages and its meta page are written and before they are flushed, all by one
// flush. The seal lies behind its meta page in the same sector of 512 bytes, and tells by checksums what must be
// there if the flush has done its work, so that a crash in it shows:
//
//     152 magic "LMDBSEAL"
//     160 version u32: 1 | 164 flags u32: 1, confirmed
//     168 number u64: of the transaction
//     176 beginning u64: of the first sealed transaction of the file
//     184 roots u64: the transaction that made the roots; another only where one was dropped or copied
//     192 pages u64: how many pages its trees reach and those of the transaction before do not
//     200 checksum u64 of those pages: number, count and bytes of each, in the order of the walk (TreeWalk.swift)
//     208 checksum u64 of the 120 bytes of its meta page
//     216 checksum u64 of the 120 bytes of the meta page before it
//     224 checksum u64 of the last 16 bytes of its meta page: last page and number
//     232 reserved u64: zero
//     240 checksum u64 of bytes 152 to 240
//     248 to 512 zeros
//
// All checksums are XXH64 over the bytes and zeros up to a multiple of 32.

/// What tells whether a transaction is on the disk whole.
struct Seal: Hashable, Sendable {
    static let place = MetaPage.written.upperBound
    static let byteCount = 96
    private static let magic = Array("LMDBSEAL".utf8)
    private static let version: UInt32 = 1
    private static let confirmedFlag: UInt32 = 1

    /// Its flush has returned: whatever disagrees from now on is rot, not a crash.
    var isConfirmed = false
    let number: UInt64
    let beginning: UInt64
    let roots: UInt64
    let pages: UInt64
    let digest: UInt64
    let meta: UInt64
    let predecessor: UInt64
    let end: UInt64

    /// Of the transaction of a meta page that follows another.
    init(
        of meta: MetaPage,
        after predecessor: MetaPage,
        beginning: UInt64,
        roots: UInt64? = nil,
        pages: UInt64 = 0,
        digest: UInt64 = Digest().value
    ) {
        number = meta.transaction
        self.beginning = beginning
        self.roots = roots ?? meta.transaction
        self.pages = pages
        self.digest = digest
        self.meta = Digest.of(meta.bytes)
        self.predecessor = Digest.of(predecessor.bytes)
        end = Digest.of(meta.bytes.suffix(16))
    }

    /// Reads what lies behind a meta page; nil if it is no seal, or not as it was written.
    init?(_ sector: UnsafeRawBufferPointer) {
        let end = Self.place + Self.byteCount
        guard sector.count >= MetaPage.sector,
            sector[Self.place..<Self.place + 8].elementsEqual(Self.magic),
            sector.number(at: 160) == Self.version,
            sector.isZero(232..<240), sector.isZero(end..<MetaPage.sector),
            sector.number(at: 240)
                == Digest.of(UnsafeRawBufferPointer(rebasing: sector[Self.place..<240]))
        else { return nil }
        let flags: UInt32 = sector.number(at: 164)
        guard flags & ~Self.confirmedFlag == 0 else { return nil }
        isConfirmed = flags & Self.confirmedFlag != 0
        number = sector.number(at: 168)
        beginning = sector.number(at: 176)
        roots = sector.number(at: 184)
        pages = sector.number(at: 192)
        digest = sector.number(at: 200)
        meta = sector.number(at: 208)
        predecessor = sector.number(at: 216)
        self.end = sector.number(at: 224)
    }

    /// Its bytes, from `place` on.
    var bytes: [UInt8] {
        var bytes = Self.magic
        bytes.append(Self.version)
        bytes.append(isConfirmed ? Self.confirmedFlag : 0)
        for number in [
            number, beginning, roots, pages, digest, meta, predecessor, end, 0,
        ] {
            bytes.append(number)
        }
        bytes.append(Digest.of(bytes))
        return bytes
    }

    func seals(_ meta: MetaPage) -> Bool {
        number == meta.transaction && self.meta == Digest.of(meta.bytes)
    }

    func follows(_ meta: MetaPage) -> Bool { predecessor == Digest.of(meta.bytes) }
}

extension [UInt8] {
    fileprivate mutating func append<Number: FixedWidthInteger>(_ number: Number) {
        Swift.withUnsafeBytes(of: number.littleEndian) { append(contentsOf: $0) }
    }
}
