import LMDB
import Testing

@testable import LogStorage
@testable import Platform

/// Something that goes wrong with the pages of a file: what stands where instead.
struct PageDamage: CustomStringConvertible, Sendable {
    let description: String
    let writes: [(place: Int, bytes: [UInt8])]

    func apply(to image: [UInt8]) -> [UInt8] {
        var image = image
        for (place, bytes) in writes {
            image.replaceSubrange(place..<place + bytes.count, with: bytes)
        }
        return image
    }
}

/// Every damage to every page of an image: zeroed, torn, exchanged with another, written over another, and
/// single bits in headers, places, nodes and keys.
struct DamageCatalogue {
    let image: [UInt8]
    let pageSize = 4096

    var pages: Int { image.count / pageSize }

    var all: [PageDamage] { (0..<pages).flatMap { whole($0) + bits($0) } }

    /// In an order that has something of everything wherever it is cut.
    var mixed: [PageDamage] {
        let all = all
        // A step without a divisor in common with the count visits each once.
        var step = all.count / 2 + 1
        while Self.divisor(step, all.count) > 1 { step += 1 }
        return all.indices.map { all[$0 * step % all.count] }
    }

    private static func divisor(_ one: Int, _ other: Int) -> Int {
        other == 0 ? one : divisor(other, one % other)
    }

    private func bytes(_ page: Int) -> [UInt8] {
        Array(image[page * pageSize..<(page + 1) * pageSize])
    }

    private func whole(_ page: Int) -> [PageDamage] {
        let place = page * pageSize
        let half = pageSize / 2
        let zeros = [UInt8](repeating: 0, count: pageSize)
        var damages = [
            PageDamage(description: "page \(page) zeroed", writes: [(place, zeros)]),
            PageDamage(
                description: "page \(page) without its end",
                writes: [(place + half, Array(zeros[..<half]))]
            ),
            PageDamage(
                description: "page \(page) without its first sector",
                writes: [(place, Array(zeros[..<512]))]
            ),
        ]
        for distance in [1, 2, 5] {
            let other = (page + distance) % pages
            let copy = bytes(other)
            var renamed = copy
            for index in 0..<8 { renamed[index] = UInt8(truncatingIfNeeded: page >> (8 * index)) }
            damages += [
                PageDamage(
                    description: "page \(other) written over page \(page)",
                    writes: [(place, copy)]
                ),
                PageDamage(
                    description: "page \(other) over page \(page), under its number",
                    writes: [(place, renamed)]
                ),
                PageDamage(
                    description: "pages \(page) and \(other) exchanged",
                    writes: [(place, copy), (other * pageSize, bytes(page))]
                ),
                PageDamage(
                    description: "page \(page) with the end of page \(other)",
                    writes: [(place + half, Array(copy[half...]))]
                ),
            ]
        }
        return damages
    }

    private func bits(_ page: Int) -> [PageDamage] {
        var bytes = Array(0..<16)
        let found = Page(bytes: self.bytes(page))
        if page < 2 {
            bytes += 16..<152
        } else if let flags = found.uint16(10), flags == 1 || flags == 2 {
            let isLeaf = flags == 2
            let count = found.nodeCount
            for index in Set([0, 1, count / 2, count - 1]) where 0..<count ~= index {
                bytes += [16 + 2 * index, 17 + 2 * index]
                guard let node = found.node(index, isLeaf: isLeaf) else { continue }
                bytes += node.key.lowerBound - 8..<node.key.upperBound
                // The record of a table, or the number of a page.
                if isLeaf, node.isLarge || node.data.count == 48 { bytes += node.data }
            }
        }
        return bits(of: bytes, in: page)
    }

    /// What makes one transaction pass for another.
    var transactionNumbers: [PageDamage] { (0..<2).flatMap { bits(of: [144], in: $0) } }

    /// A bit of every byte in the name of every table, wherever it stands, and in the record behind the first.
    var tableNames: [PageDamage] {
        [("accepted", 48), ("ineffective", 0), ("state", 0)].flatMap { name, record in
            let bytes = Array(name.utf8)
            return image.indices.dropLast(bytes.count).filter { image[$0...].starts(with: bytes) }
                .flatMap { start in
                    (start..<start + bytes.count + record).map { place in
                        bits(of: [place % pageSize], in: place / pageSize)[3]
                    }
                }
        }
    }

    private func bits(of bytes: [Int], in page: Int) -> [PageDamage] {
        bytes.flatMap { byte in
            (0..<8).map { bit in
                let place = page * pageSize + byte
                return PageDamage(
                    description: "bit \(bit) of byte \(byte) of page \(page)",
                    writes: [(place, [image[place] ^ 1 << UInt8(bit)])]
                )
            }
        }
    }
}

// MARK: - Damage to a chosen page

extension StoreDirectory {
    /// The leaves of a table, with the numbers of their first and last rows.
    func leaves(of name: String) throws -> [(page: UInt64, slots: ClosedRange<UInt64>)] {
        let tree = try PageTree(path: file)
        let table = try #require(try tree.table(name))
        var pages = [try #require(table.root)]
        for _ in 1..<table.depth {
            pages = try pages.flatMap { number in
                let page = try tree.page(number, isLeaf: false)
                return (0..<page.nodeCount).compactMap { page.node($0, isLeaf: false)?.child }
            }
        }
        return try pages.map { number in
            let page = try tree.page(number, isLeaf: true)
            let keys = (0..<page.nodeCount).compactMap { index in
                page.node(index, isLeaf: true).flatMap { page.uint64($0.key.lowerBound) }
            }
            return (number, keys[0]...keys[keys.count - 1])
        }
    }

    func bytes(of page: UInt64) throws -> [UInt8] {
        try FileSystem.read(file, at: Int(page) * 4096, count: 4096)
    }

    /// The last leaf of a table loses its last write: it shows the rows it had before.
    func loseLastRow(of name: String) throws {
        let leaf = try #require(try leaves(of: name).last)
        let page = Page(bytes: try bytes(of: leaf.page))
        let last = page.nodeCount - 1
        let node = try #require(page.node(last, isLeaf: true))
        let begin = node.key.lowerBound - 8
        let size = (node.data.upperBound - begin + 1) & ~1
        let lower = try #require(page.uint16(12))
        let upper = Int(try #require(page.uint16(14)))
        var bytes = page.bytes
        bytes.replaceSubrange(upper + size..<begin + size, with: page.bytes[upper..<begin])
        func put(_ number: Int, at place: Int) {
            bytes[place] = UInt8(truncatingIfNeeded: number)
            bytes[place + 1] = UInt8(truncatingIfNeeded: number >> 8)
        }
        for index in 0..<last {
            let place = Int(try #require(page.uint16(16 + 2 * index)))
            if place < begin { put(place + size, at: 16 + 2 * index) }
        }
        put(Int(lower) - 2, at: 12)
        put(upper + size, at: 14)
        try overwrite(bytes, at: Int(leaf.page) * 4096)
    }
}
