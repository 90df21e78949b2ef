internal import LogWire
internal import PaxosCore
internal import Platform

/// What a transaction is about to follow, checked before LMDB does: rot under a running node would be
/// a segmentation fault in its cursors, or a list of free pages that names pages in use.
///
/// The cost is counted in pages of the cache, each read by one `pread` of 4 KiB: the meta pages, the table of
/// tables, the root of the small values, the path to the last row (two to four), that to the last slot
/// without effect, and the beginning of the list of free pages: about nine, some fifteen microseconds. A row
/// that is written once more costs the leaves that hold it. Those ways that every transaction takes are
/// looked at once in fifty milliseconds (LogWriter.swift).
extension PageTree {
    /// So many rows of the list of free pages, and so many bytes of it, are looked at: what transactions of
    /// moderate size use up until the next look.
    private static let freeRows = 128
    private static let freeBytes = 64 << 10

    /// The highest keys of the tables, as the writer knows them; zero of an empty one.
    struct Ends {
        let accepted: UInt64
        let ineffective: UInt64
    }

    /// Checks the ways to the ends of the tables, where rows are appended, to those that are put elsewhere,
    /// to the small values, and to free pages, of which none may be one that was met on these ways.
    func checkWays(
        to slots: [ClosedRange<Slot>],
        ineffective: ClosedRange<Slot>?,
        ends: Ends
    ) throws(Damage) {
        var tree = self
        tree.reached = Locked([])
        try tree.checkTables(slots, ineffective, ends)
        try tree.checkBeginOfFreePages()
    }

    private func checkTables(
        _ slots: [ClosedRange<Slot>],
        _ ineffective: ClosedRange<Slot>?,
        _ ends: Ends
    ) throws(Damage) {
        try checkKinds()
        let tables = try tables()
        for (name, record) in tables {
            switch name {
            case Array(Schema.state.utf8):
                try check(record, flags: 0)
                try checkPages(of: record, order: .bytes, keys: nil)
            case Array(Schema.accepted.utf8):
                try check(record, flags: Self.integerKeys)
                for slots in slots { try checkPages(of: record, order: .number, keys: slots.keys) }
                try checkEnd(of: record, at: ends.accepted)
            case Array(Schema.ineffective.utf8):
                try check(record, flags: Self.integerKeys)
                if let ineffective {
                    try checkPages(of: record, order: .number, keys: ineffective.keys)
                }
                try checkEnd(of: record, at: ends.ineffective)
            default:
                continue
            }
        }
    }

    /// LMDB appends behind the last row: a key that has changed makes it refuse, or put rows in between.
    private func checkEnd(of table: Record, at expected: UInt64) throws(Damage) {
        guard try highestKey(of: table) ?? 0 == expected else {
            throw Damage(page: table.root ?? 0, what: "a last row that is another")
        }
    }

    /// A page that is in use, or listed twice, would be written over, or end LMDB in an assertion.
    private func checkBeginOfFreePages() throws(Damage) {
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
            return rows < Self.freeRows && bytes < Self.freeBytes
        }
        _ = try highestKey(of: free)
    }

    /// Every page of the table on a way to one of the keys, and the first page of large values there: putting
    /// another in their place frees as many as it claims.
    private func checkPages(
        of table: Record,
        order: KeyOrder,
        keys: ClosedRange<Key>?
    ) throws(Damage) {
        guard let root = table.root else { return }
        guard (1...64).contains(table.depth) else {
            throw Damage(page: root, what: "a table deeper than any")
        }
        try check(root, level: 1, table.depth, order, keys)
    }

    private func check(
        _ number: UInt64,
        level: Int,
        _ depth: Int,
        _ order: KeyOrder,
        _ keys: ClosedRange<Key>?
    ) throws(Damage) {
        let isLeaf = level == depth
        let page = try page(number, isLeaf: isLeaf)
        for index in 0..<page.nodeCount {
            guard let node = page.node(index, isLeaf: isLeaf) else { continue }
            if isLeaf {
                guard node.isLarge else { continue }
                if let keys, let key = order.key(node.key, in: page), !keys.contains(key) {
                    continue
                }
                try checkOverflow(of: node, in: page, number)
            } else {
                // The first key of a branch counts as lowest.
                if index > 0, let keys, let key = order.key(node.key, in: page),
                    key > keys.upperBound
                {
                    break
                }
                if let keys, index + 1 < page.nodeCount,
                    let next = page.node(index + 1, isLeaf: false),
                    let key = order.key(next.key, in: page), key <= keys.lowerBound
                {
                    continue
                }
                try check(node.child, level: level + 1, depth, order, keys)
            }
        }
    }
}

extension [ClosedRange<Slot>] {
    /// What lies at or below a slot: the rest is appended behind it. Ranges that adjoin are one, so that
    /// each page on the way is looked at once.
    func below(_ highest: Slot) -> [ClosedRange<Slot>] {
        var found: [ClosedRange<Slot>] = []
        for slots in self where slots.lowerBound <= highest {
            let last = Swift.min(slots.upperBound, highest)
            if let before = found.last, slots.lowerBound >= before.lowerBound,
                slots.lowerBound <= before.upperBound.next
            {
                found[found.count - 1] = before.lowerBound...Swift.max(before.upperBound, last)
            } else {
                found.append(slots.lowerBound...last)
            }
        }
        return found
    }
}

extension ClosedRange<Slot> {
    fileprivate var keys: ClosedRange<PageTree.Key> {
        .number(lowerBound.rawValue) ... .number(upperBound.rawValue)
    }
}
