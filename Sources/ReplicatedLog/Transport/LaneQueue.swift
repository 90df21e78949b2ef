/// Two lanes of messages, each bounded in bytes: what `OutboundQueue` says of whole messages, for them and for
/// what a transport makes of them.
struct LaneQueue<Item: Sendable>: Sendable {
    private struct Queued {
        let item: Item
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

        /// Moves the oldest that fit into so many bytes: at least one if the batch is empty.
        mutating func pop(maxBytes: Int, into batch: inout [Item], _ taken: inout Int) {
            while let next = queued.first, batch.isEmpty || taken + next.bytes <= maxBytes {
                batch.append(next.item)
                taken += next.bytes
                _ = popFirst()
            }
        }

        mutating func removeAll() -> Int {
            defer { self = Waiting() }
            return queued.count
        }
    }

    private var liveness = Waiting()
    private var log = Waiting()
    let bounds: OutboundQueue.Bounds
    private(set) var counters = OutboundQueue.Counters()

    init(bounds: OutboundQueue.Bounds) {
        self.bounds = bounds
    }

    var isEmpty: Bool { liveness.queued.isEmpty && log.queued.isEmpty }
    var count: Int { liveness.queued.count + log.queued.count }

    func byteCount(in lane: Lane) -> Int {
        switch lane {
        case .liveness: liveness.bytes
        case .log: log.bytes
        }
    }

    mutating func append(_ item: Item, bytes: Int, lane: Lane) -> Bool {
        let next = Queued(item: item, bytes: bytes)
        switch lane {
        case .liveness:
            while liveness.bytes + next.bytes > bounds.livenessBytes,
                let oldest = liveness.popFirst()
            {
                counters.droppedLiveness += 1
                counters.droppedBytes += oldest.bytes
            }
            liveness.append(next)
        case .log:
            guard log.bytes + next.bytes <= bounds.logBytes || log.queued.isEmpty else {
                counters.droppedLog += 1
                counters.droppedBytes += next.bytes
                return false
            }
            log.append(next)
        }
        counters.queued += 1
        return true
    }

    mutating func popFirst() -> Item? {
        (liveness.popFirst() ?? log.popFirst())?.item
    }

    mutating func popBatch(maxBytes: Int) -> [Item] {
        var batch: [Item] = []
        var bytes = 0
        liveness.pop(maxBytes: .max, into: &batch, &bytes)
        log.pop(maxBytes: maxBytes, into: &batch, &bytes)
        return batch
    }

    mutating func popBatch(from lane: Lane, maxBytes: Int) -> [Item] {
        var batch: [Item] = []
        var bytes = 0
        switch lane {
        case .liveness: liveness.pop(maxBytes: maxBytes, into: &batch, &bytes)
        case .log: log.pop(maxBytes: maxBytes, into: &batch, &bytes)
        }
        return batch
    }

    mutating func removeAll(from lane: Lane) -> Int {
        switch lane {
        case .liveness: liveness.removeAll()
        case .log: log.removeAll()
        }
    }

    mutating func removeAll() {
        liveness = Waiting()
        log = Waiting()
    }
}
