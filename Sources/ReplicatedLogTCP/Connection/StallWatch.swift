internal import NIOCore

/// Whether a connection moves. It is stalled if not one byte was acknowledged for a while though something
/// waits; one that is slow is not (`R83`).
struct StallWatch {
    /// The bytes that waited, here or for an acknowledgement, at the last look.
    private(set) var waiting = 0
    /// When bytes were acknowledged, or began to wait, for the last time.
    private var latest = NIODeadline.now()

    /// Looks before something is added.
    mutating func look(waiting now: Int, at time: NIODeadline) {
        if now < waiting || now == 0 { latest = time }
        waiting = now
    }

    /// So many bytes were added since the last look, some of which may be there already.
    mutating func added(_ bytes: Int, waiting now: Int, at time: NIODeadline) {
        // Encryption adds to them: what is less than was added has lost some for certain.
        if waiting == 0 || now < waiting + bytes { latest = time }
        waiting = now
    }

    /// How long nothing was acknowledged; `nil` if nothing waits.
    func idle(at time: NIODeadline) -> TimeAmount? {
        waiting == 0 ? nil : time - latest
    }
}
