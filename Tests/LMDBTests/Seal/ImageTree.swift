/// What LMDB would find in the bytes of a file behind one of its meta pages, read on its own: every row, and
/// whether each page is in one place only. Nothing of the sources is used that the tests are to judge.
struct ImageTree {
    /// Why the bytes hold no sound state.
    struct Unsound: Error, CustomStringConvertible {
        let description: String

        init(_ description: String) { self.description = description }
    }

    static let pageSize = 4096

    let bytes: [UInt8]
    /// The pages that the trees reach.
    private(set) var reached: Set<UInt64> = []
    private(set) var free: Set<UInt64> = []
    private(set) var rows: [Row] = []
    let number: UInt64
    private let lastPage: UInt64

    struct Row: Hashable {
        let table: [UInt8]
        let key: [UInt8]
        let value: [UInt8]
    }

    /// A hash of all rows: two states with the same are the same.
    var content: Int {
        var hasher = Hasher()
        for row in rows {
            row.table.withUnsafeBytes { hasher.combine(bytes: $0) }
            row.key.withUnsafeBytes { hasher.combine(bytes: $0) }
            row.value.withUnsafeBytes { hasher.combine(bytes: $0) }
        }
        hasher.combine(rows.count)
        return hasher.finalize()
    }

    init(_ bytes: [UInt8], place: Int) throws(Unsound) {
        self.bytes = bytes
        let meta = place * Self.pageSize
        number = Self.load(bytes, meta + 144)
        lastPage = Self.load(bytes, meta + 136)
        var lists: [[UInt8]] = []
        try visit(record: meta + 40) { lists.append($0.value) }
        var tables: [(name: [UInt8], place: Int)] = []
        try visit(record: meta + 88) { node in
            if node.isTable { tables.append((node.key, node.place)) }
        }
        for (name, place) in tables {
            var found: [Row] = []
            try visit(record: place) { node in
                found.append(Row(table: name, key: node.key, value: node.value))
            }
            rows += found
        }
        for list in lists {
            let count: UInt64 = Self.load(list, 0)
            guard count < UInt64(list.count / 8) else { throw Unsound("a list of free pages") }
            for index in 0..<Int(count) {
                let page: UInt64 = Self.load(list, 8 + 8 * index)
                guard page > 1, page <= lastPage, !reached.contains(page),
                    free.insert(page).inserted
                else { throw Unsound("page \(page) is listed as free") }
            }
        }
    }

    private struct Node {
        let key: [UInt8]
        let value: [UInt8]
        let isTable: Bool
        /// Of the value in the file.
        let place: Int
    }

    private mutating func visit(record: Int, _ body: (Node) -> Void) throws(Unsound) {
        let root: UInt64 = Self.load(bytes, record + 40)
        let depth: UInt16 = Self.load(bytes, record + 6)
        guard root != .max else { return }
        try visit(root, height: Int(depth) - 1, body)
    }

    private mutating func visit(
        _ number: UInt64,
        height: Int,
        _ body: (Node) -> Void
    ) throws(Unsound) {
        try reach(number, 1)
        let page = Int(number) * Self.pageSize
        let stored: UInt64 = Self.load(bytes, page)
        let flags: UInt16 = Self.load(bytes, page + 10)
        guard height >= 0, stored == number, flags == (height == 0 ? 2 : 1) else {
            throw Unsound("page \(number)")
        }
        let lower: UInt16 = Self.load(bytes, page + 12)
        for index in 0..<(Int(lower) - 16) / 2 {
            let offset: UInt16 = Self.load(bytes, page + 16 + 2 * index)
            let node = page + Int(offset)
            guard node + 8 <= page + Self.pageSize else { throw Unsound("a node of \(number)") }
            let (low, high): (UInt16, UInt16) = (Self.load(bytes, node), Self.load(bytes, node + 2))
            let (flags, keyLength): (UInt16, UInt16) =
                (Self.load(bytes, node + 4), Self.load(bytes, node + 6))
            let length = Int(low) | Int(high) << 16
            if height > 0 {
                let child = UInt64(length) | UInt64(flags) << 32
                try visit(child, height: height - 1, body)
                continue
            }
            let begin = node + 8 + Int(keyLength)
            let key = try part(node + 8, Int(keyLength))
            if flags & 1 == 0 {
                let value = try part(begin, length)
                body(Node(key: key, value: value, isTable: flags & 2 != 0, place: begin))
                continue
            }
            let first: UInt64 = Self.load(bytes, begin)
            guard first <= lastPage else { throw Unsound("large data beyond the end") }
            let large = Int(first) * Self.pageSize
            guard large + 16 <= bytes.count else { throw Unsound("large data beyond the file") }
            let own: UInt64 = Self.load(bytes, large)
            let pages: UInt32 = Self.load(bytes, large + 12)
            guard own == first, pages > 0, Int(pages) * Self.pageSize >= 16 + length else {
                throw Unsound("large data at \(first)")
            }
            try reach(first, UInt64(pages))
            let value = try part(large + 16, length)
            body(Node(key: key, value: value, isTable: false, place: large + 16))
        }
    }

    private mutating func reach(_ first: UInt64, _ pages: UInt64) throws(Unsound) {
        guard first > 1, first + pages - 1 <= lastPage,
            Int(first + pages) * Self.pageSize <= bytes.count
        else { throw Unsound("page \(first) beyond the end") }
        for page in first..<first + pages {
            guard reached.insert(page).inserted else { throw Unsound("page \(page) twice") }
        }
    }

    private func part(_ place: Int, _ count: Int) throws(Unsound) -> [UInt8] {
        guard place + count <= bytes.count else { throw Unsound("a value beyond the file") }
        return Array(bytes[place..<place + count])
    }

    static func load<Number: FixedWidthInteger & BitwiseCopyable>(
        _ bytes: [UInt8],
        _ place: Int
    ) -> Number {
        guard place >= 0, place + MemoryLayout<Number>.size <= bytes.count else { return 0 }
        return bytes.withUnsafeBytes {
            Number(littleEndian: $0.loadUnaligned(fromByteOffset: place, as: Number.self))
        }
    }
}
