/// Cuts what one member sends to another into the handshake and frames (docs/PROTOCOL.md), so that whole
/// ones can be repeated, moved and left out.
package struct FrameCutter {
    private static let nameLengthPlace = 14
    private static let handshakeBytes = 84
    private static let headBytes = 32
    private static let most = 1 << 28

    private var received: [UInt8] = []
    private var isGreeted = false
    /// Nothing can be told apart any more.
    private var isLost = false

    /// The handshake and the frames that are whole now.
    package init() {}

    package mutating func take(_ bytes: ArraySlice<UInt8>) -> [[UInt8]] {
        received += bytes
        var pieces: [[UInt8]] = []
        var begin = 0
        while let length = length(from: begin), received.count - begin >= length, length > 0 {
            pieces.append(Array(received[begin..<begin + length]))
            begin += length
            isGreeted = true
        }
        received.removeFirst(begin)
        return pieces
    }

    /// How many bytes the next piece has; `nil` as long as that is not known.
    private mutating func length(from begin: Int) -> Int? {
        let there = received.count - begin
        if isLost { return there }
        guard isGreeted else {
            guard there > Self.nameLengthPlace else { return nil }
            return Self.handshakeBytes + Int(received[begin + Self.nameLengthPlace])
        }
        guard there >= 4 else { return nil }
        let length = (0..<4).reduce(Self.headBytes) { $0 + Int(received[begin + $1]) << (8 * $1) }
        isLost = length > Self.most
        return isLost ? there : length
    }
}
