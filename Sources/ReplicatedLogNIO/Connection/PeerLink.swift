#if NIO
internal import NIOConcurrencyHelpers
internal import NIOCore
internal import PaxosCore
internal import ReplicatedLog

/// What waits for one peer, and the dialer that takes it there.
///
/// The node's thread puts messages in and leaves; the dialer takes them out on its event loop. It is woken
/// once, however many messages come before it has looked.
final class PeerLink: Sendable {
    private struct State {
        var queue: OutboundQueue
        /// The dialer looks, or will: it need not be woken.
        var isAwake = false
    }

    let node: NodeID
    private let state: NIOLockedValueBox<State>
    private let dialer: NIOLoopBound<Dialer>
    private let loop: any EventLoop

    private init(node: NodeID, bounds: OutboundQueue.Bounds, dialer: Dialer) {
        self.node = node
        state = NIOLockedValueBox(State(queue: OutboundQueue(bounds: bounds)))
        loop = dialer.loop
        self.dialer = NIOLoopBound(dialer, eventLoop: dialer.loop)
    }

    /// A link whose dialer begins at once.
    static func make(
        to node: NodeID,
        on loop: any EventLoop,
        _ shared: Shared
    ) -> EventLoopFuture<PeerLink> {
        loop.submit {
            let dialer = Dialer(to: node, on: loop, shared)
            let bounds = OutboundQueue.Bounds(limits: shared.local.limits)
            let link = PeerLink(node: node, bounds: bounds, dialer: dialer)
            dialer.begin(link)
            return link
        }
    }

    func send(_ envelopes: some Sequence<Envelope>) {
        let wakes = state.withLockedValue { state in
            for envelope in envelopes { state.queue.append(envelope) }
            defer { state.isAwake = true }
            return !state.isAwake
        }
        if wakes { loop.execute { self.dialer.value.flush() } }
    }

    /// What to write next. If there is nothing, the next message wakes the dialer.
    func popBatch(maxBytes: Int) -> [Envelope] {
        state.withLockedValue { state in
            let batch = state.queue.popBatch(maxBytes: maxBytes)
            if batch.isEmpty { state.isAwake = false }
            return batch
        }
    }

    /// Drops what waits: the peer cannot be reached, and what is sent later says more.
    ///
    /// - Returns: How many messages.
    func clear() -> Int {
        state.withLockedValue { state in
            defer { state.queue.removeAll() }
            return state.queue.count
        }
    }

    /// Messages that found no room.
    var dropped: Int { state.withLockedValue { $0.queue.counters.dropped } }

    /// The peer has just shown that it lives: try now.
    func nudge() {
        loop.execute { self.dialer.value.nudge() }
    }

    func close() {
        loop.execute { self.dialer.value.close() }
    }
}
#endif
