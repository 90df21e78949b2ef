/// Reads little-endian numbers from the front of bytes that may be anything, where they lie: total, and bounded
/// before it allocates (`R39`).
///
/// It is the bytes that are left, and shrinks with each read: of a message in a connection's buffer, of a row
/// in the map, of an array. A view that does not escape is handed down and neither kept nor returned, and a type
/// of our own that held one would have to be: so these are methods of the view itself. (A `RawSpan` would say
/// the same of untyped memory; Swift 6.3 has no safe load from one, and this target holds no unsafe code.)
package typealias ByteReader = Span<UInt8>

extension Span<UInt8> {
    package var remaining: Int { count }

    package mutating func uint8() -> UInt8? { number() }
    package mutating func uint16() -> UInt16? { number() }
    package mutating func uint32() -> UInt32? { number() }
    package mutating func uint64() -> UInt64? { number() }

    /// A number of the width of its type.
    @inline(__always)
    private mutating func number<Number: FixedWidthInteger & UnsignedInteger>() -> Number? {
        let width = Number.bitWidth / 8
        guard count >= width else { return nil }
        let number: Number = self.number(at: 0)
        self = extracting(width..<count)
        return number
    }

    /// The number at a place, where it must be. The bounds are checked once, and no shift looks at its distance:
    /// so eight bytes are one load.
    @inline(__always)
    func number<Number: FixedWidthInteger & UnsignedInteger>(at place: Int) -> Number {
        let field = extracting(place..<place + Number.bitWidth / 8)
        var value: Number = 0
        for index in field.indices {
            value |=
                Number(truncatingIfNeeded: field[index]) &<< Number(truncatingIfNeeded: 8 &* index)
        }
        return value
    }

    /// Leaves out the next `length` bytes; false, and nothing is left out, if they are not there.
    @discardableResult
    package mutating func skip(_ length: Int) -> Bool {
        guard length >= 0, length <= count else { return false }
        self = extracting(length..<count)
        return true
    }

    /// The next `length` bytes, copied once, into an array that is no larger.
    package mutating func bytes(_ length: Int) -> [UInt8]? {
        guard length >= 0, length <= count else { return nil }
        // An array of no capacity is one that all threads share: nothing is written there, not even its count.
        guard length > 0 else { return [] }
        let field = extracting(0..<length)
        self = extracting(length..<count)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(length)
        bytes.append(addingCapacity: length) { output in
            for index in field.indices { output.append(field[index]) }
        }
        return bytes
    }

    /// A count of items of at least `size` bytes each, if as many can be there.
    package mutating func count(ofSize size: Int) -> Int? {
        guard let number = uint64(), number <= UInt64(count / size) else { return nil }
        return Int(number)
    }

    /// As `count(ofSize:)`, 32 bits wide and at most `limit`.
    package mutating func count32(ofSize size: Int, atMost limit: Int) -> Int? {
        guard let number = uint32(), number <= count / size, number <= limit else { return nil }
        return Int(number)
    }
}

extension [UInt8] {
    package mutating func append(littleEndian value: UInt16) { append(number: value) }
    package mutating func append(littleEndian value: UInt32) { append(number: value) }
    package mutating func append(littleEndian value: UInt64) { append(number: value) }

    /// Two numbers, for which the room is checked once: most of what one takes.
    mutating func append(littleEndian first: UInt64, _ second: UInt64) {
        append(addingCapacity: 16) { output in
            output.append(littleEndian: first)
            output.append(littleEndian: second)
        }
    }

    /// Appends the number's bytes, lowest first. Not for other modules, for which it would not be specialised: a
    /// number took hundreds of instructions there.
    @inline(__always)
    private mutating func append<Number: FixedWidthInteger & UnsignedInteger>(number: Number) {
        append(addingCapacity: Number.bitWidth / 8) { $0.append(littleEndian: number) }
    }
}

extension OutputSpan<UInt8> {
    @inline(__always)
    mutating func append<Number: FixedWidthInteger & UnsignedInteger>(littleEndian value: Number) {
        for shift in stride(from: 0, to: Number.bitWidth, by: 8) {
            append(UInt8(truncatingIfNeeded: value &>> Number(truncatingIfNeeded: shift)))
        }
    }
}
