package import PaxosCore
internal import Platform

/// A message on its way to one peer in bytes: a head of its own, and a body that it may share with what goes to
/// other peers. An Accept goes to every member, and all but its head is the same for each.
package struct Parcel: Sendable {
    package enum Body: Sendable {
        case own(Message)
        case shared(SharedBody)
    }

    package let head: Envelope.Head
    package let body: Body
    package let lane: Lane
    /// As of the envelope.
    package let byteCount: Int

    /// The messages in their order, but for refusals, which go other ways; those next to each other that have one
    /// body with that body between them.
    package static func pack(_ envelopes: [Envelope], _ bodies: SharedBodies) -> [Parcel] {
        var parcels: [Parcel] = []
        parcels.reserveCapacity(envelopes.count)
        var shared: SharedBody?
        for (place, envelope) in zip(envelopes.indices, envelopes) where !envelope.isRefusal {
            if place > 0, shared != nil, !envelope.sharesBody(with: envelopes[place - 1]) {
                shared = nil
            }
            if shared == nil, place + 1 < envelopes.count,
                envelope.sharesBody(with: envelopes[place + 1])
            {
                shared = SharedBody(envelope.message, of: bodies)
            }
            parcels.append(Parcel(envelope, shared))
        }
        return parcels
    }

    private init(_ envelope: Envelope, _ shared: SharedBody?) {
        head = envelope.head
        body = shared.map(Body.shared) ?? .own(envelope.message)
        lane = envelope.lane
        byteCount = envelope.byteCount
    }
}

/// What the messages of one transport share.
package struct SharedBodies: Sendable {
    /// The lock of all bodies, with the count of those that were encoded.
    fileprivate let state = Locked(0)

    package init() {}

    /// How many bodies were encoded: each once, however many peers it went to.
    package var encoded: Int { state.withLock { $0 } }
}

/// What follows the head of a message to several peers. It holds the message until somebody wants the bytes and
/// the bytes from then on, never both: what waits for a slow peer takes no more than the message did.
package final class SharedBody: @unchecked Sendable {
    // Unchecked: what it is made of is reached with the lock held.
    private enum State {
        case message(Message)
        case bytes([UInt8])
    }

    private let bodies: SharedBodies
    private var state: State
    package let kind: MessageKind

    fileprivate init(_ message: Message, of bodies: SharedBodies) {
        self.bodies = bodies
        kind = message.kind
        state = .message(message)
    }

    /// The bytes, encoded by the first call.
    package var bytes: [UInt8] {
        bodies.state.withLock { encoded in
            switch state {
            case .bytes(let bytes): return bytes
            case .message(let message):
                var bytes: [UInt8] = []
                bytes.reserveCapacity(message.byteCount)
                message.append(to: &bytes)
                state = .bytes(bytes)
                encoded += 1
                return bytes
            }
        }
    }
}

/// As `OutboundQueue`, of messages that may share their bodies.
package struct ParcelQueue: Sendable {
    private var waiting: LaneQueue<Parcel>

    package init(bounds: OutboundQueue.Bounds = OutboundQueue.Bounds()) {
        waiting = LaneQueue(bounds: bounds)
    }

    package var counters: OutboundQueue.Counters { waiting.counters }

    /// Takes a message in, or drops one.
    @discardableResult
    package mutating func append(_ parcel: Parcel) -> Bool {
        let bytes = parcel.byteCount + MemoryLayout<Envelope>.stride
        return waiting.append(parcel, bytes: bytes, lane: parcel.lane)
    }

    /// Takes the oldest of a lane out that fit into so many bytes: at least one message if there is any.
    package mutating func popBatch(from lane: Lane, maxBytes: Int) -> [Parcel] {
        waiting.popBatch(from: lane, maxBytes: maxBytes)
    }

    /// Drops what waits in a lane, uncounted.
    ///
    /// - Returns: How many messages those were.
    package mutating func removeAll(from lane: Lane) -> Int { waiting.removeAll(from: lane) }
}
