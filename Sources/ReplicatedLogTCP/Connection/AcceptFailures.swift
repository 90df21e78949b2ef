internal import NIOCore

/// What the system could not take: at the limit of descriptors it says so again and again, as fast as it is
/// asked. It is counted, and asked again after a while (`R90`).
final class AcceptFailures: ChannelInboundHandler {
    typealias InboundIn = any Channel

    /// How long nobody asks.
    static let pause = TimeAmount.milliseconds(200)

    private let shared: Shared

    init(_ shared: Shared) {
        self.shared = shared
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard error is IOError else { return context.fireErrorCaught(error) }
        shared.count { $0.acceptFailures += 1 }
        // While it reads, the loop is told at once that there is something to take, whatever is asked.
        let channel = context.channel
        try? channel.syncOptions?.setOption(.autoRead, value: false)
        context.eventLoop.scheduleTask(in: Self.pause) {
            try? channel.syncOptions?.setOption(.autoRead, value: true)
        }
    }
}
