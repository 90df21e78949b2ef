internal import NIOConcurrencyHelpers
internal import NIOCore
internal import PaxosCore
internal import ReplicatedLog

/// What waits for one peer, and the dialers that take it there: one for each lane, with a connection of its
/// own, so that a heartbeat stands behind no page and no batch, neither here nor in a socket (`R61`).
///
/// The node's thread puts messages in and leaves; a dialer takes those of its lane out on its event loop.
/// It is woken once, however many messages come before it has looked.
final class PeerLink: Sendable {
    private struct State {
        var queue: ParcelQueue
        /// Lanes whose dialer looks, or will: it need not be woken.
        var awake = Lanes()
    }

    let node: NodeID
    private let state: NIOLockedValueBox<State>
    private let dialers: NIOLoopBound<[Dialer]>
    private let loop: any EventLoop

    private init(
        node: NodeID,
        bounds: OutboundQueue.Bounds,
        dialers: [Dialer],
        _ loop: any EventLoop
    ) {
        self.node = node
        state = NIOLockedValueBox(State(queue: ParcelQueue(bounds: bounds)))
        self.loop = loop
        self.dialers = NIOLoopBound(dialers, eventLoop: loop)
    }

    /// A link whose dialers begin at once.
    static func make(
        to node: NodeID,
        on loop: any EventLoop,
        _ shared: Shared
    ) -> EventLoopFuture<PeerLink> {
        loop.submit {
            let names = NameLookUp(on: loop, shared.lookUp)
            let dialers = Lane.allCases.map { Dialer(to: node, $0, names, on: loop, shared) }
            let bounds = OutboundQueue.Bounds(limits: shared.local.limits)
            let link = PeerLink(node: node, bounds: bounds, dialers: dialers, loop)
            for dialer in dialers { dialer.begin(link) }
            return link
        }
    }

    /// Puts in those of the messages that are for the peer.
    func send(_ parcels: [Parcel]) {
        let wakes = state.withLockedValue { state in
            var lanes = Lanes()
            for parcel in parcels where parcel.head.destination == node {
                state.queue.append(parcel)
                lanes.insert(Lanes(parcel.lane))
            }
            lanes.subtract(state.awake)
            state.awake.formUnion(lanes)
            return lanes
        }
        guard !wakes.isEmpty else { return }
        loop.execute {
            for dialer in self.dialers.value where wakes.contains(Lanes(dialer.lane)) {
                dialer.flush()
            }
        }
    }

    /// What to write next in a lane. If there is nothing, the next message wakes its dialer.
    func popBatch(from lane: Lane, maxBytes: Int) -> [Parcel] {
        state.withLockedValue { state in
            let batch = state.queue.popBatch(from: lane, maxBytes: maxBytes)
            if batch.isEmpty { state.awake.remove(Lanes(lane)) }
            return batch
        }
    }

    /// Drops what waits in a lane: the peer cannot be reached, and what is sent later says more.
    ///
    /// - Returns: How many messages.
    func clear(_ lane: Lane) -> Int {
        state.withLockedValue { $0.queue.removeAll(from: lane) }
    }

    /// Messages that found no room.
    var dropped: Int { state.withLockedValue { $0.queue.counters.dropped } }

    /// The peer has just shown that it lives: try now.
    func nudge() {
        loop.execute { for dialer in self.dialers.value { dialer.nudge() } }
    }

    func close() {
        loop.execute { for dialer in self.dialers.value { dialer.close() } }
    }

    /// Returns when nobody connects any more, also if the loop has ended.
    func end() async {
        await Answer.of(loop) { for dialer in self.dialers.value { dialer.close() } }
    }
}

/// Some of the lanes.
private struct Lanes: OptionSet {
    let rawValue: UInt8

    init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    init(_ lane: Lane) {
        switch lane {
        case .liveness: rawValue = 1
        case .log: rawValue = 2
        }
    }
}
