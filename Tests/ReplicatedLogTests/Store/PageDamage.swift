@testable import ReplicatedLog

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
        return bytes.flatMap { byte in
            (0..<8).compactMap { bit in
                // What makes the newest transaction pass for the one before the older: nothing tells.
                if page < 2, byte == 144, bit == 1 { return nil }
                let place = page * pageSize + byte
                return PageDamage(
                    description: "bit \(bit) of byte \(byte) of page \(page)",
                    writes: [(place, [image[place] ^ 1 << UInt8(bit)])]
                )
            }
        }
    }
}
