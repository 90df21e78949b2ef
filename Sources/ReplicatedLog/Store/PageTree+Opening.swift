internal import LogWire
internal import PaxosCore
internal import Platform

/// What an opening follows through LMDB's cursors and writes beside, checked before the first of them
/// is used: a flipped bit refuses the directory instead of ending the process.
///
/// The cost is that of the rows which an opening reads anyway, and of the whole list of free pages. What lies
/// below the checkpoint is left to `rlog verify`.
extension PageTree {
    static let integerKeys: UInt16 = 8
    /// Keys from the right, duplicates and their kinds.
    private static let kinds: UInt16 = 0x3E

    /// The table of tables, and the small values, by which a directory is known.
    func checkValues() throws(Damage) {
        for table in try tables() where table.name == Array(Schema.state.utf8) {
            // Another program may have a table of that name, and of another kind.
            let rows =
                table.record.flags == 0
                ? try rows(of: table.record) : (try? rows(of: table.record)) ?? []
            guard rows.contains(where: { $0.key == Schema.identityKey }) else { continue }
            try checkKinds()
            try check(table.record, flags: 0)
        }
    }

    /// The kinds of the tables, the ways to where rows are read and put, and the list of free pages.
    ///
    /// - Parameter first: The lowest slot that the opening reads.
    func checkRows(from first: Slot) throws(Damage) {
        var tree = self
        tree.reached = Locked([])
        try tree.checkValues()
        try tree.checkTables(from: first)
        try tree.checkFreePages()
        try checkTransaction()
    }

    private func checkTables(from first: Slot) throws(Damage) {
        for (name, record) in try tables() {
            switch name {
            case Array(Schema.state.utf8):
                try check(record, flags: 0)
            case Array(Schema.accepted.utf8):
                try check(record, flags: Self.integerKeys)
                try checkRows(of: record, from: first)
            case Array(Schema.ineffective.utf8):
                try check(record, flags: Self.integerKeys)
                try checkRows(of: record, from: first)
            default:
                continue
            }
        }
    }

    /// Every transaction frees pages, if only the roots before it, and puts them down under its number: so a
    /// number that has changed shows. Of the older meta page nothing follows: where a meta page could not be
    /// written, LMDB leaves the new roots there under the old number.
    private func checkTransaction() throws(Damage) {
        guard meta.roots > 2 else { return }
        guard try highestKey(of: free) == meta.roots else {
            throw Damage(page: meta.transaction % 2, what: "the number of a transaction")
        }
    }

    /// Those of the two tables that a meta page holds; the flags of the environment stand beside.
    func checkKinds() throws(Damage) {
        guard free.flags & Self.kinds == Self.integerKeys else {
            throw Damage(page: free.root ?? 0, what: "a list of free pages of another kind")
        }
        guard main.flags & Self.kinds == 0 else {
            throw Damage(page: main.root ?? 0, what: "a table of tables of another kind")
        }
    }

    func check(_ table: Record, flags: UInt16) throws(Damage) {
        guard table.flags == flags else {
            throw Damage(page: table.root ?? 0, what: "a table of another kind")
        }
    }

    private func checkRows(of table: Record, from first: Slot) throws(Damage) {
        try walk(table, order: .number, from: .number(first.rawValue)) { _, _ in true }
        _ = try highestKey(of: table)
    }

    /// The pages that the next transactions may overwrite.
    private func checkFreePages() throws(Damage) {
        try checkKinds()
        try walk(free, order: .number) { (_, list) throws(Damage) in
            _ = try freePages(in: list)
            return true
        }
    }

    /// What a list names; throws if it is none, or names a page that this tree has led to. A root that has
    /// changed can lead to the pages of the state before, which are as sound.
    func freePages(in list: UnsafeRawBufferPointer) throws(Damage) -> [UInt64] {
        guard let pages = freeList(list) else {
            throw Damage(page: free.root ?? 0, what: "a list of free pages")
        }
        if let page = reached?.withLock({ pages.first(where: $0.contains) }) {
            throw Damage(page: page, what: "a page in use that is listed as free")
        }
        return pages
    }

    /// Whether a page that this tree has led to is listed as free, as far as the list can be read.
    func checkNothingReachedIsFree() throws(Damage) {
        var found: UInt64?
        walk(free, order: .number, damaged: { _ in true }) { _, list in
            if let pages = freeList(list) {
                found = reached?.withLock { pages.first(where: $0.contains) }
            }
            return found == nil
        }
        if let found { throw Damage(page: found, what: "a page in use that is listed as free") }
        try checkTransaction()
    }

    /// Counted, descending, and of pages that are there; nil if it is not. LMDB makes room for a list before
    /// it knows how long it will be, so it may be shorter than its place.
    private func freeList(_ list: UnsafeRawBufferPointer) -> [UInt64]? {
        func number(_ index: Int) -> UInt64 {
            UInt64(littleEndian: list.loadUnaligned(fromByteOffset: 8 * index, as: UInt64.self))
        }
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
