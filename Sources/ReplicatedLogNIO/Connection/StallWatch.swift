#if NIO
internal import NIOCore

/// Whether bytes leave a connection. A connection is stalled if nothing at all has left for a while though
/// something waits; one that is slow is not (`R83`).
struct StallWatch {
    /// The bytes that waited at the last look.
    private(set) var waiting = 0
    /// When bytes have left, or began to wait, for the last time.
    private var latest = NIODeadline.now()

    /// Looks before something is added.
    mutating func look(waiting now: Int, at time: NIODeadline) {
        if now < waiting || now == 0 { latest = time }
        waiting = now
    }

    /// So many bytes were added since the last look, some of which may have left at once.
    mutating func added(_ bytes: Int, waiting now: Int, at time: NIODeadline) {
        // Encryption adds to them: what is less than was added has lost some for certain.
        if waiting == 0 || now < waiting + bytes { latest = time }
        waiting = now
    }

    /// How long nothing has left; `nil` if nothing waits.
    func idle(at time: NIODeadline) -> TimeAmount? {
        waiting == 0 ? nil : time - latest
    }
}
#endif
