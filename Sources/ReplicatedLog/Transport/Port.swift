internal import PaxosCore
internal import Platform

/// Where the messages for one started transport arrive: a bounded queue for each sender, and one
/// deliverer at a time.
///
/// With direct delivery the deliverer is whichever sender finds nobody delivering: it calls `receive` on
/// its own thread, without the lock, until the queues are empty; senders that come meanwhile leave their
/// messages and go. So the common message costs two short critical sections, no thread and no wake-up,
/// and `receive` is never entered twice. With a thread of its own the port delivers there instead.
final class Port: Sendable {
    fileprivate struct Link {
        let source: NodeID
        var queue: OutboundQueue
    }

    /// One call of `receive`.
    fileprivate struct Handover {
        let batch: [Envelope]
        let receive: @Sendable ([Envelope]) -> Void
    }

    fileprivate struct State {
        /// Let go when the port closes: whoever receives may hold the transport.
        var receive: (@Sendable ([Envelope]) -> Void)?
        var links: [Link] = []
        var isDelivering = false
        var isPaused = false
        /// The link from which the next batch comes: no sender starves another.
        var next = 0
        var waiters: [UnsafeContinuation<Void, Never>] = []

        var isClosed: Bool { receive == nil }
        var isEmpty: Bool { links.allSatisfy { $0.queue.isEmpty } }
    }

    /// The most bytes that one call of `receive` is given.
    private static let batchBytes = 1 << 20

    let node: NodeID
    private let options: InMemoryNetwork.Options
    private let state: Locked<State>
    private let parker = Parker()
    private let thread = Locked<PinnedThread?>(nil)

    init(
        node: NodeID,
        options: InMemoryNetwork.Options,
        receive: @escaping @Sendable ([Envelope]) -> Void
    ) {
        self.node = node
        self.options = options
        state = Locked(State(receive: receive))
    }

    private var isDirect: Bool { options.delivery == .direct }

    func start() throws(InMemoryTransportError) {
        guard !isDirect else { return }
        do throws(PosixError) {
            let thread = try PinnedThread(name: "rlog-mem-\(node)") { self.run() }
            self.thread.withLock { $0 = thread }
        } catch {
            throw .noThread(code: error.code)
        }
    }

    // MARK: - Senders

    func offer(_ envelopes: [Envelope], from source: NodeID) {
        let handover: Handover? = state.withLock { state in
            guard let receive = state.receive else { return nil }
            let isFree = isDirect && !state.isDelivering && !state.isPaused
            if isFree, state.isEmpty {
                state.isDelivering = true
                return Handover(batch: envelopes, receive: receive)
            }
            state.append(envelopes, from: source, bounds: options.bounds)
            return isFree ? state.nextHandover(maxBytes: Self.batchBytes) : nil
        }
        if let handover {
            deliver(handover)
        } else if !isDirect {
            parker.unpark()
        }
    }

    /// Calls `receive` until nothing is left or nothing may go on.
    private func deliver(_ first: Handover) {
        var handover = first
        while true {
            handover.receive(handover.batch)
            let next: Handover? = state.withLock { $0.nextHandover(maxBytes: Self.batchBytes) }
            guard let next else { return }
            handover = next
        }
    }

    // MARK: - The port's own thread

    private func run() {
        while true {
            let (handover, isClosed): (Handover?, Bool) = state.withLock { state in
                (state.nextHandover(maxBytes: Self.batchBytes), state.isClosed)
            }
            if let handover {
                deliver(handover)
            } else if isClosed {
                return
            } else {
                parker.park()
            }
        }
    }

    // MARK: - Pause and end

    /// A node that takes nothing, as a stopped process does.
    func pause() {
        state.withLock { $0.isPaused = true }
    }

    func resume() {
        state.withLock { $0.isPaused = false }
        // An empty offer finds what was queued meanwhile.
        offer([], from: node)
    }

    func close() {
        state.withLock { state in
            state.receive = nil
            for place in state.links.indices { state.links[place].queue.removeAll() }
        }
        parker.unpark()
    }

    /// Returns when `receive` runs no more; only after `close()`.
    func ended() async {
        await withUnsafeContinuation { continuation in
            let isOver = state.withLock { state in
                if state.isDelivering { state.waiters.append(continuation) }
                return !state.isDelivering
            }
            if isOver { continuation.resume() }
        }
        await thread.withLock { $0 }?.ended()
        thread.withLock { $0.take() }?.join()
    }

    var counters: OutboundQueue.Counters {
        state.withLock { state in
            state.links.reduce(into: OutboundQueue.Counters()) { sum, link in
                sum.queued += link.queue.counters.queued
                sum.droppedLiveness += link.queue.counters.droppedLiveness
                sum.droppedLog += link.queue.counters.droppedLog
                sum.droppedBytes += link.queue.counters.droppedBytes
            }
        }
    }
}

extension Port.State {
    mutating func append(
        _ envelopes: [Envelope],
        from source: NodeID,
        bounds: OutboundQueue.Bounds
    ) {
        guard !envelopes.isEmpty else { return }
        let place: Int
        if let known = links.firstIndex(where: { $0.source == source }) {
            place = known
        } else {
            place = links.count
            links.append(Port.Link(source: source, queue: OutboundQueue(bounds: bounds)))
        }
        for envelope in envelopes { links[place].queue.append(envelope) }
    }

    /// What the deliverer goes on with; `nil`, and nobody delivers any more, if there is nothing.
    mutating func nextHandover(maxBytes: Int) -> Port.Handover? {
        if let receive, !isPaused {
            let batch = popBatch(maxBytes: maxBytes)
            if !batch.isEmpty {
                isDelivering = true
                return Port.Handover(batch: batch, receive: receive)
            }
        }
        isDelivering = false
        for waiter in waiters { waiter.resume() }
        waiters = []
        return nil
    }

    /// From the next sender that has something.
    mutating func popBatch(maxBytes: Int) -> [Envelope] {
        for step in links.indices {
            let place = (next + step) % links.count
            let batch = links[place].queue.popBatch(maxBytes: maxBytes)
            guard batch.isEmpty else {
                next = place + 1
                return batch
            }
        }
        return []
    }
}
