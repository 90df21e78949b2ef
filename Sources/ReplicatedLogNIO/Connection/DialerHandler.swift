#if NIO
internal import NIOCore
internal import ReplicatedLog

/// One connection to a peer, up to its welcome; after that the dialer writes and this end hears nothing.
final class DialerHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let dialer: Dialer
    private let shared: Shared
    private var session: OutboundSession
    private var limit: Scheduled<Void>?

    init(_ dialer: Dialer, _ session: OutboundSession, _ shared: Shared) {
        self.dialer = dialer
        self.session = session
        self.shared = shared
    }

    func channelActive(context: ChannelHandlerContext) {
        TCPSocket.tune(context.channel, shared.options)
        let channel = context.channel
        let shared = shared
        limit = context.eventLoop.scheduleTask(in: shared.options.handshakeLimit.timeAmount) {
            shared.refuse(.handshakeTimedOut)
            channel.close(promise: nil)
        }
        // With TLS this waits for the end of its handshake.
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: session.greeting)), promise: nil)
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let buffer = unwrapInboundIn(data)
        shared.count { $0.receivedBytes += buffer.readableBytes }
        buffer.withUnsafeReadableBytes { session.receive($0) }
        do throws(PeerRefusal) {
            let isUsed = shared.tls != nil
            let vouches = { (name: CertifiedName) in
                TLSIdentity.vouches(for: name, in: context, isUsed: isUsed)
            }
            guard try session.next(certified: vouches) != nil else { return }
            limit?.cancel()
            dialer.opened(context.channel, session)
        } catch {
            shared.refuse(error)
            context.close(promise: nil)
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        dialer.flush()
        context.fireChannelWritabilityChanged()
    }

    func channelInactive(context: ChannelHandlerContext) {
        limit?.cancel()
        dialer.lost()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if TLSIdentity.isFailure(error) { shared.refuse(.tls) }
        context.close(promise: nil)
    }
}
#endif
