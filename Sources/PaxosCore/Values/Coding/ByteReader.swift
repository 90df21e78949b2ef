/// Reads little-endian numbers from bytes that may be anything: total, and bounded before it allocates
/// (`R39`).
package struct ByteReader {
    private let bytes: [UInt8]
    private var position = 0

    package init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    package var remaining: Int { bytes.count - position }

    package mutating func uint8() -> UInt8? { number() }
    package mutating func uint16() -> UInt16? { number() }
    package mutating func uint32() -> UInt32? { number() }
    package mutating func uint64() -> UInt64? { number() }

    /// A number of the width of its type. The span's bounds are checked once: eight bytes are one load.
    @inline(__always)
    private mutating func number<Number: FixedWidthInteger & UnsignedInteger>() -> Number? {
        let width = Number.bitWidth / 8
        guard remaining >= width else { return nil }
        let start = position
        position += width
        let field = bytes.span.extracting(start..<start + width)
        var value: Number = 0
        for index in 0..<width {
            value |= Number(truncatingIfNeeded: field[index]) << Number(8 * index)
        }
        return value
    }

    /// The next `count` bytes, copied once.
    package mutating func bytes(_ count: Int) -> [UInt8]? {
        guard count >= 0, count <= remaining else { return nil }
        let start = position
        position += count
        return Array(bytes[start..<position])
    }

    /// A count of items of at least `size` bytes each, if as many can be there.
    package mutating func count(ofSize size: Int) -> Int? {
        guard let count = uint64(), count <= UInt64(remaining / size) else { return nil }
        return Int(count)
    }

    /// As `count(ofSize:)`, 32 bits wide and at most `limit`.
    package mutating func count32(ofSize size: Int, atMost limit: Int) -> Int? {
        guard let count = uint32(), count <= remaining / size, count <= limit else { return nil }
        return Int(count)
    }
}

extension [UInt8] {
    /// Appends the number's bytes, lowest first. The room is checked once: eight bytes are one store.
    @inline(__always)
    package mutating func append<Number: FixedWidthInteger & UnsignedInteger>(
        littleEndian value: Number
    ) {
        append(addingCapacity: Number.bitWidth / 8) { output in
            for shift in stride(from: 0, to: Number.bitWidth, by: 8) {
                output.append(UInt8(truncatingIfNeeded: value >> Number(shift)))
            }
        }
    }
}
