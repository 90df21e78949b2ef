internal import CCRC32C
internal import PaxosCore

/// What a fuzzer mutates, and what is made of it:
///
///     bytes  what
///         1  form: bits that say what is done with the bytes before they are decoded
///         2  choice: decides in which pieces they arrive and which bit is flipped
///         …  the bytes that are decoded
///
/// A mutation hardly ever keeps a checksum right. So one form of every input puts the right checksums into
/// the mutated bytes, to reach what lies behind them; the other leaves them as they are.
struct Input {
    static let headBytes = 3

    let form: UInt8
    var bytes: [UInt8]
    private var choices: SplitMix64

    init(_ input: [UInt8]) {
        form = input.first ?? 0
        choices = SplitMix64(seed: input.dropFirst().prefix(2).reduce(1) { $0 << 8 | UInt64($1) })
        bytes = Array(input.dropFirst(Self.headBytes))
    }

    /// The checksums are to be made right.
    var mends: Bool { form & 1 == 1 }

    func has(bit: UInt8) -> Bool { form >> bit & 1 == 1 }

    /// A number that follows from the choice.
    mutating func below(_ bound: Int) -> Int { Int(choices.next() % UInt64(bound)) }

    /// The pieces in which so many bytes arrive.
    mutating func pieces(of count: Int) -> [Range<Int>] {
        let longest = [1, 7, 64, 1_024][below(4)]
        var pieces: [Range<Int>] = []
        var start = 0
        while start < count {
            let end = min(count, start + 1 + below(longest))
            pieces.append(start..<end)
            start = end
        }
        return pieces
    }
}

extension [UInt8] {
    func flipping(bit: Int) -> [UInt8] {
        var flipped = self
        flipped[bit / 8] ^= 1 << UInt8(bit % 8)
        return flipped
    }

    func hasNumber(at place: Int, bytes: Int) -> Bool { place >= 0 && place <= count - bytes }

    /// A little-endian number, which must be there.
    func number<Number: FixedWidthInteger & UnsignedInteger>(
        at place: Int,
        as: Number.Type = Number.self
    ) -> Number {
        self[place..<place + Number.bitWidth / 8].reversed().reduce(0) { $0 << 8 | Number($1) }
    }

    mutating func put<Number: FixedWidthInteger & UnsignedInteger>(_ number: Number, at place: Int)
    {
        for byte in 0..<Number.bitWidth / 8 {
            self[place + byte] = UInt8(truncatingIfNeeded: number >> Number(8 * byte))
        }
    }

    /// The CRC-32C of a part, or of it behind what `crc` is of.
    func checksum(_ part: Range<Int>, after crc: UInt32 = 0) -> UInt32 {
        withUnsafeBytes { bytes in
            let part = UnsafeRawBufferPointer(rebasing: bytes[part])
            return crc32c_update(crc, part.baseAddress, part.count)
        }
    }

    func checksum(after crc: UInt32 = 0) -> UInt32 { checksum(indices, after: crc) }
}
