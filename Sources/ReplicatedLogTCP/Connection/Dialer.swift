internal import LogWire
internal import NIOCore
internal import NIOPosix
internal import PaxosCore
internal import ReplicatedLog

/// Keeps one connection to a peer, for one lane, or tries to: connects, greets, writes what waits, and begins again
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
    let lane: Lane
    let loop: any EventLoop
    private let shared: Shared
    private var link: PeerLink?
    private var phase = Phase.idle
    private var session: OutboundSession
    /// Attempts since the last connection that lasted.
    private var attempts = 0
    private var openedAt = NIODeadline.now()
    /// The other end was refused or has refused, or it has no address: trying again soon would change nothing.
    private var isRefused = false
    /// That it cannot be reached was told, and it was not reached since.
    private var isToldUnreachable = false
    private var stall = StallWatch()
    private var check: Scheduled<Void>?
    private let names: NameLookUp
    /// Of one message at a time.
    private var bytes: [UInt8] = []

    init(
        to node: NodeID,
        _ lane: Lane,
        _ names: NameLookUp,
        on loop: any EventLoop,
        _ shared: Shared
    ) {
        self.node = node
        self.lane = lane
        self.loop = loop
        self.shared = shared
        session = OutboundSession(local: shared.local.identity, peer: node, tag: 0)
        self.names = names
    }

    func begin(_ link: PeerLink) {
        self.link = link
        connect()
    }

    // MARK: - Connecting

    private func connect() {
        isRefused = false
        guard let address = shared.addressOf(node) else { return retry() }
        phase = .connecting
        let session = OutboundSession(
            local: shared.local.identity,
            peer: node,
            lane: lane,
            tag: Shared.tag()
        )
        let own = NIOLoopBound(self, eventLoop: loop)
        let shared = shared
        let bootstrap = ClientBootstrap(group: loop)
            .connectTimeout(shared.options.handshakeLimit.timeAmount)
            .channelOption(.writeBufferWaterMark, value: watermark)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelOption(.socketOption(.so_keepalive), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try shared.connections.take(channel)
                    try TCPSocket.closeOnExec(channel)
                    let security = shared.secured?.now
                    try channel.pipeline.syncOperations.addHandlers(
                        security.map { [try $0.clientHandler()] } ?? []
                    )
                    try channel.pipeline.syncOperations.addHandler(
                        DialerHandler(own.value, session, security, shared)
                    )
                }
            }
        let connected =
            switch names.target(address) {
            case .address(let literal): bootstrap.connect(to: literal)
            // What the look-up takes counts as well.
            case .name(let resolver):
                bootstrap.resolver(resolver)
                    .connect(host: address.host, port: Int(address.port))
            }
        connected.whenFailure { error in
            // A name that has no address has none however often it is asked for.
            if (error as? NIOConnectionError)?.connectionErrors.isEmpty == true {
                own.value.isRefused = true
            }
            // A handler that was added tells of its connection's end itself.
            own.value.tellUnreachable(at: address, error)
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
        unwelcome()
    }

    private func tellUnreachable(at address: TCPAddress, _ cause: any Error) {
        guard case .connecting = phase, lane == .log, !isToldUnreachable else { return }
        isToldUnreachable = true
        shared.lines.unreachable(node, at: address, cause)
    }

    private func unwelcome() {
        if let count = link?.clear(lane), count > 0 { shared.count { $0.dropped += count } }
        retry()
    }

    /// This end or the other one refuses the connection that is being made, which ends now.
    func refused() { isRefused = true }

    /// The connection has ended, before or after it was welcomed.
    func lost() {
        check?.cancel()
        check = nil
        switch phase {
        case .connecting where isRefused: unwelcome()
        case .connecting: unreachable()
        case .open:
            // One that ends at once is no better than none.
            if NIODeadline.now() - openedAt > shared.longestBackOff { attempts = 0 }
            shared.lines.lost(node, lane)
            retry()
        case .idle, .waiting, .closed: return
        }
    }

    private func retry() {
        // Within an election timeout it is tried several times, so that what breaks connections now and
        // then costs no leader.
        let longest =
            isRefused
            ? shared.options.longestBackOff.timeAmount.nanoseconds
            : shared.longestBackOff.nanoseconds
        let doubled = shared.options.firstBackOff.timeAmount.nanoseconds << min(attempts, 20)
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
        check?.cancel()
        names.close()
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
        stall = StallWatch()
        phase = .open(channel)
        isToldUnreachable = false
        shared.count { $0.connected += 1 }
        shared.lines.connected(node, lane)
        flush()
    }

    /// Writes what waits, as far as the system takes it; whoever calls need not know whether it can.
    func flush() {
        guard case .open(let channel) = phase, let link else { return }
        let now = NIODeadline.now()
        stall.look(waiting: TCPSocket.waitingBytes(channel), at: now)
        var added = 0
        while channel.isWritable {
            let batch = link.popBatch(from: lane, maxBytes: shared.options.writeBytes)
            guard !batch.isEmpty else { break }
            let buffer = frames(of: batch, channel.allocator)
            let count = buffer.readableBytes
            added += count
            shared.count { counters in
                counters.sentMessages += batch.count
                counters.sentBytes += count
                counters.writes += 1
            }
            channel.writeAndFlush(buffer, promise: nil)
        }
        if bytes.capacity > 4 * shared.options.writeBytes { bytes = [] }
        if added > 0 {
            stall.added(added, waiting: TCPSocket.waitingBytes(channel), at: now)
        }
        if stall.waiting > 0, check == nil { watch(channel, in: stallLimit) }
    }

    /// A frame for each message. The bytes of a body that goes to other peers too are made once, by whichever
    /// dialer comes first, and copied into each one's frame.
    private func frames(of batch: [Parcel], _ allocator: ByteBufferAllocator) -> ByteBuffer {
        let count = batch.reduce(0) { $0 + FrameWriter.headBytes + $1.byteCount }
        var buffer = allocator.buffer(capacity: count)
        for parcel in batch {
            bytes.removeAll(keepingCapacity: true)
            switch parcel.body {
            case .own(let message):
                let envelope = Envelope(head: parcel.head, message: message)
                session.encode(envelope, into: &bytes)
                buffer.writeBytes(bytes)
            case .shared(let body):
                let rest = body.bytes
                session.encode(parcel.head, body.kind, before: rest, into: &bytes)
                buffer.writeBytes(bytes)
                buffer.writeBytes(rest)
            }
        }
        return buffer
    }

    private var stallLimit: TimeAmount { shared.options.stallLimit.timeAmount }

    /// A peer that takes nothing for long may be behind a network that drops everything.
    private func watch(_ channel: any Channel, in wait: TimeAmount) {
        let own = NIOLoopBound(self, eventLoop: loop)
        check = loop.scheduleTask(in: wait) { own.value.look(at: channel) }
    }

    private func look(at channel: any Channel) {
        check = nil
        let now = NIODeadline.now()
        stall.look(waiting: TCPSocket.waitingBytes(channel), at: now)
        guard let idle = stall.idle(at: now) else { return }
        guard idle < stallLimit else {
            shared.refuse(.stalled, channel)
            return channel.close(promise: nil)
        }
        watch(channel, in: stallLimit - idle)
    }
}
