internal import LMDB
internal import Platform

/// An LMDB data file, open for reading by `pread`: shared by all who walk its pages.
///
/// A page that cannot be read is an error here, where a touch of the map would end the process (`SIGBUS`).
/// The layout is that of LMDB 0.9 on 64 bits; numbers are little-endian.
final class PageFile: Sendable {
    let path: String
    let pageSize: Int
    private let file: ReadOnlyFile

    convenience init(path: String) throws(LogOpenError) {
        let file = try DataFile.inspect(path, isRecovered: false)
        try self.init(path: path, pageSize: file.pageSize)
    }

    init(path: String, pageSize: Int) throws(LogOpenError) {
        self.path = path
        self.pageSize = pageSize
        do throws(PosixError) {
            file = try ReadOnlyFile(path: path)
        } catch {
            throw LogOpenError(error)
        }
    }

    /// Keeps writers away for as long as this value lives, without leaving anything behind: they hold the
    /// whole file. False if one is there.
    func share() throws(LogOpenError) -> Bool {
        do throws(PosixError) {
            return try file.lockShared()
        } catch {
            throw LogOpenError(error)
        }
    }

    /// So many bytes, or nil if the file ends before. An error of the system keeps its name (`R87`).
    func read(at place: Int, bytes count: Int) throws(PosixError) -> Page? {
        let bytes = try file.read(at: Int64(place), count: count)
        return bytes.count == count ? Page(bytes: bytes) : nil
    }

    /// The newest state that the file holds; throws if a meta page is not sound. At rest, with nobody who
    /// writes meanwhile, they are also those of two transactions in a row.
    ///
    /// Else LMDB may be writing one of them, of which a read may see a part: they are read until two
    /// readings agree.
    func newest(isAtRest: Bool) throws(PageTree.Damage) -> Meta {
        var pages = try metaPages()
        var readings = 1
        while !isAtRest {
            let again = try metaPages()
            if again == pages { break }
            pages = again
            readings += 1
            guard readings < Self.mostReadings else {
                throw PageTree.Damage(page: 0, what: "meta pages that never hold still")
            }
        }
        let both = Page(bytes: pages)
        guard let first = Meta(both, at: 0, number: 0),
            let second = Meta(both, at: pageSize, number: 1)
        else { throw PageTree.Damage(page: 0, what: "a meta page") }
        if isAtRest {
            let low = min(first.transaction, second.transaction)
            guard max(first.transaction, second.transaction) - low <= 1 else {
                throw PageTree.Damage(page: 0, what: "a meta page")
            }
        }
        // With equal transactions the first is meant, as LMDB decides.
        return second.transaction > first.transaction ? second : first
    }

    private static let mostReadings = 1000

    /// The state that an opening of the file at rest would take. After a crash that need not be the newest.
    func recovered() throws(LogOpenError) -> Meta {
        let place: Int?
        do throws(EnvironmentOpenError) {
            place = try SealedState.place(at: path)
        } catch {
            throw LogOpenError(error, path: path)
        }
        do throws(PageTree.Damage) {
            guard let place else { return try newest(isAtRest: true) }
            let pages = Page(bytes: try metaPages())
            guard let meta = Meta(pages, at: place * pageSize, number: UInt64(place)) else {
                throw PageTree.Damage(page: UInt64(place), what: "a meta page")
            }
            return meta
        } catch {
            throw LogOpenError(error, path: path)
        }
    }

    /// The state of a transaction, of a file at rest.
    func meta(of transaction: UInt64) throws(PageTree.Damage) -> Meta {
        let number = transaction % 2
        let found = Meta(Page(bytes: try metaPages()), at: Int(number) * pageSize, number: number)
        guard let found, found.transaction == transaction else {
            throw PageTree.Damage(page: number, what: "a meta page")
        }
        return found
    }

    /// Both, and what lies between, by one call: it costs more than the bytes between them.
    private func metaPages() throws(PageTree.Damage) -> [UInt8] {
        let found: Page?
        do throws(PosixError) {
            found = try read(at: 0, bytes: pageSize + Meta.bytes)
        } catch {
            throw PageTree.Damage(page: 0, what: "a meta page", cause: error)
        }
        guard let found else { throw PageTree.Damage(page: 0, what: "a meta page that is gone") }
        return found.bytes
    }

    /// A meta page; the whole of it stands in DataFile.swift.
    struct Meta: Equatable {
        /// With what lies behind it in its sector.
        static let bytes = 512
        static let magic: UInt32 = 0xBEEF_C0DE
        private static let version: UInt32 = 1
        private static let isMeta: UInt16 = 8

        let main: PageTree.Record
        let free: PageTree.Record
        let lastPage: UInt64
        let transaction: UInt64
        /// The one that made the roots: another where an opening has undone a transaction.
        let roots: UInt64

        init?(_ pages: Page, at place: Int, number: UInt64) {
            guard pages.uint64(place) == number, pages.uint16(place + 10) == Self.isMeta,
                pages.uint32(place + 16) == Self.magic, pages.uint32(place + 20) == Self.version,
                let free = pages.record(place + 40),
                let main = pages.record(place + 88), let lastPage = pages.uint64(place + 136),
                // So that no place in the file is beyond a number.
                lastPage < 1 << 46,
                let transaction = pages.uint64(place + 144),
                // They take turns; a file that was never written to has two of none.
                transaction == 0 || transaction % 2 == number
            else { return nil }
            self.main = main
            self.free = free
            self.lastPage = lastPage
            self.transaction = transaction
            let sector = pages.bytes.dropFirst(place).prefix(Self.bytes)
            roots = MetaSector(Array(sector), place: Int(number))?.roots ?? transaction
        }
    }
}

/// Bytes of a file, with loads that are answered with nil beyond their end.
struct Page {
    let bytes: [UInt8]

    func uint16(_ place: Int) -> UInt16? { load(place) }
    func uint32(_ place: Int) -> UInt32? { load(place) }
    func uint64(_ place: Int) -> UInt64? { load(place) }

    private func load<Number: FixedWidthInteger & BitwiseCopyable>(_ place: Int) -> Number? {
        guard place >= 0, place + MemoryLayout<Number>.size <= bytes.count else { return nil }
        return bytes.withUnsafeBytes { bytes in
            Number(littleEndian: bytes.loadUnaligned(fromByteOffset: place, as: Number.self))
        }
    }

    func record(_ place: Int) -> PageTree.Record? {
        guard let flags = uint16(place + 4), let depth = uint16(place + 6),
            let branches = uint64(place + 8), let leaves = uint64(place + 16),
            let large = uint64(place + 24), let rows = uint64(place + 32),
            let root = uint64(place + 40)
        else { return nil }
        let pages = branches.addingReportingOverflow(leaves).partialValue
            .addingReportingOverflow(large).partialValue
        return PageTree.Record(
            flags: flags,
            depth: Int(depth),
            pages: pages,
            rows: rows,
            root: root == .max ? nil : root
        )
    }

    // MARK: - Nodes

    /// A node of a leaf or branch.
    struct Node {
        let key: Range<Int>
        /// Of a branch: the page below.
        let child: UInt64
        /// Of a leaf: what is beside the key, and how long the value is.
        let data: Range<Int>
        let length: Int
        let isLarge: Bool
    }

    var nodeCount: Int { (Int(uint16(12) ?? 16) - 16) / 2 }

    /// The nodes fill what lies behind the places to the last byte, each within the page: LMDB closes
    /// every gap at once, so one that is there has lost its node.
    ///
    /// The writer asks it of some two hundred nodes before each transaction.
    func hasSoundNodes(isLeaf: Bool) -> Bool {
        bytes.withUnsafeBytes { bytes in
            let size = bytes.count
            guard size >= 16 else { return false }
            let lower = Int(bytes.number(at: 12))
            let upper = Int(bytes.number(at: 14))
            guard lower >= (isLeaf ? 18 : 20), lower % 2 == 0, lower <= upper, upper <= size else {
                return false
            }
            var filled = 0
            // Each place lies before `lower`, and so within the page.
            for index in stride(from: 16, to: lower, by: 2) {
                let place = Int(bytes.number(at: index))
                guard place >= upper, place % 2 == 0, place + 8 <= size else { return false }
                var end = place + 8 + Int(bytes.number(at: place + 6))
                if isLeaf {
                    let flags = bytes.number(at: place + 4)
                    // No table here has duplicates: nothing but these two flags is known.
                    guard flags & ~3 == 0 else { return false }
                    let length =
                        Int(bytes.number(at: place)) | Int(bytes.number(at: place + 2)) << 16
                    end += flags & 1 == 1 ? 8 : length
                }
                guard end <= size else { return false }
                filled += (end - place + 1) & ~1
            }
            return filled == size - upper
        }
    }

    /// On a page whose nodes are sound.
    func node(_ index: Int, isLeaf: Bool) -> Node? {
        guard let place = uint16(16 + 2 * index).map(Int.init), let low = uint16(place),
            let high = uint16(place + 2), let flags = uint16(place + 4),
            let keyLength = uint16(place + 6),
            place + 8 + Int(keyLength) <= bytes.count
        else { return nil }
        let key = place + 8..<place + 8 + Int(keyLength)
        let length = Int(low) | Int(high) << 16
        let end = key.upperBound + (isLeaf ? flags & 1 == 1 ? 8 : length : 0)
        guard end <= bytes.count else { return nil }
        return Node(
            key: key,
            child: UInt64(length) | UInt64(flags) << 32,
            data: key.upperBound..<end,
            length: length,
            isLarge: isLeaf && flags & 1 == 1
        )
    }
}

extension UnsafeRawBufferPointer {
    /// Two bytes that are there.
    fileprivate func number(at place: Int) -> UInt16 {
        UInt16(littleEndian: loadUnaligned(fromByteOffset: place, as: UInt16.self))
    }
}
