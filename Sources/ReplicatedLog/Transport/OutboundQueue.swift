/// What waits to be sent to one peer: two lanes, each bounded in bytes (`R61`, `R62`).
///
/// What is taken out is liveness first. In a full lane of liveness the oldest message makes room, for a
/// newer one says more; in a full lane of the log the new message is dropped, for what waits there is
/// older and comes without a hole. An empty lane takes one message of any size, so that no bound can
/// stop a message for ever.
///
/// A message counts its bytes on the wire and what its value occupies in memory. Payloads are shared
/// with whoever else holds them, the node's pipeline or another peer's queue, so the true cost is less.
///
/// A value without a lock: its owner guards it.
public struct OutboundQueue: Sendable {
    /// How many bytes each lane may hold.
    public struct Bounds: Hashable, Sendable {
        /// The most bytes in the liveness lane. Default 256 KiB, over a thousand messages.
        public var livenessBytes = 256 << 10
        /// The most bytes in the log lane.
        public var logBytes: Int

        /// Bounds for a node with these limits: the log lane holds two pipelines, 16 MiB by default.
        public init(limits: Limits = Limits()) {
            logBytes = 2 * limits.pipelineBytes
        }
    }

    /// What went through the queue.
    public struct Counters: Hashable, Sendable {
        /// Messages taken into the queue.
        public var queued = 0
        /// Messages of the liveness lane that were dropped.
        public var droppedLiveness = 0
        /// Messages of the log lane that were dropped.
        public var droppedLog = 0
        /// The bytes of all that were dropped, as the queue counts them.
        public var droppedBytes = 0

        /// Nothing yet.
        public init() {}

        /// Messages dropped from either lane.
        public var dropped: Int { droppedLiveness + droppedLog }
    }

    private var waiting: LaneQueue<Envelope>

    /// Makes an empty queue.
    public init(bounds: Bounds = Bounds()) {
        waiting = LaneQueue(bounds: bounds)
    }

    /// What each lane may hold.
    public var bounds: Bounds { waiting.bounds }
    /// What went through so far.
    public var counters: Counters { waiting.counters }
    /// True if nothing waits.
    public var isEmpty: Bool { waiting.isEmpty }
    /// How many messages wait.
    public var count: Int { waiting.count }

    /// How many bytes wait in a lane.
    public func byteCount(in lane: Lane) -> Int { waiting.byteCount(in: lane) }

    /// Takes a message in, or drops one.
    ///
    /// - Returns: False if this message was dropped.
    @discardableResult
    public mutating func append(_ envelope: Envelope) -> Bool {
        let bytes = envelope.byteCount + MemoryLayout<Envelope>.stride
        return waiting.append(envelope, bytes: bytes, lane: envelope.lane)
    }

    /// Takes the next message out: liveness first, else the oldest of the log.
    public mutating func popFirst() -> Envelope? { waiting.popFirst() }

    /// Takes all of liveness out and then of the log what fits into so many bytes: at least one message
    /// if there is any.
    public mutating func popBatch(maxBytes: Int) -> [Envelope] {
        waiting.popBatch(maxBytes: maxBytes)
    }

    /// Takes the oldest of a lane out that fit into so many bytes: at least one message if there is any.
    /// For a transport that has a connection for each lane.
    public mutating func popBatch(from lane: Lane, maxBytes: Int) -> [Envelope] {
        waiting.popBatch(from: lane, maxBytes: maxBytes)
    }

    /// Drops what waits in a lane, uncounted.
    ///
    /// - Returns: How many messages those were.
    @discardableResult
    public mutating func removeAll(from lane: Lane) -> Int { waiting.removeAll(from: lane) }

    /// Drops everything that waits, uncounted: the peer has another life, or the transport ends.
    public mutating func removeAll() { waiting.removeAll() }
}
