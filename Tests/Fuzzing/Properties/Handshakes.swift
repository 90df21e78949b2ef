internal import LogWire
internal import PaxosCore

/// Handshakes.
enum Handshakes {
    static let magic: [UInt8] = [0x89, 0x52, 0x4C, 0x4F, 0x47, 0x0D, 0x0A, 0x1A]
    static let namePlace = 14
    private static let bytesBesideName = 84

    struct Outcome: Equatable {
        var handshake: Handshake?
        var refusal: PeerRefusal?
        /// How many bytes had come when it was there.
        var arrived = 0
    }

    static func check(_ input: inout Input) throws(Violation) -> Bool {
        var bytes = input.bytes
        if input.mends { mend(&bytes) }
        let whole = read(bytes, in: [bytes.indices])
        let pieces = read(bytes, in: input.pieces(of: bytes.count))
        try require(
            pieces.handshake == whole.handshake && pieces.refusal == whole.refusal,
            "a handshake depends on the pieces that it comes in"
        )
        guard let handshake = whole.handshake else { return false }
        let encoded = handshake.encoded()
        try require(
            bytes.starts(with: encoded),
            "a handshake is written as another than was read"
        )
        try require(
            encoded.count == bytesBesideName + handshake.sender.cluster.name.utf8.count
                && encoded.count <= Handshake.maxBytes,
            "a handshake of a wrong length"
        )
        let single = read(bytes, in: bytes.indices.map { $0..<$0 + 1 })
        try require(single.arrived == encoded.count, "a handshake ends elsewhere")
        try checkFlip(encoded, bit: input.below(8 * encoded.count))
        return true
    }

    /// Makes the first bytes and the checksum right.
    ///
    /// - Returns: Where the handshake ends.
    @discardableResult
    static func mend(_ bytes: inout [UInt8]) -> Int {
        for (place, byte) in magic.enumerated() where place < bytes.count { bytes[place] = byte }
        guard bytes.count > namePlace else { return bytes.count }
        let end = bytesBesideName + Int(bytes[namePlace])
        guard end <= bytes.count else { return bytes.count }
        bytes.put(bytes.checksum(0..<end - 4), at: end - 4)
        return end
    }

    private static func read(_ bytes: [UInt8], in pieces: [Range<Int>]) -> Outcome {
        var outcome = Outcome()
        var received = ReceivedBytes()
        do throws(PeerRefusal) {
            for piece in pieces where outcome.handshake == nil {
                let next = Array(bytes[piece])
                var arrived = next.span
                outcome.arrived = piece.upperBound
                outcome.handshake = try received.next(from: &arrived, Handshake.look)
            }
        } catch {
            outcome.refusal = error
        }
        return outcome
    }

    /// The length of the name says what the checksum is of: a handshake of another length is another one.
    private static func checkFlip(_ encoded: [UInt8], bit: Int) throws(Violation) {
        guard bit / 8 != namePlace else { return }
        let damaged = encoded.flipping(bit: bit)
        let taken = read(damaged, in: [damaged.indices]).handshake
        try require(taken == nil, "a handshake with bit \(bit) flipped is taken")
    }
}
