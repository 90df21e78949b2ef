/// Reads little-endian numbers from bytes that may be anything: total, and bounded before it allocates
/// (`R39`).
package struct ByteReader {
    private let bytes: [UInt8]
    private var position = 0

    package init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    package var remaining: Int { bytes.count - position }

    package mutating func uint64() -> UInt64? {
        guard remaining >= 8 else { return nil }
        var value: UInt64 = 0
        for offset in (0..<8).reversed() {
            value = value << 8 | UInt64(bytes[position + offset])
        }
        position += 8
        return value
    }

    /// A count of items of at least `size` bytes each, if as many can be there.
    package mutating func count(ofSize size: Int) -> Int? {
        guard let count = uint64(), count <= UInt64(remaining / size) else { return nil }
        return Int(count)
    }
}

extension [UInt8] {
    package mutating func append(littleEndian value: UInt64) {
        for shift in stride(from: UInt64(0), to: 64, by: 8) {
            append(UInt8(truncatingIfNeeded: value >> shift))
        }
    }
}
