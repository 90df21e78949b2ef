internal import PaxosCore

/// What a transaction is about to follow, checked before LMDB does: rot under a running node would be
/// a segmentation fault in its cursors, or a list of free pages that names pages in use.
///
/// The cost is counted in pages of the cache, each read by one `pread` of 4 KiB: two meta pages, the table of
/// tables, the root of the small values, the path to the last row (two to four), that to the last slot
/// without effect, and the beginning of the list of free pages: about nine a transaction, ten
/// microseconds, beside one or two waits for the disk. A row that is written once more costs the leaves
/// that hold it.
extension PageTree {
    /// So many rows of the list of free pages, and so many bytes of it, are looked at: what a transaction of
    /// moderate size uses up.
    private static let freeRows = 16
    private static let freeBytes = 64 << 10

    /// Checks the ways to the rows that are put in these slots, to the small values, and to free pages.
    func checkWays(to runs: [ClosedRange<Slot>], ineffective: ClosedRange<Slot>?) throws(Damage) {
        try checkKinds()
        let tables = try tables()
        for (name, record) in tables {
            switch name {
            case Array(Schema.state.utf8):
                try check(record, flags: 0)
                try checkPages(of: record, order: .bytes, keys: nil)
            case Array(Schema.accepted.utf8):
                try check(record, flags: Self.integerKeys)
                for run in runs { try checkPages(of: record, order: .number, keys: run.keys) }
                try checkEnd(of: record)
            case Array(Schema.ineffective.utf8):
                try check(record, flags: Self.integerKeys)
                if let ineffective {
                    try checkPages(of: record, order: .number, keys: ineffective.keys)
                }
                try checkEnd(of: record)
            default:
                continue
            }
        }
        try checkBeginOfFreePages()
    }

    private func checkEnd(of table: Record) throws(Damage) {
        _ = try highestKey(of: table)
    }

    private func checkBeginOfFreePages() throws(Damage) {
        var found: Damage?
        var rows = 0
        var bytes = 0
        walk(
            free,
            order: .number,
            damaged: {
                found = $0
                return false
            }
        ) { _, list in
            rows += 1
            bytes += list.count
            if !isFreeList(Page(bytes: [UInt8](list))) {
                found = Damage(page: free.root ?? 0, what: "a list of free pages")
            }
            return found == nil && rows < Self.freeRows && bytes < Self.freeBytes
        }
        if let found { throw found }
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

extension ClosedRange<Slot> {
    fileprivate var keys: ClosedRange<PageTree.Key> {
        .number(lowerBound.rawValue) ... .number(upperBound.rawValue)
    }
}
