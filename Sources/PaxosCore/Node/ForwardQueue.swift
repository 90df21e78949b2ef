/// Appends that wait for a slot of this leader, with their payload bytes.
struct ForwardQueue: Sendable {
    /// Each with whom it came from: a refusal goes back the same way.
    private var queue = FIFO<(Forward, NodeID)>()
    private(set) var bytes = 0

    var count: Int { queue.count }
    var first: (Forward, NodeID)? { queue.first }

    func forEach(_ body: ((Forward, NodeID)) -> Void) { queue.forEach(body) }

    mutating func append(_ forward: Forward, from sender: NodeID) {
        bytes += forward.payloads.bytes
        queue.append((forward, sender))
    }

    mutating func removeFirst() {
        if let (forward, _) = queue.popFirst() { bytes -= forward.payloads.bytes }
    }
}
