internal import LogWire
internal import NIOCore
internal import PaxosCore
internal import ReplicatedLog

/// One connection that was made to this node: hears a greeting, answers, and hands messages over.
final class ListenerHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// About the most bytes that are handed over at once.
    private static let batchBytes = 1 << 20

    private let listener: Listener
    private let shared: Shared
    /// With which the connection was made, whatever others are made with since.
    private let security: (any Security)?
    private var session: InboundSession
    private var limit: Scheduled<Void>?
    private var batch: [Envelope] = []
    private var batchBytes = 0
    private var isOver = false

    init(_ listener: Listener, _ security: (any Security)?, _ shared: Shared) {
        self.listener = listener
        self.security = security
        self.shared = shared
        session = InboundSession(
            local: shared.local.identity,
            peers: shared.peers,
            maxBodyBytes: shared.local.limits.maxEnvelopeBytes,
            tag: Shared.tag()
        )
    }

    func channelActive(context: ChannelHandlerContext) {
        let channel = context.channel
        let shared = shared
        limit = context.eventLoop.scheduleTask(in: shared.options.handshakeLimit.timeAmount) {
            shared.refuse(.handshakeTimedOut, channel)
            channel.close(promise: nil)
        }
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isOver else { return }
        let buffer = unwrapInboundIn(data)
        shared.count { $0.receivedBytes += buffer.readableBytes }
        // Messages are made of the bytes where they lie.
        buffer.withUnsafeReadableBytes {
            read($0.assumingMemoryBound(to: UInt8.self).span, context)
        }
    }

    private func read(_ arrived: Span<UInt8>, _ context: ChannelHandlerContext) {
        var arrived = arrived
        do throws(PeerRefusal) {
            let vouches = { (name: CertifiedName) in
                self.security?.vouches(for: name, in: context) ?? true
            }
            while let step = try session.next(from: &arrived, certified: vouches) {
                take(step, context)
            }
        } catch {
            refuse(error, context)
        }
    }

    private func take(_ step: InboundSession.Step, _ context: ChannelHandlerContext) {
        switch step {
        case .welcomed(let peer, let lane, let answer):
            limit?.cancel()
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: answer)), promise: nil)
            listener.welcomed(context.channel, peer, lane, self)
        case .message(let envelope):
            batch.append(envelope)
            batchBytes += envelope.byteCount
            if batchBytes >= Self.batchBytes { handOver() }
        }
    }

    private func refuse(_ refusal: PeerRefusal, _ context: ChannelHandlerContext) {
        isOver = true
        shared.refuse(refusal, context.channel)
        if let answer = session.answer(to: refusal) {
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: answer)), promise: nil)
        }
        context.close(promise: nil)
    }

    /// Tells the process at the other end that it does not count. One that does not read need not be told
    /// again.
    func sendBack(_ refusal: Envelope, _ channel: any Channel) {
        guard channel.isWritable, let bytes = session.frame(of: refusal) else { return }
        shared.count { counters in
            counters.sentMessages += 1
            counters.sentBytes += bytes.count
        }
        channel.writeAndFlush(ByteBuffer(bytes: bytes), promise: nil)
    }

    private func handOver() {
        guard !batch.isEmpty else { return }
        let count = batch.count
        shared.count { $0.receivedMessages += count }
        shared.local.receive(batch)
        batch = []
        batchBytes = 0
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        // What came whole before a bad frame counts.
        handOver()
        context.fireChannelReadComplete()
    }

    func channelInactive(context: ChannelHandlerContext) {
        limit?.cancel()
        handOver()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if security?.isFailure(error) ?? false { shared.refuse(.tls, context.channel) }
        context.close(promise: nil)
    }
}
