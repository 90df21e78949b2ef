/// The pages that the next transactions may overwrite. One that is in use, or listed twice, would be written over,
/// or end LMDB in an assertion.
extension PageTree {
    /// Keys from the right, duplicates and their kinds.
    private static let kinds: UInt16 = 0x3E

    /// Those of the two tables that a meta page holds; the flags of the environment stand beside.
    package func checkKinds() throws(Damage) {
        guard free.flags & Self.kinds == TableRecord.integerKeys else {
            throw Damage(page: free.root ?? 0, what: "a list of free pages of another kind")
        }
        guard main.flags & Self.kinds == 0 else {
            throw Damage(page: main.root ?? 0, what: "a table of tables of another kind")
        }
    }

    package func check(_ table: TableRecord, flags: UInt16) throws(Damage) {
        guard table.flags == flags else {
            throw Damage(page: table.root ?? 0, what: "a table of another kind")
        }
        guard table.pages <= state.lastPage, table.rows <= UInt64(Int.max) else {
            throw Damage(page: table.root ?? 0, what: "a table of more pages than the file has")
        }
    }

    /// Every transaction frees pages, if only the roots before it, and puts them down under its number: so a
    /// number that has changed shows. Of the older meta page nothing follows: where a meta page could not be
    /// written, LMDB leaves the new roots there under the old number.
    package func checkTransaction() throws(Damage) {
        guard state.roots > 2 else { return }
        guard try highestKey(of: free) == state.roots else {
            throw Damage(page: state.transaction % 2, what: "the number of a transaction")
        }
    }

    /// The whole list.
    package func checkFreePages() throws(Damage) {
        try checkKinds()
        try walk(free, order: .number) { (_, list) throws(Damage) in
            _ = try freePages(in: list)
            return true
        }
    }

    /// The beginning of the list, which the next transactions use up: so many rows of it, or so many bytes.
    package func checkFreePages(rows most: Int, bytes mostBytes: Int) throws(Damage) {
        var listed: Set<UInt64> = []
        var rows = 0
        var bytes = 0
        try walk(free, order: .number) { (_, list) throws(Damage) in
            rows += 1
            bytes += list.count
            let pages = try freePages(in: list)
            for page in pages where !listed.insert(page).inserted {
                throw Damage(page: page, what: "a page that is listed as free twice")
            }
            return rows < most && bytes < mostBytes
        }
        _ = try highestKey(of: free)
    }

    /// What a list names; throws if it is none, or names a page that this tree has led to. A root that has
    /// changed can lead to the pages of the state before, which are as sound.
    private func freePages(in list: UnsafeRawBufferPointer) throws(Damage) -> [UInt64] {
        guard let pages = freeList(list) else {
            throw Damage(page: free.root ?? 0, what: "a list of free pages")
        }
        if let page = reached?.first(of: pages) {
            throw Damage(page: page, what: "a page in use that is listed as free")
        }
        return pages
    }

    /// Whether a page that this tree has led to is listed as free, as far as the list can be read.
    package func checkNothingReachedIsFree() throws(Damage) {
        var found: UInt64?
        walk(free, order: .number, damaged: { _ in true }) { _, list in
            if let pages = freeList(list) { found = reached?.first(of: pages) }
            return found == nil
        }
        if let found { throw Damage(page: found, what: "a page in use that is listed as free") }
        try checkTransaction()
    }

    /// Counted, descending, and of pages that are there; nil if it is not. LMDB makes room for a list before
    /// it knows how long it will be, so it may be shorter than its place.
    private func freeList(_ list: UnsafeRawBufferPointer) -> [UInt64]? {
        func number(_ index: Int) -> UInt64 { list.number(at: 8 * index) }
        guard list.count >= 8, list.count % 8 == 0, number(0) < UInt64(list.count / 8) else {
            return nil
        }
        var pages: [UInt64] = []
        pages.reserveCapacity(Int(number(0)))
        var above = lastPage + 1
        for index in 0..<Int(number(0)) {
            let page = number(index + 1)
            guard page > 1, page < above else { return nil }
            pages.append(page)
            above = page
        }
        return pages
    }
}
