// Which pages a transaction has written, found from its roots and those of the transaction before: LMDB overwrites
// no page that either of them reaches, and a page that changes gets another number, as do all above it. So a page
// is new exactly if the trees before do not reach it, and the pages above a new one are new.
//
// Two trees are compared height by height, counted from the leaves: a root that splits adds a height above, one
// that is left with a single child takes one away, and the height of a page never changes. Of each height there
// are the children of the new pages above it and the children of the pages that these replaced; those of the first
// which are not among the second are new. A child that stayed cannot be missing among the second: the page above
// that held it was immutable and has gone, or it would be held twice. So nothing is read but the new pages, and the
// branches that they replaced.
//
// The order is fixed, since the checksum goes along: the table of free pages, the main table, then the named
// tables in the order of their names in the main table; each from the root to the leaves, each height in the order
// of its keys, and last what lies on pages of its own, in the order of the leaves.

/// Finds the new pages of a transaction.
struct TreeWalk<Source: PageSource> {
    /// Why they were not found.
    enum Failure: Error, Hashable, Sendable {
        /// A page of the transaction is not there, or more than there may be.
        case new(page: UInt64)
        /// A page of the transaction before is not as it must be: rot, since that was flushed.
        case old(page: UInt64)
        case read(LMDBError)
    }

    private static var deepest: Int { 32 }

    private let reader: PageReader<Source>
    private let before: MetaPage
    private let after: MetaPage
    private let most: UInt64
    private(set) var pages: UInt64 = 0
    private(set) var digest = Digest()
    /// What was found, in the order of the checksum.
    private(set) var runs: [PageRun] = []

    /// How many pages were read.
    var read: Int { reader.count }

    /// - Parameter most: It stops at so many pages.
    init(
        from before: MetaPage,
        to after: MetaPage,
        most: UInt64 = .max,
        in source: Source,
        pageSize: Int
    ) {
        self.init(
            from: before,
            to: after,
            most: most,
            by: PageReader(source: source, pageSize: pageSize)
        )
    }

    /// With a reader whose room is there already.
    init(
        from before: MetaPage,
        to after: MetaPage,
        most: UInt64 = .max,
        by reader: PageReader<Source>
    ) {
        self.reader = reader
        reader.begin()
        self.before = before
        self.after = after
        self.most = min(most, after.lastPage)
    }

    mutating func walk() throws(Failure) {
        _ = try compare(before.free, after.free, holdsTables: false)
        let tables = try compare(before.main, after.main, holdsTables: true)
        for (name, record) in tables.after {
            let old = tables.before.first { $0.name == name }?.record ?? .empty
            _ = try compare(old, record, holdsTables: false)
        }
    }

    // MARK: - Two trees

    private typealias Tables = [(name: [UInt8], record: TableRecord)]

    private mutating func compare(
        _ old: TableRecord,
        _ new: TableRecord,
        holdsTables: Bool
    ) throws(Failure) -> (before: Tables, after: Tables) {
        guard let root = new.root, root != old.root else { return ([], []) }
        guard 1...Self.deepest ~= new.depth else { throw .new(page: root) }
        if let oldRoot = old.root, !(1...Self.deepest ~= old.depth) { throw .old(page: oldRoot) }
        let oldDepth = old.root == nil ? 0 : old.depth
        var above: [UInt64] = []
        var replacedAbove: [UInt64] = []
        for height in (0..<max(new.depth, oldDepth)).reversed() {
            var here = above
            var there = replacedAbove
            if height == new.depth - 1 { here = [root] }
            if height == oldDepth - 1, let oldRoot = old.root { there = [oldRoot] }
            let fresh = here.without(there)
            if height < new.depth, fresh.isEmpty { return ([], []) }
            let replaced = there.without(here)
            if height == 0 {
                return try compareLeaves(fresh, replaced, holdsTables: holdsTables)
            }
            above = try children(of: fresh)
            replacedAbove = try oldChildren(of: replaced)
        }
        return ([], [])
    }

    private mutating func children(of fresh: [UInt64]) throws(Failure) -> [UInt64] {
        var children: [UInt64] = []
        let last = after.lastPage
        try forEach(fresh) { number, page throws(Failure) in
            guard page.isSound(number, isLeaf: false), page.addChildren(to: &children, last)
            else { throw .new(page: number) }
        }
        return children
    }

    private func oldChildren(of replaced: [UInt64]) throws(Failure) -> [UInt64] {
        var children: [UInt64] = []
        for number in replaced {
            let page = try old(number)
            guard page.isSound(number, isLeaf: false),
                page.addChildren(to: &children, before.lastPage)
            else { throw .old(page: number) }
        }
        return children
    }

    private mutating func compareLeaves(
        _ fresh: [UInt64],
        _ replaced: [UInt64],
        holdsTables: Bool
    ) throws(Failure) -> (before: Tables, after: Tables) {
        var found = LeafFindings()
        try forEach(fresh) { number, page throws(Failure) in
            guard page.isSound(number, isLeaf: true),
                page.add(to: &found, holdsTables: holdsTables)
            else { throw .new(page: number) }
        }
        var before = LeafFindings()
        if holdsTables || !found.large.isEmpty {
            for number in replaced {
                let page = try old(number)
                guard page.isSound(number, isLeaf: true),
                    page.add(to: &before, holdsTables: holdsTables)
                else { throw .old(page: number) }
            }
        }
        let known = Set(before.large.map(\.page))
        for value in found.large where !known.contains(value.page) { try take(value) }
        return (before.tables, found.tables)
    }

    // MARK: - Pages

    /// Takes new pages into the count and the checksum, and hands them out.
    private mutating func forEach(
        _ numbers: [UInt64],
        _ body: (UInt64, PageBytes) throws(Failure) -> Void
    ) throws(Failure) {
        var next = 0
        while next < numbers.count {
            // Pages that adjoin by one call.
            var end = next + 1
            while end < numbers.count, end - next < PageReader<Source>.most,
                numbers[end] == numbers[end - 1] + 1
            {
                end += 1
            }
            let first = numbers[next]
            try count(PageRun(page: first, pages: 1), of: end - next)
            guard let bytes = try load(first, pages: end - next) else {
                throw .new(page: first)
            }
            for index in next..<end {
                let page = PageBytes(bytes.page(index - next, of: reader.pageSize))
                digest.add(page: numbers[index], pages: 1)
                digest.add(page.bytes)
                try body(numbers[index], page)
            }
            next = end
        }
    }

    /// Takes a value on pages of its own, all of them: it may have more than it needs.
    private mutating func take(_ value: LeafFindings.Large) throws(Failure) {
        guard value.page > 1, value.page <= after.lastPage,
            let header = try load(value.page, pages: 1)
        else { throw .new(page: value.page) }
        let pages = UInt64(header.number(at: 12) as UInt32)
        let size = UInt64(reader.pageSize)
        let needed = (UInt64(value.length) + 16 + size - 1) / size
        guard header.number(at: 0) == value.page, header.number(at: 10) == PageBytes.overflow,
            pages >= needed, pages <= after.lastPage - value.page + 1
        else { throw .new(page: value.page) }
        try count(PageRun(page: value.page, pages: pages), of: 1)
        digest.add(page: value.page, pages: pages)
        var done: UInt64 = 0
        while done < pages {
            let part = min(pages - done, UInt64(PageReader<Source>.most))
            guard let bytes = try load(value.page + done, pages: Int(part)) else {
                throw .new(page: value.page)
            }
            digest.add(bytes)
            done += part
        }
    }

    private mutating func count(_ run: PageRun, of number: Int) throws(Failure) {
        guard run.page > 1, run.page + UInt64(number) - 1 <= after.lastPage else {
            throw .new(page: run.page)
        }
        pages += run.pages * UInt64(number)
        guard pages <= most else { throw .new(page: run.page) }
        for index in 0..<UInt64(number) {
            runs.append(PageRun(page: run.page + index, pages: run.pages))
        }
    }

    private func old(_ number: UInt64) throws(Failure) -> PageBytes {
        guard number > 1, number <= before.lastPage, let bytes = try load(number, pages: 1)
        else { throw .old(page: number) }
        return PageBytes(bytes)
    }

    private func load(_ page: UInt64, pages: Int) throws(Failure) -> UnsafeRawBufferPointer? {
        do throws(LMDBError) {
            return try reader.read(page, pages: pages)
        } catch {
            throw .read(error)
        }
    }
}

/// A page of a tree, or all those of a large value.
struct PageRun: Hashable, Sendable {
    let page: UInt64
    let pages: UInt64
}

extension [UInt64] {
    /// The elements, in their order, that are not among others. Most of either are among both, in the
    /// same order and at the ends.
    func without(_ others: [UInt64]) -> [UInt64] {
        var front = 0
        let shorter = Swift.min(count, others.count)
        while front < shorter, self[front] == others[front] { front += 1 }
        var back = 0
        while back < shorter - front, self[count - 1 - back] == others[others.count - 1 - back] {
            back += 1
        }
        let rest = self[front..<count - back]
        let against = Set(others[front..<others.count - back])
        return against.isEmpty ? Array(rest) : rest.filter { !against.contains($0) }
    }
}
