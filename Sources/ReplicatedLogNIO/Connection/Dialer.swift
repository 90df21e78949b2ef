#if NIO
internal import NIOCore
internal import NIOPosix
internal import PaxosCore
internal import ReplicatedLog

/// Keeps one connection to a peer, or tries to: connects, greets, writes what waits, and begins again
/// with a jittered back-off when the connection ends. Everything happens on one event loop.
final class Dialer {
    private enum Phase {
        case idle
        case connecting
        case open(any Channel)
        case waiting(Scheduled<Void>)
        case closed
    }

    let node: NodeID
    let loop: any EventLoop
    private let shared: Shared
    private var link: PeerLink?
    private var phase = Phase.idle
    private var session: OutboundSession
    /// Attempts since a connection has last lasted.
    private var attempts = 0
    private var openedAt = NIODeadline.now()
    private var stall: Scheduled<Void>?
    private var bytes: [UInt8] = []

    init(to node: NodeID, on loop: any EventLoop, _ shared: Shared) {
        self.node = node
        self.loop = loop
        self.shared = shared
        session = OutboundSession(local: shared.local.identity, peer: node, tag: 0)
    }

    func begin(_ link: PeerLink) {
        self.link = link
        connect()
    }

    // MARK: - Connecting

    private func connect() {
        guard let address = shared.addressOf(node) else { return retry() }
        phase = .connecting
        let session = OutboundSession(
            local: shared.local.identity,
            peer: node,
            tag: Shared.tag()
        )
        let own = NIOLoopBound(self, eventLoop: loop)
        let shared = shared
        ClientBootstrap(group: loop)
            .connectTimeout(shared.options.handshakeLimit.timeAmount)
            .channelOption(.writeBufferWaterMark, value: watermark)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelOption(.socketOption(.so_keepalive), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandlers(
                        try shared.tls.map { [try $0.clientHandler()] } ?? []
                    )
                    try channel.pipeline.syncOperations.addHandler(
                        DialerHandler(own.value, session, shared)
                    )
                }
            }
            .connect(host: address.host, port: Int(address.port))
            .whenFailure { _ in
                // A handler that was added tells of its connection's end itself.
                own.value.unreachable()
            }
    }

    private var watermark: ChannelOptions.Types.WriteBufferWaterMark {
        let high = max(shared.options.writeBytes, 4)
        return .init(low: high / 4, high: high)
    }

    private func unreachable() {
        guard case .connecting = phase else { return }
        shared.count { $0.unreachable += 1 }
        if let count = link?.clear(), count > 0 { shared.count { $0.dropped += count } }
        retry()
    }

    /// The connection has ended, before or after it was welcomed.
    func lost() {
        stall?.cancel()
        stall = nil
        switch phase {
        case .connecting: unreachable()
        case .open:
            // One that ends at once is no better than none.
            if NIODeadline.now() - openedAt > .seconds(1) { attempts = 0 }
            retry()
        case .idle, .waiting, .closed: return
        }
    }

    private func retry() {
        let options = shared.options
        let longest = options.longestBackOff.timeAmount.nanoseconds
        let doubled = options.firstBackOff.timeAmount.nanoseconds << min(attempts, 20)
        attempts += 1
        let wait = max(1, min(longest, doubled))
        let delay = Int64.random(in: wait / 2...wait)
        let own = NIOLoopBound(self, eventLoop: loop)
        phase = .waiting(
            loop.scheduleTask(in: .nanoseconds(delay)) {
                if case .waiting = own.value.phase { own.value.connect() }
            }
        )
    }

    /// Connects now, if a back-off is under way.
    func nudge() {
        guard case .waiting(let scheduled) = phase else { return }
        scheduled.cancel()
        connect()
    }

    func close() {
        if case .waiting(let scheduled) = phase { scheduled.cancel() }
        if case .open(let channel) = phase { channel.close(promise: nil) }
        stall?.cancel()
        phase = .closed
        link = nil
    }

    // MARK: - Writing

    func opened(_ channel: any Channel, _ session: OutboundSession) {
        guard case .connecting = phase else {
            channel.close(promise: nil)
            return
        }
        self.session = session
        openedAt = .now()
        phase = .open(channel)
        shared.count { $0.connected += 1 }
        flush()
    }

    /// Writes what waits, as far as the system takes it; whoever calls need not know whether it can.
    func flush() {
        guard case .open(let channel) = phase, let link else { return }
        while channel.isWritable {
            let batch = link.popBatch(maxBytes: shared.options.writeBytes)
            guard !batch.isEmpty else { break }
            bytes.removeAll(keepingCapacity: true)
            session.encode(batch, into: &bytes)
            shared.count { counters in
                counters.sentMessages += batch.count
                counters.sentBytes += bytes.count
                counters.writes += 1
            }
            channel.writeAndFlush(ByteBuffer(bytes: bytes), promise: nil)
        }
        if bytes.capacity > 4 * shared.options.writeBytes { bytes = [] }
        watch(channel)
    }

    /// A peer that takes nothing for long may be behind a network that drops everything.
    private func watch(_ channel: any Channel) {
        if channel.isWritable {
            stall?.cancel()
            stall = nil
        } else if stall == nil {
            let shared = shared
            stall = channel.eventLoop.scheduleTask(in: shared.options.stallLimit.timeAmount) {
                shared.refuse(.stalled)
                channel.close(promise: nil)
            }
        }
    }
}
#endif
