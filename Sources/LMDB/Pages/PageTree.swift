/// Reads the trees of an LMDB data file by `pread`, believing nothing.
///
/// LMDB has no checksums and follows whatever its pages say: one flipped bit in a page's header or in a
/// node's place is a segmentation fault in its cursor, not an error (observed on 8 % of the flips of a
/// fuzzed file). Who cannot have that walks the pages himself, beside LMDB or before it does. The layout stands in
/// PageBytes.swift.
///
/// The file is at rest, or the caller holds a read transaction that began before the tree was made: LMDB
/// overwrites no page that a state from that transaction on can reach.
package struct PageTree: Sendable {
    package let file: PageFile
    package let state: FileState
    /// The pages that were read, if somebody wants to know.
    package var reached: PagesReached?

    package var pageSize: Int { file.pageSize }
    package var lastPage: UInt64 { state.lastPage }
    /// The table of tables.
    package var main: TableRecord { state.main }
    /// The pages that are free, by the transaction that freed them.
    package var free: TableRecord { state.free }

    package init(file: PageFile, state: FileState) {
        self.file = file
        self.state = state
    }

    /// What is wrong with a page.
    package struct Damage: Error, Equatable, CustomStringConvertible {
        package let page: UInt64
        package let what: String
        /// The system's own word, if it said one.
        package var cause: FileFailure?

        package init(page: UInt64, what: String, cause: FileFailure? = nil) {
            self.page = page
            self.what = what
            self.cause = cause
        }

        package var description: String {
            let place = "page \(page): \(what)"
            return cause.map { "\(place) (\($0))" } ?? place
        }
    }

    /// Reads a page of a tree and checks all of it that a reader relies on.
    package func page(_ number: UInt64, isLeaf: Bool) throws(Damage) -> Page {
        guard number > 1, number <= lastPage else {
            throw Damage(page: number, what: "a page number beyond the end")
        }
        reached?.insert(number)
        let place = Int(number) * pageSize
        let page = try read(number, at: place, bytes: pageSize)
        guard page.uint64(0) == number else {
            throw Damage(page: number, what: "a page with the number of another")
        }
        guard page.uint16(10) == (isLeaf ? PageBytes.leaf : PageBytes.branch) else {
            throw Damage(page: number, what: "a page of another kind")
        }
        guard page.hasSoundNodes(isLeaf: isLeaf) else {
            throw Damage(page: number, what: "a node out of place")
        }
        return page
    }

    private func read(_ number: UInt64, at place: Int, bytes: Int) throws(Damage) -> Page {
        let page: Page?
        do throws(FileFailure) {
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
        return try read(first, at: Int(first) * pageSize, bytes: PageBytes.header + node.length)
    }

    /// Their header alone, and before the rest: the length in the node is one number, and this another.
    /// Answers the first of them.
    @discardableResult
    func checkOverflow(
        of node: Page.Node,
        in page: Page,
        _ number: UInt64
    ) throws(Damage) -> UInt64 {
        guard node.data.count == 8, let first = page.uint64(node.data.lowerBound) else {
            throw Damage(page: number, what: "a node of large data without a page number")
        }
        let pages = UInt64((PageBytes.header + node.length + pageSize - 1) / pageSize)
        guard first > 1, first <= lastPage, pages <= lastPage - first + 1 else {
            throw Damage(page: number, what: "large data beyond the end")
        }
        let header = try read(first, at: Int(first) * pageSize, bytes: PageBytes.header)
        guard header.uint64(0) == first, header.uint16(10) == PageBytes.overflow,
            // A shorter value put in the place of a longer one keeps all its pages.
            let there = header.uint32(12).map(UInt64.init), there >= pages,
            there <= lastPage - first + 1
        else { throw Damage(page: first, what: "an overflow page that is none") }
        reached?.insert(first..<first + there)
        return first
    }
}
