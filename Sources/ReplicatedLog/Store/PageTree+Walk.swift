/// In the order of the keys, over what is damaged and on.
extension PageTree {
    /// Calls `body` with the key and value of every row that can be reached, until it answers false.
    /// A page that is damaged is told to `damaged`, and the walk goes on beside it.
    func walk(
        _ table: Record,
        order: KeyOrder,
        from start: [UInt8]? = nil,
        damaged: (Damage) -> Void,
        _ body: ([UInt8], [UInt8]) -> Bool
    ) {
        guard let root = table.root else { return }
        guard (1...64).contains(table.depth) else {
            return damaged(Damage(page: root, what: "a table deeper than any"))
        }
        var walk = Walk(order: order, start: start)
        _ = visit(root, level: 1, table, &walk, damaged, body)
    }

    /// How the keys of a table are ordered.
    enum KeyOrder {
        /// Numbers of 64 bits.
        case number
        /// Bytes from the left, as `memcmp` does.
        case bytes

        func isAscending(_ lower: [UInt8], _ upper: [UInt8]) -> Bool {
            switch self {
            case .number: Page(bytes: lower).uint64(0) ?? 0 < Page(bytes: upper).uint64(0) ?? 0
            case .bytes: lower.lexicographicallyPrecedes(upper)
            }
        }

        func isKey(_ bytes: [UInt8]) -> Bool {
            switch self {
            case .number: bytes.count == 8
            case .bytes: !bytes.isEmpty
            }
        }
    }

    private struct Walk {
        let order: KeyOrder
        let start: [UInt8]?
        var last: [UInt8]?
        /// No key below this one may come: what the branch above promises.
        var floor: [UInt8]?

        func isBeforeStart(_ key: [UInt8]) -> Bool {
            start.map { order.isAscending(key, $0) } ?? false
        }

        func allows(_ key: [UInt8]) -> Bool {
            guard order.isKey(key) else { return false }
            if let last, !order.isAscending(last, key) { return false }
            if let floor, order.isAscending(key, floor) { return false }
            return true
        }
    }

    private func visit(
        _ number: UInt64,
        level: Int,
        _ table: Record,
        _ walk: inout Walk,
        _ damaged: (Damage) -> Void,
        _ body: ([UInt8], [UInt8]) -> Bool
    ) -> Bool {
        let isLeaf = level == table.depth
        do throws(Damage) {
            let page = try page(number, isLeaf: isLeaf)
            for index in 0..<page.nodeCount {
                guard let node = page.node(index, isLeaf: isLeaf) else { continue }
                if isLeaf {
                    guard walk.allows(node.key) else {
                        damaged(Damage(page: number, what: "a key out of order"))
                        continue
                    }
                    walk.last = node.key
                    if walk.isBeforeStart(node.key) { continue }
                    guard body(node.key, try value(of: node, on: number)) else { return false }
                    continue
                }
                // The whole of a child lies before the key of the one after it.
                if let next = page.node(index + 1, isLeaf: false), index + 1 < page.nodeCount,
                    walk.isBeforeStart(next.key)
                {
                    continue
                }
                if index > 0 { walk.floor = node.key }
                let goesOn = visit(node.child, level: level + 1, table, &walk, damaged, body)
                guard goesOn else { return false }
            }
        } catch {
            damaged(error)
        }
        return true
    }

    /// Every row of a small table; throws at the first damage.
    func rows(of table: Record, order: KeyOrder) throws(Damage) -> [(key: [UInt8], value: [UInt8])]
    {
        var rows: [(key: [UInt8], value: [UInt8])] = []
        var found: Damage?
        walk(table, order: order, damaged: { found = found ?? $0 }) { key, value in
            rows.append((key, value))
            return true
        }
        if let found { throw found }
        guard UInt64(rows.count) == table.rows else {
            throw Damage(page: table.root ?? 0, what: "a table with other rows than it counts")
        }
        return rows
    }

    /// The tables by name; throws at the first damage.
    func tables() throws(Damage) -> [(name: [UInt8], record: Record)] {
        try rows(of: main, order: .bytes).compactMap { name, value in
            guard value.count == 48 else { return nil }
            return Page(bytes: value).record(0).map { (name, $0) }
        }
    }

    /// The highest key, by the path that a cursor takes to it; every page of it is checked.
    func highestKey(of table: Record) throws(Damage) -> [UInt8]? {
        guard var number = table.root else { return nil }
        guard (1...64).contains(table.depth) else {
            throw Damage(page: number, what: "a table deeper than any")
        }
        for level in 1...table.depth {
            let isLeaf = level == table.depth
            let page = try page(number, isLeaf: isLeaf)
            guard let node = page.node(page.nodeCount - 1, isLeaf: isLeaf) else { break }
            if isLeaf { return node.key }
            number = node.child
        }
        return nil
    }
}
