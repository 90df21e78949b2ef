internal import LogWire
internal import NIOCore
internal import NIOTLS
internal import ReplicatedLog

/// One connection to a peer, up to its welcome; after that the dialer writes, and this end hears nothing but
/// that its process does not count there.
final class DialerHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let dialer: Dialer
    private let shared: Shared
    /// With which the connection was made, whatever others are made with since.
    private let security: (any Security)?
    private var session: OutboundSession
    private var limit: Scheduled<Void>?

    init(
        _ dialer: Dialer,
        _ session: OutboundSession,
        _ security: (any Security)?,
        _ shared: Shared
    ) {
        self.dialer = dialer
        self.security = security
        self.session = session
        self.shared = shared
    }

    func channelActive(context: ChannelHandlerContext) {
        TCPSocket.tune(context.channel, shared.options)
        let channel = context.channel
        let shared = shared
        limit = context.eventLoop.scheduleTask(in: shared.options.handshakeLimit.timeAmount) {
            shared.refuse(.handshakeTimedOut, channel)
            channel.close(promise: nil)
        }
        if security == nil { greet(context) }
        context.fireChannelActive()
    }

    private func greet(_ context: ChannelHandlerContext) {
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: session.greeting)), promise: nil)
    }

    /// The other end has shown its certificate. The greeting says who this process is, so it is said to
    /// nobody but the peer.
    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted? = event as? TLSUserEvent {
            let peer = CertifiedName(
                cluster: shared.local.identity.cluster,
                node: dialer.node
            )
            if security?.vouches(for: peer, in: context) ?? true {
                greet(context)
            } else {
                refuse(.certificate, context)
            }
        }
        context.fireUserInboundEventTriggered(event)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let buffer = unwrapInboundIn(data)
        shared.count { $0.receivedBytes += buffer.readableBytes }
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
            if try session.next(from: &arrived, certified: vouches) != nil {
                limit?.cancel()
                dialer.opened(context.channel, session)
            }
            while let refusal = try session.nextRefusal(from: &arrived) {
                shared.count { $0.receivedMessages += 1 }
                shared.local.receive([refusal])
            }
        } catch {
            refuse(error, context)
        }
    }

    private func refuse(_ refusal: PeerRefusal, _ context: ChannelHandlerContext) {
        shared.refuse(refusal, context.channel)
        dialer.refused()
        context.close(promise: nil)
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
        if security?.isFailure(error) ?? false { return refuse(.tls, context) }
        context.close(promise: nil)
    }
}
