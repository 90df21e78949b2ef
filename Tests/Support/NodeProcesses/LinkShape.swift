/// What a link can carry: a width, a way, and a buffer at its entrance, as a line between two sites has
/// them. Every connection of the link shares them, in the order in which bytes arrive.
package struct LinkShape: Sendable {
    package let bytesPerSecond: Int
    /// From one end to the other, for bytes that need not wait.
    package let delay: Duration
    /// What waits for the line; what finds no room waits in the sender's socket.
    package let bufferBytes: Int

    package init(
        bytesPerSecond: Int,
        delay: Duration = .milliseconds(1),
        bufferBytes: Int = 1 << 16
    ) {
        self.bytesPerSecond = bytesPerSecond
        self.delay = delay
        self.bufferBytes = bufferBytes
    }

    fileprivate func nanoseconds(for bytes: Int) -> UInt64 {
        UInt64(bytes) * 1_000_000_000 / UInt64(bytesPerSecond)
    }

    fileprivate var delayNanoseconds: UInt64 { UInt64(delay / .nanoseconds(1)) }
}

/// One direction of a link. Without a shape everything passes at once.
struct Line {
    var shape: LinkShape?
    /// When the last byte that was taken has left the line.
    private var freeAt: UInt64 = 0
    /// Bytes that were taken.
    private(set) var carried = 0

    init(_ shape: LinkShape?) {
        self.shape = shape
    }

    var isShaped: Bool { shape != nil }

    /// When there is room again; now, if there is some.
    func roomAt(_ now: UInt64) -> UInt64 {
        guard let shape else { return now }
        let held = shape.nanoseconds(for: shape.bufferBytes)
        return freeAt > now + held ? freeAt - held : now
    }

    /// The most that may be on the way.
    var windowBytes: Int {
        guard let shape else { return 1 << 18 }
        let way = Int(shape.delayNanoseconds) / 1_000 * shape.bytesPerSecond / 1_000_000
        return shape.bufferBytes + way + 1 << 18
    }

    /// Takes bytes, and says when they are there.
    mutating func take(_ bytes: Int, now: UInt64) -> UInt64 {
        carried += bytes
        guard let shape else { return now }
        freeAt = max(freeAt, now) + shape.nanoseconds(for: bytes)
        return freeAt + shape.delayNanoseconds
    }
}
