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

        fileprivate func bytes(of lane: Lane) -> Int {
            switch lane {
            case .liveness: livenessBytes
            case .log: logBytes
            }
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

    private struct Queued {
        let envelope: Envelope
        let bytes: Int
    }

    private struct Waiting {
        var queued = Ring<Queued>()
        var bytes = 0

        mutating func append(_ next: Queued) {
            queued.append(next)
            bytes += next.bytes
        }

        mutating func popFirst() -> Queued? {
            guard let first = queued.popFirst() else { return nil }
            bytes -= first.bytes
            return first
        }

        mutating func popBatch(maxBytes: Int) -> [Envelope] {
            var batch: [Envelope] = []
            var taken = 0
            while let next = queued.first, batch.isEmpty || taken + next.bytes <= maxBytes {
                batch.append(next.envelope)
                taken += next.bytes
                _ = popFirst()
            }
            return batch
        }

        mutating func removeAll() -> Int {
            defer { self = Waiting() }
            return queued.count
        }
    }

    private var liveness = Waiting()
    private var log = Waiting()
    /// What each lane may hold.
    public let bounds: Bounds
    /// What went through so far.
    public private(set) var counters = Counters()

    /// Makes an empty queue.
    public init(bounds: Bounds = Bounds()) {
        self.bounds = bounds
    }

    /// True if nothing waits.
    public var isEmpty: Bool { liveness.queued.isEmpty && log.queued.isEmpty }
    /// How many messages wait.
    public var count: Int { liveness.queued.count + log.queued.count }

    /// How many bytes wait in a lane.
    public func byteCount(in lane: Lane) -> Int {
        switch lane {
        case .liveness: liveness.bytes
        case .log: log.bytes
        }
    }

    /// Takes a message in, or drops one.
    ///
    /// - Returns: False if this message was dropped.
    @discardableResult
    public mutating func append(_ envelope: Envelope) -> Bool {
        let next = Queued(
            envelope: envelope,
            bytes: envelope.byteCount + MemoryLayout<Envelope>.stride
        )
        let bound = bounds.bytes(of: envelope.lane)
        switch envelope.lane {
        case .liveness:
            while liveness.bytes + next.bytes > bound, let oldest = liveness.popFirst() {
                counters.droppedLiveness += 1
                counters.droppedBytes += oldest.bytes
            }
            liveness.append(next)
        case .log:
            guard log.bytes + next.bytes <= bound || log.queued.isEmpty else {
                counters.droppedLog += 1
                counters.droppedBytes += next.bytes
                return false
            }
            log.append(next)
        }
        counters.queued += 1
        return true
    }

    /// Takes the next message out: liveness first, else the oldest of the log.
    public mutating func popFirst() -> Envelope? {
        (liveness.popFirst() ?? log.popFirst())?.envelope
    }

    /// Takes all of liveness out and then of the log what fits into so many bytes: at least one message
    /// if there is any.
    public mutating func popBatch(maxBytes: Int) -> [Envelope] {
        var batch: [Envelope] = []
        var bytes = 0
        while let next = liveness.popFirst() {
            batch.append(next.envelope)
            bytes += next.bytes
        }
        while let next = log.queued.first, batch.isEmpty || bytes + next.bytes <= maxBytes {
            batch.append(next.envelope)
            bytes += next.bytes
            _ = log.popFirst()
        }
        return batch
    }

    /// Takes the oldest of a lane out that fit into so many bytes: at least one message if there is any.
    /// For a transport that has a connection for each lane.
    public mutating func popBatch(from lane: Lane, maxBytes: Int) -> [Envelope] {
        switch lane {
        case .liveness: liveness.popBatch(maxBytes: maxBytes)
        case .log: log.popBatch(maxBytes: maxBytes)
        }
    }

    /// Drops what waits in a lane, uncounted.
    ///
    /// - Returns: How many messages those were.
    @discardableResult
    public mutating func removeAll(from lane: Lane) -> Int {
        switch lane {
        case .liveness: liveness.removeAll()
        case .log: log.removeAll()
        }
    }

    /// Drops everything that waits, uncounted: the peer has another life, or the transport ends.
    public mutating func removeAll() {
        liveness = Waiting()
        log = Waiting()
    }
}
