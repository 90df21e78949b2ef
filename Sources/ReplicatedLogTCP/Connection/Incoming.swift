internal import NIOCore

/// What the system hands over to a place that is listened at, and what it could not: at the limit of descriptors
/// it says so again and again, as fast as it is asked. That is counted, and asked again after a while (`R90`).
final class Incoming: ChannelInboundHandler {
    typealias InboundIn = any Channel
    typealias InboundOut = any Channel

    /// How long nobody asks.
    static let pause = TimeAmount.milliseconds(200)

    private let shared: Shared

    init(_ shared: Shared) {
        self.shared = shared
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        // Before anybody else knows it, so that an end misses none.
        if shared.connections.add(unwrapInboundIn(data)) { context.fireChannelRead(data) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard error is IOError else { return context.fireErrorCaught(error) }
        shared.count { $0.acceptFailures += 1 }
        shared.lines.cannotTake(error)
        // While it reads, the loop is told at once that there is something to take, whatever is asked.
        let channel = context.channel
        try? channel.syncOptions?.setOption(.autoRead, value: false)
        context.eventLoop.scheduleTask(in: Self.pause) {
            try? channel.syncOptions?.setOption(.autoRead, value: true)
        }
    }
}
