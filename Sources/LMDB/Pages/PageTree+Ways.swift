/// The ways that a transaction is about to take, checked before LMDB follows them.
extension PageTree {
    /// LMDB appends behind the last row: a key that has changed makes it refuse, or put rows in between.
    package func checkEnd(of table: TableRecord, at expected: UInt64) throws(Damage) {
        guard try highestKey(of: table) ?? 0 == expected else {
            throw Damage(page: table.root ?? 0, what: "a last row that is another")
        }
    }

    /// Every row from a number on, and the way to the last.
    package func checkRows(of table: TableRecord, from first: UInt64) throws(Damage) {
        try walk(table, order: .number, from: .number(first)) { _, _ in true }
        _ = try highestKey(of: table)
    }

    /// Every page of the table on a way to one of the keys, and the first page of large values there: putting
    /// another in their place frees as many as it claims. Where keys are deleted, also the next page behind them
    /// at each height: LMDB fills up from there what is left, or puts the two together.
    package func checkPages(
        of table: TableRecord,
        order: KeyOrder,
        keys: ClosedRange<Key>?,
        withNext: Bool = false
    ) throws(Damage) {
        guard let root = table.root else { return }
        guard (1...64).contains(table.depth) else {
            throw Damage(page: root, what: "a table deeper than any")
        }
        try check(root, level: 1, table.depth, order, keys, withNext)
    }

    private func check(
        _ number: UInt64,
        level: Int,
        _ depth: Int,
        _ order: KeyOrder,
        _ keys: ClosedRange<Key>?,
        _ withNext: Bool
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
                var isBehind = false
                if index > 0, let keys, let key = order.key(node.key, in: page) {
                    isBehind = key > keys.upperBound
                }
                if isBehind, !withNext { break }
                if let keys, index + 1 < page.nodeCount,
                    let next = page.node(index + 1, isLeaf: false),
                    let key = order.key(next.key, in: page), key <= keys.lowerBound
                {
                    continue
                }
                try check(node.child, level: level + 1, depth, order, keys, withNext)
                if isBehind { break }
            }
        }
    }
}
