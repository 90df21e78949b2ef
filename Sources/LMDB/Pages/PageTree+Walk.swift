/// In the order of the keys, over what is damaged and on.
extension PageTree {
    /// A key, in the order of its table.
    package enum Key: Comparable {
        /// Of 64 bits.
        case number(UInt64)
        /// Compared from the left, as `memcmp` does.
        case bytes([UInt8])

        package static func < (left: Key, right: Key) -> Bool {
            switch (left, right) {
            case (.number(let left), .number(let right)): left < right
            case (.bytes(let left), .bytes(let right)): left.lexicographicallyPrecedes(right)
            default: false
            }
        }
    }

    /// How the keys of a table are ordered.
    package enum KeyOrder {
        case number
        case bytes

        /// The key that stands in a page, if it is one of such a table.
        func key(_ place: Range<Int>, in page: Page) -> Key? {
            switch self {
            case .number: place.count == 8 ? page.uint64(place.lowerBound).map(Key.number) : nil
            case .bytes: place.isEmpty ? nil : .bytes(Array(page.bytes[place]))
            }
        }
    }

    /// Calls `body` with the key and value of every row from `start` on that can be reached, until it
    /// answers false. A page that is damaged is told to `damaged`, and the walk goes on beside it unless
    /// that answers false.
    ///
    /// A row is handed out only if its key lies between those that the branches above promise, and above
    /// the one before: a page in the place of another shows, and so does a key with a flipped bit unless
    /// it still lies between its neighbours. An older copy of the same leaf does not show, if its keys lie
    /// there too: who needs to know counts the rows.
    package func walk(
        _ table: TableRecord,
        order: KeyOrder,
        from start: Key? = nil,
        damaged: (Damage) -> Bool,
        _ body: (Key, UnsafeRawBufferPointer) -> Bool
    ) {
        walkPages(table, order: order, from: start, damaged: damaged) { key, page, place in
            page.bytes.withUnsafeBytes {
                body(key, UnsafeRawBufferPointer(rebasing: $0[place]))
            }
        }
    }

    /// As `walk`, and hands out each value with the page that it lies in, and its place there: whoever keeps the
    /// page keeps the value, without a copy.
    package func walkPages(
        _ table: TableRecord,
        order: KeyOrder,
        from start: Key? = nil,
        damaged: (Damage) -> Bool,
        _ body: (Key, Page, Range<Int>) -> Bool
    ) {
        guard let root = table.root else { return }
        guard (1...64).contains(table.depth) else {
            _ = damaged(Damage(page: root, what: "a table deeper than any"))
            return
        }
        var walk = Walk(order: order, start: start, depth: table.depth)
        _ = visit(root, level: 1, Bounds(), &walk, damaged, body)
    }

    /// Calls `body` with every row from `start` on, until it answers false; throws at the first damage.
    package func walk(
        _ table: TableRecord,
        order: KeyOrder,
        from start: Key? = nil,
        _ body: (Key, UnsafeRawBufferPointer) throws(Damage) -> Bool
    ) throws(Damage) {
        var found: Damage?
        walk(
            table,
            order: order,
            from: start,
            damaged: {
                found = $0
                return false
            }
        ) { key, value in
            do throws(Damage) {
                return try body(key, value)
            } catch {
                found = error
                return false
            }
        }
        if let found { throw found }
    }

    private struct Walk {
        let order: KeyOrder
        let start: Key?
        let depth: Int
        var last: Key?
    }

    /// What the branches above promise of the keys of a page.
    private struct Bounds {
        var floor: Key?
        var ceiling: Key?

        func contains(_ key: Key) -> Bool {
            if let floor, key < floor { return false }
            if let ceiling, key >= ceiling { return false }
            return true
        }
    }

    private func visit(
        _ number: UInt64,
        level: Int,
        _ bounds: Bounds,
        _ walk: inout Walk,
        _ damaged: (Damage) -> Bool,
        _ body: (Key, Page, Range<Int>) -> Bool
    ) -> Bool {
        let isLeaf = level == walk.depth
        let found: Page
        do throws(Damage) {
            found = try page(number, isLeaf: isLeaf)
        } catch {
            return damaged(error)
        }
        return isLeaf
            ? visitRows(of: found, number, bounds, &walk, damaged, body)
            : visitChildren(of: found, number, level, bounds, &walk, damaged, body)
    }

    private func visitChildren(
        of page: Page,
        _ number: UInt64,
        _ level: Int,
        _ bounds: Bounds,
        _ walk: inout Walk,
        _ damaged: (Damage) -> Bool,
        _ body: (Key, Page, Range<Int>) -> Bool
    ) -> Bool {
        var floor = bounds.floor
        let count = page.nodeCount
        for index in 0..<count {
            guard let node = page.node(index, isLeaf: false) else { continue }
            var ceiling = bounds.ceiling
            if index + 1 < count {
                // The whole of a child lies before the key of the one after it.
                guard let next = page.node(index + 1, isLeaf: false),
                    let key = walk.order.key(next.key, in: page), bounds.contains(key),
                    floor.map({ $0 < key }) ?? true
                else {
                    // Whatever lies below: nothing tells which part of it may be believed.
                    return damaged(Damage(page: number, what: "a branch with keys out of order"))
                }
                ceiling = key
                if let start = walk.start, key <= start {
                    floor = key
                    continue
                }
            }
            let child = Bounds(floor: floor, ceiling: ceiling)
            guard visit(node.child, level: level + 1, child, &walk, damaged, body) else {
                return false
            }
            floor = ceiling
        }
        return true
    }

    private func visitRows(
        of page: Page,
        _ number: UInt64,
        _ bounds: Bounds,
        _ walk: inout Walk,
        _ damaged: (Damage) -> Bool,
        _ body: (Key, Page, Range<Int>) -> Bool
    ) -> Bool {
        let count = page.nodeCount
        for index in 0..<count {
            guard let node = page.node(index, isLeaf: true) else { continue }
            guard let key = walk.order.key(node.key, in: page), bounds.contains(key),
                walk.last.map({ $0 < key }) ?? true,
                !isAhead(key, of: index + 1, in: page, walk)
            else {
                guard damaged(Damage(page: number, what: "a key out of order")) else {
                    return false
                }
                continue
            }
            walk.last = key
            if let start = walk.start, key < start { continue }
            guard handOut(node, key, in: page, number, damaged, body) else { return false }
        }
        return true
    }

    /// The key lies above the next one, and that is not to blame, since it lies above the last.
    private func isAhead(_ key: Key, of index: Int, in page: Page, _ walk: Walk) -> Bool {
        guard index < page.nodeCount, let node = page.node(index, isLeaf: true),
            let next = walk.order.key(node.key, in: page), next <= key
        else { return false }
        return walk.last.map { $0 < next } ?? true
    }

    private func handOut(
        _ node: Page.Node,
        _ key: Key,
        in page: Page,
        _ number: UInt64,
        _ damaged: (Damage) -> Bool,
        _ body: (Key, Page, Range<Int>) -> Bool
    ) -> Bool {
        guard node.isLarge else { return body(key, page, node.data) }
        let run: Page
        do throws(Damage) {
            run = try overflow(of: node, in: page, number)
        } catch {
            return damaged(error)
        }
        return body(key, run, PageBytes.header..<run.bytes.count)
    }
}

// MARK: - Whole tables

extension PageTree {
    /// Every row of a small table; throws at the first damage.
    package func rows(of table: TableRecord) throws(Damage) -> [(key: [UInt8], value: [UInt8])] {
        var rows: [(key: [UInt8], value: [UInt8])] = []
        try walk(table, order: .bytes) { key, value in
            if case .bytes(let key) = key { rows.append((key, [UInt8](value))) }
            return true
        }
        guard UInt64(rows.count) == table.rows else {
            throw Damage(page: table.root ?? 0, what: "a table with other rows than it counts")
        }
        return rows
    }

    /// The tables by name; throws at the first damage.
    package func tables() throws(Damage) -> [(name: [UInt8], record: TableRecord)] {
        try rows(of: main).compactMap { name, value in
            TableRecord(value: value).map { (name, $0) }
        }
    }

    /// The table of a name, if there is one.
    package func table(_ name: String) throws(Damage) -> TableRecord? {
        let name = Array(name.utf8)
        return try tables().first { $0.name == name }?.record
    }

    /// The highest key of a table of numbers, by the path that a cursor takes to it; every page of it is
    /// checked.
    package func highestKey(of table: TableRecord) throws(Damage) -> UInt64? {
        try endKey(of: table) { $0 - 1 }
    }

    /// And the lowest one.
    package func lowestKey(of table: TableRecord) throws(Damage) -> UInt64? {
        try endKey(of: table) { _ in 0 }
    }

    private func endKey(
        of table: TableRecord,
        at place: (Int) -> Int
    ) throws(Damage) -> UInt64? {
        guard var number = table.root else { return nil }
        guard (1...64).contains(table.depth) else {
            throw Damage(page: number, what: "a table deeper than any")
        }
        for level in 1...table.depth {
            let isLeaf = level == table.depth
            let page = try page(number, isLeaf: isLeaf)
            guard let node = page.node(place(page.nodeCount), isLeaf: isLeaf) else { break }
            if isLeaf { return page.uint64(node.key.lowerBound) }
            number = node.child
        }
        return nil
    }
}
