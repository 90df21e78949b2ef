/// FNV-1a, 64 bits (Fowler, Noll, Vo): simple enough to be recomputed by anybody, and good enough to
/// tell entries apart by accident, though not by malice.
package struct Hash64: Equatable {
    package private(set) var value: UInt64 = 0xCBF2_9CE4_8422_2325

    package init() {}

    package mutating func add(_ byte: UInt8) {
        value = (value ^ UInt64(byte)) &* 0x0000_0100_0000_01B3
    }

    package mutating func add(_ bytes: some Sequence<UInt8>) {
        for byte in bytes { add(byte) }
    }

    package mutating func add(_ bytes: [UInt8]) {
        bytes.withUnsafeBufferPointer { for byte in $0 { add(byte) } }
    }

    /// The number's bytes, the lowest first.
    package mutating func add(_ number: UInt64) {
        for shift in stride(from: UInt64(0), to: 64, by: 8) {
            add(UInt8(truncatingIfNeeded: number >> shift))
        }
    }

    /// Sixteen digits.
    package var hexadecimal: String {
        var digits: [UInt8] = []
        write(to: &digits)
        return String(decoding: digits, as: UTF8.self)
    }

    /// Appends those digits.
    package func write(to line: inout [UInt8]) {
        for place in 0..<16 {
            line.append(Base16.digits[Int(value >> UInt64(60 - 4 * place) & 15)])
        }
    }
}
