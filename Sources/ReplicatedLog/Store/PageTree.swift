internal import Platform

/// Reads the trees of an LMDB data file by `pread`, believing nothing.
///
/// LMDB has no checksums and follows whatever its pages say: one flipped bit in a page's header or in a
/// node's place is a segmentation fault in its cursor, not an error (observed on 8 % of the flips of a
/// fuzzed log). So the tools, the readers of a running node and every opening walk the pages themselves.
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
///
/// The file is at rest, or the caller holds a read transaction that began before the tree was made: LMDB
/// overwrites no page that a state from that transaction on can reach.
struct PageTree: Sendable {
    let file: PageFile
    let meta: PageFile.Meta
    /// The pages that were read, if somebody wants to know.
    var reached: Locked<Set<UInt64>>?

    var pageSize: Int { file.pageSize }
    var lastPage: UInt64 { meta.lastPage }
    /// The table of tables.
    var main: Record { meta.main }
    /// The pages that are free, by the transaction that freed them.
    var free: Record { meta.free }

    /// Where a table's pages begin.
    struct Record: Equatable {
        let flags: UInt16
        let depth: Int
        /// Of all kinds.
        let pages: UInt64
        let rows: UInt64
        let root: UInt64?
    }

    init(path: String) throws(LogOpenError) {
        try self.init(file: try PageFile(path: path))
    }

    /// Of a file at rest.
    init(file: PageFile) throws(LogOpenError) {
        do throws(Damage) {
            self.init(file: file, meta: try file.newest(isAtRest: true))
        } catch {
            throw LogOpenError(error, path: file.path)
        }
    }

    init(file: PageFile, meta: PageFile.Meta) {
        self.file = file
        self.meta = meta
    }

    /// What is wrong with a page.
    struct Damage: Error, Equatable {
        let page: UInt64
        let what: String
        /// The system's own word, if it said one.
        var cause: PosixError?
    }

    /// Reads a page of a tree and checks all of it that a reader relies on.
    func page(_ number: UInt64, isLeaf: Bool) throws(Damage) -> Page {
        guard number > 1, number <= lastPage else {
            throw Damage(page: number, what: "a page number beyond the end")
        }
        reached?.withLock { _ = $0.insert(number) }
        let place = Int(number) * pageSize
        let page = try read(number, at: place, bytes: pageSize)
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

    private func read(_ number: UInt64, at place: Int, bytes: Int) throws(Damage) -> Page {
        let page: Page?
        do throws(PosixError) {
            page = try file.read(at: place, bytes: bytes)
        } catch {
            throw Damage(page: number, what: "a page that cannot be read", cause: error)
        }
        guard let page else { throw Damage(page: number, what: "a page beyond the file") }
        return page
    }

    /// The overflow pages of a leaf's large node, from their header to the end of the value.
    func overflow(of node: Page.Node, in page: Page, _ number: UInt64) throws(Damage) -> Page {
        let first = try checkOverflow(of: node, in: page, number)
        return try read(first, at: Int(first) * pageSize, bytes: 16 + node.length)
    }

    /// Their header alone, and before the rest: the length in the node is one number, and this another
    /// (`R39`). Answers the first of them.
    @discardableResult
    func checkOverflow(
        of node: Page.Node,
        in page: Page,
        _ number: UInt64
    ) throws(Damage) -> UInt64 {
        guard node.data.count == 8, let first = page.uint64(node.data.lowerBound) else {
            throw Damage(page: number, what: "a node of large data without a page number")
        }
        let pages = UInt64((16 + node.length + pageSize - 1) / pageSize)
        guard first > 1, first <= lastPage, pages <= lastPage - first + 1 else {
            throw Damage(page: number, what: "large data beyond the end")
        }
        let header = try read(first, at: Int(first) * pageSize, bytes: 16)
        guard header.uint64(0) == first, header.uint16(10) == 4,
            // A shorter value put in the place of a longer one keeps all its pages.
            let there = header.uint32(12).map(UInt64.init), there >= pages,
            there <= lastPage - first + 1
        else { throw Damage(page: first, what: "an overflow page that is none") }
        reached?.withLock { $0.formUnion(first..<first + there) }
        return first
    }
}
