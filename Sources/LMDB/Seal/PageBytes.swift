// A page of a tree, as LMDB 0.9 writes it:
//
//       0 page number u64 | 8 pad u16 | 10 flags u16: 1 branch, 2 leaf, 4 overflow
//      12 end of the places u16 | 14 begin of the nodes u16; overflow: 12 pages u32
//      16 place of each node u16 ..., from the lowest key up
//    node 0 low u16 | 2 high u16 | 4 flags u16 | 6 key length u16 | 8 key | value
//         branch: low, high and flags are the number of the child
//         leaf: low and high are the length of the value; flags 1: the value is the number u64 of the first page
//         of its own, 2: it is the record of a table; 4: it is a set of values, which nobody here has

/// A page that was read, and is not believed.
struct PageBytes {
    static let overflow: UInt16 = 4
    private static let large: UInt16 = 1
    private static let table: UInt16 = 2
    private static let header = 16

    let number: UInt64
    let bytes: UnsafeRawBufferPointer

    private var nodes: Int { (Int(bytes.number(at: 12) as UInt16) - Self.header) / 2 }

    /// It is the page that was asked for, of the kind that was, and its nodes begin within it.
    func isSound(isLeaf: Bool) -> Bool {
        let lower = Int(bytes.number(at: 12) as UInt16)
        let upper = Int(bytes.number(at: 14) as UInt16)
        return bytes.number(at: 0) == number && bytes.number(at: 10) == (isLeaf ? 2 : 1) as UInt16
            && lower >= Self.header && lower % 2 == 0 && lower <= upper && upper <= bytes.count
    }

    /// The place of a node with room for its header, or nil.
    private func place(_ index: Int) -> Int? {
        let place = Int(bytes.number(at: Self.header + 2 * index) as UInt16)
        return place >= Self.header && place + 8 <= bytes.count ? place : nil
    }

    /// Adds the pages below a branch; false if it is none, or one of them cannot be.
    func addChildren(to children: inout [UInt64], _ last: UInt64) -> Bool {
        for index in 0..<nodes {
            guard let place = place(index) else { return false }
            let child =
                UInt64(bytes.number(at: place) as UInt32)
                | UInt64(bytes.number(at: place + 4) as UInt16) << 32
            guard child > 1, child <= last else { return false }
            children.append(child)
        }
        return true
    }

    /// Adds what the nodes of a leaf lead to; false if it is none.
    func add(to found: inout LeafFindings, holdsTables: Bool) -> Bool {
        for index in 0..<nodes {
            guard let place = place(index) else { return false }
            let flags: UInt16 = bytes.number(at: place + 4)
            guard flags != 0 else { continue }
            let value = place + 8 + Int(bytes.number(at: place + 6) as UInt16)
            let length = bytes.number(at: place) as UInt32
            switch flags {
            case Self.large:
                guard value + 8 <= bytes.count else { return false }
                found.large.append(.init(page: bytes.number(at: value), length: length))
            case Self.table:
                guard holdsTables, length == 48, value + 48 <= bytes.count else { return false }
                let record = UnsafeRawBufferPointer(rebasing: bytes[value..<value + 48])
                found.tables.append((Array(bytes[place + 8..<value]), MetaPage.Tree(record)))
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
        let length: UInt32
    }

    var large: [Large] = []
    var tables: [(name: [UInt8], tree: MetaPage.Tree)] = []
}
