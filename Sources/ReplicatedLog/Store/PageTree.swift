internal import Platform

/// Reads the trees of an LMDB data file at rest by `pread`, believing nothing.
///
/// LMDB has no checksums and follows whatever its pages say: one flipped bit in a page's header or in a
/// node's place is a segmentation fault in its cursor, not an error (observed on 8 % of the flips of a
/// fuzzed log). A tool that looks for damage must survive it, so it walks the pages itself. The layout is
/// that of LMDB 0.9 on 64 bits; numbers are little-endian.
///
///     page   0 page number u64 | 8 pad u16 | 10 flags u16: 1 branch, 2 leaf, 4 overflow
///           12 end of the node places u16 | 14 begin of the nodes u16; overflow: 12 pages u32
///           16 place of each node u16 ..., from the lowest key up
///     node   0 low u16 | 2 high u16 | 4 flags u16 | 6 key length u16 | 8 key | data
///            branch: low, high and flags are the number of the child; the first key counts as lowest
///            leaf: low and high are the data's length; flags 1: data is the number u64 of its overflow
///            pages, 2: data is the record of a table
///     record 0 pad u32 | 4 flags u16 | 6 depth u16 | 8 branch, leaf, overflow pages u64 |
///           32 rows u64 | 40 root u64, all ones if there is no row
struct PageTree: ~Copyable {
    let pageSize: Int
    private let file: ReadOnlyFile
    let lastPage: UInt64
    /// The table of tables.
    let main: Record
    /// The pages that are free, by the transaction that freed them.
    let free: Record

    /// Where a table's pages begin.
    struct Record: Equatable {
        let flags: UInt16
        let depth: Int
        let rows: UInt64
        let root: UInt64?
    }

    /// The file must be at rest: somebody holds its lock.
    init(path: String) throws(LogOpenError) {
        let pageSize = try DataFile.inspect(path).pageSize
        let file: ReadOnlyFile
        do throws(PosixError) {
            file = try ReadOnlyFile(path: path)
        } catch {
            throw LogOpenError(error)
        }
        guard let first = Meta(Page.read(file, at: 0, bytes: Meta.bytes)),
            let second = Meta(Page.read(file, at: pageSize, bytes: Meta.bytes))
        else { throw .corrupt(path: path, detail: "a meta page") }
        // With equal transactions the first is meant, as LMDB decides.
        let newest = second.transaction > first.transaction ? second : first
        self.file = file
        self.pageSize = pageSize
        lastPage = newest.lastPage
        main = newest.main
        free = newest.free
    }

    private struct Meta {
        static let bytes = 152
        let main: Record
        let free: Record
        let lastPage: UInt64
        let transaction: UInt64

        init?(_ page: Page?) {
            guard let page, let main = page.record(88), let free = page.record(40),
                let lastPage = page.uint64(136),
                let transaction = page.uint64(144)
            else { return nil }
            self.main = main
            self.free = free
            self.lastPage = lastPage
            self.transaction = transaction
        }
    }

    /// What is wrong with a page.
    struct Damage: Error, Equatable {
        let page: UInt64
        let what: String
    }

    /// Reads a page of a tree and checks all of it that a reader relies on.
    func page(_ number: UInt64, isLeaf: Bool) throws(Damage) -> Page {
        guard number > 1, number <= lastPage else {
            throw Damage(page: number, what: "a page number beyond the end")
        }
        let place = Int(number) * pageSize
        guard let page = Page.read(file, at: place, bytes: pageSize) else {
            throw Damage(page: number, what: "a page that cannot be read")
        }
        guard page.uint64(0) == number else {
            throw Damage(page: number, what: "a page with the number of another")
        }
        guard page.uint16(10) == (isLeaf ? 2 : 1) else {
            throw Damage(page: number, what: "a page of another kind")
        }
        guard page.hasSoundNodes(isLeaf: isLeaf) else {
            throw Damage(page: number, what: "a node out of place")
        }
        return page
    }

    /// The data of a leaf's node, from its overflow pages if it is large.
    func value(of node: Page.Node, on number: UInt64) throws(Damage) -> [UInt8] {
        guard node.isLarge else { return node.data }
        guard node.data.count == 8, let first = Page(bytes: node.data).uint64(0) else {
            throw Damage(page: number, what: "a node of large data without a page number")
        }
        let pages = UInt64((16 + node.length + pageSize - 1) / pageSize)
        guard first > 1, first <= lastPage, pages <= lastPage - first + 1 else {
            throw Damage(page: number, what: "large data beyond the end")
        }
        let run = Page.read(file, at: Int(first) * pageSize, bytes: 16 + node.length)
        guard let run, run.uint64(0) == first, run.uint16(10) == 4,
            // A shorter value put in the place of a longer one keeps all its pages.
            let there = run.uint32(12).map(UInt64.init), there >= pages,
            there <= lastPage - first + 1
        else { throw Damage(page: first, what: "an overflow page that is none") }
        return Array(run.bytes[16...])
    }
}

/// Bytes of a file, with loads that are answered with nil beyond their end.
struct Page {
    let bytes: [UInt8]

    static func read(_ file: borrowing ReadOnlyFile, at place: Int, bytes count: Int) -> Page? {
        guard let bytes = try? file.read(at: Int64(place), count: count) else { return nil }
        return bytes.count == count ? Page(bytes: bytes) : nil
    }

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
            let rows = uint64(place + 32),
            let root = uint64(place + 40)
        else { return nil }
        return PageTree.Record(
            flags: flags,
            depth: Int(depth),
            rows: rows,
            root: root == .max ? nil : root
        )
    }

    // MARK: - Nodes

    /// A node of a leaf or branch.
    struct Node {
        let key: [UInt8]
        /// Of a branch: the page below.
        let child: UInt64
        /// Of a leaf: what is beside the key, and how long the value is.
        let data: [UInt8]
        let length: Int
        let isLarge: Bool
        let isTable: Bool
    }

    var nodeCount: Int { (Int(uint16(12) ?? 16) - 16) / 2 }

    /// Every node lies within the page, behind the places.
    func hasSoundNodes(isLeaf: Bool) -> Bool {
        guard let lower = uint16(12), let upper = uint16(14), lower >= 16, lower % 2 == 0,
            lower <= upper, Int(upper) <= bytes.count, nodeCount >= (isLeaf ? 1 : 2)
        else { return false }
        for index in 0..<nodeCount {
            guard let place = uint16(16 + 2 * index), place >= upper,
                end(ofNodeAt: Int(place), isLeaf: isLeaf) <= bytes.count
            else { return false }
        }
        return true
    }

    private func end(ofNodeAt place: Int, isLeaf: Bool) -> Int {
        guard let low = uint16(place), let high = uint16(place + 2),
            let flags = uint16(place + 4), let key = uint16(place + 6)
        else { return .max }
        guard isLeaf else { return place + 8 + Int(key) }
        let length = Int(low) | Int(high) << 16
        // No table here has duplicates: nothing but these two flags is known.
        guard flags & ~3 == 0 else { return .max }
        return place + 8 + Int(key) + (flags & 1 == 1 ? 8 : length)
    }

    /// On a page whose nodes are sound.
    func node(_ index: Int, isLeaf: Bool) -> Node? {
        guard let place = uint16(16 + 2 * index).map(Int.init), let low = uint16(place),
            let high = uint16(place + 2), let flags = uint16(place + 4),
            let keyLength = uint16(place + 6)
        else { return nil }
        let key = place + 8..<place + 8 + Int(keyLength)
        let length = Int(low) | Int(high) << 16
        let end = end(ofNodeAt: place, isLeaf: isLeaf)
        guard end <= bytes.count else { return nil }
        return Node(
            key: Array(bytes[key]),
            child: UInt64(length) | UInt64(flags) << 32,
            data: isLeaf ? Array(bytes[key.upperBound..<end]) : [],
            length: length,
            isLarge: isLeaf && flags & 1 == 1,
            isTable: isLeaf && flags & 2 == 2
        )
    }
}
