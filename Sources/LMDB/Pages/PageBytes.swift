// A page of a tree, as LMDB 0.9 writes it on 64 bits; numbers are little-endian:
//
//       0 page number u64 | 8 pad u16 | 10 flags u16: 1 branch, 2 leaf, 4 overflow
//      12 end of the places u16 | 14 begin of the nodes u16; overflow: 12 pages u32
//      16 place of each node u16 ..., from the lowest key up
//    node 0 low u16 | 2 high u16 | 4 flags u16 | 6 key length u16 | 8 key | value
//         branch: low, high and flags are the number of the child; the first key counts as lowest
//         leaf: low and high are the length of the value; flags 1: the value is the number u64 of the first page
//         of its own, 2: it is the record of a table; 4: it is a set of values, which nobody here has

/// The bytes of a page that was read, and is not believed.
struct PageBytes {
    /// What a page begins with, whatever it holds.
    static let header = 16
    static let branch: UInt16 = 1
    static let leaf: UInt16 = 2
    static let overflow: UInt16 = 4
    private static let large: UInt16 = 1
    private static let table: UInt16 = 2

    let bytes: UnsafeRawBufferPointer

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    private func isOfKind(_ isLeaf: Bool) -> Bool {
        bytes.number(at: 10) == (isLeaf ? Self.leaf : Self.branch)
    }

    var nodeCount: Int { (Int(bytes.number(at: 12) as UInt16) - Self.header) / 2 }

    /// It is the page that was asked for, of the kind that was, and its nodes begin within it: what a seal
    /// needs to know of a page that its checksum covers.
    func isSound(_ number: UInt64, isLeaf: Bool) -> Bool {
        let lower = Int(bytes.number(at: 12) as UInt16)
        let upper = Int(bytes.number(at: 14) as UInt16)
        return bytes.number(at: 0) == number && isOfKind(isLeaf)
            && lower >= Self.header && lower % 2 == 0 && lower <= upper && upper <= bytes.count
    }

    /// The nodes fill what lies behind the places to the last byte, each within the page: LMDB closes
    /// every gap at once, so one that is there has lost its node.
    ///
    /// A writer asks it of some two hundred nodes before a transaction.
    func hasSoundNodes(isLeaf: Bool) -> Bool {
        let size = bytes.count
        guard size >= Self.header else { return false }
        let lower = Int(bytes.number(at: 12) as UInt16)
        let upper = Int(bytes.number(at: 14) as UInt16)
        guard lower >= (isLeaf ? 18 : 20), lower % 2 == 0, lower <= upper, upper <= size else {
            return false
        }
        var filled = 0
        // Each place lies before `lower`, and so within the page.
        for index in stride(from: Self.header, to: lower, by: 2) {
            let place = Int(bytes.number(at: index) as UInt16)
            guard place >= upper, place % 2 == 0, place + 8 <= size else { return false }
            var end = place + 8 + Int(bytes.number(at: place + 6) as UInt16)
            if isLeaf {
                let flags: UInt16 = bytes.number(at: place + 4)
                // No table here has duplicates: nothing but these two flags is known.
                guard flags & ~(Self.large | Self.table) == 0 else { return false }
                end += flags & Self.large == Self.large ? 8 : length(at: place)
            }
            guard end <= size else { return false }
            filled += (end - place + 1) & ~1
        }
        return filled == size - upper
    }

    // MARK: - Nodes

    /// The place of a node with room for its header, or nil.
    private func place(_ index: Int) -> Int? {
        let place = Int(bytes.number(at: Self.header + 2 * index) as UInt16)
        return place >= Self.header && place + 8 <= bytes.count ? place : nil
    }

    private func length(at place: Int) -> Int { Int(bytes.number(at: place) as UInt32) }

    private func child(at place: Int) -> UInt64 {
        UInt64(bytes.number(at: place) as UInt32)
            | UInt64(bytes.number(at: place + 4) as UInt16) << 32
    }

    /// A node of a page whose nodes are sound.
    func node(_ index: Int, isLeaf: Bool) -> Page.Node? {
        guard index >= 0, Self.header + 2 * index + 2 <= bytes.count, let place = place(index)
        else { return nil }
        let end = place + 8 + Int(bytes.number(at: place + 6) as UInt16)
        let isLarge = isLeaf && bytes.number(at: place + 4) & Self.large == Self.large
        let length = length(at: place)
        let dataEnd = end + (isLeaf ? isLarge ? 8 : length : 0)
        guard dataEnd <= bytes.count else { return nil }
        return Page.Node(
            key: place + 8..<end,
            child: child(at: place),
            data: end..<dataEnd,
            length: length,
            isLarge: isLarge
        )
    }

    /// Adds the pages below a branch; false if it is none, or one of them cannot be.
    func addChildren(to children: inout [UInt64], _ last: UInt64) -> Bool {
        for index in 0..<nodeCount {
            guard let place = place(index) else { return false }
            let child = child(at: place)
            guard child > 1, child <= last else { return false }
            children.append(child)
        }
        return true
    }

    /// Adds what the nodes of a leaf lead to; false if it is none.
    func add(to found: inout LeafFindings, holdsTables: Bool) -> Bool {
        for index in 0..<nodeCount {
            guard let place = place(index) else { return false }
            let flags: UInt16 = bytes.number(at: place + 4)
            guard flags != 0 else { continue }
            let value = place + 8 + Int(bytes.number(at: place + 6) as UInt16)
            let length = length(at: place)
            switch flags {
            case Self.large:
                guard value + 8 <= bytes.count else { return false }
                found.large.append(.init(page: bytes.number(at: value), length: length))
            case Self.table:
                let end = value + TableRecord.byteCount
                guard holdsTables, length == TableRecord.byteCount, end <= bytes.count else {
                    return false
                }
                let record = UnsafeRawBufferPointer(rebasing: bytes[value..<end])
                found.tables.append((Array(bytes[place + 8..<value]), TableRecord(record)))
            default:
                return false
            }
        }
        return true
    }
}

/// What leaves lead to.
struct LeafFindings {
    struct Large {
        let page: UInt64
        let length: Int
    }

    var large: [Large] = []
    var tables: [(name: [UInt8], record: TableRecord)] = []
}
