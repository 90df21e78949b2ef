#if NIO
internal import NIOCore
internal import NIOPosix
internal import Platform

/// What the kernel is told about a connection to a peer, where it can be told.
enum TCPSocket {
    /// Programs that this process starts, and its backtracer, hold neither the port nor a connection.
    static func closeOnExec(_ channel: any Channel) throws {
        try channel.pipeline.syncOperations.withUnsafeTransportIfAvailable(
            of: NIOBSDSocket.Handle.self
        ) { Descriptors.closeOnExec($0) }
    }

    /// The bytes that were given to a connection and have not left: how far it is behind.
    static func waitingBytes(_ channel: any Channel) -> Int {
        (try? channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
    }

    static func tune(_ channel: any Channel, _ options: TCPOptions) {
        #if os(Linux)
        guard let sync = channel.syncOptions else { return }
        // Numbers of linux/tcp.h. A kernel that knows one of them not is no reason to fail.
        let userTimeout = NIOBSDSocket.Option(rawValue: 18)
        let unsentLowWater = NIOBSDSocket.Option(rawValue: 25)
        let milliseconds = options.stallLimit.timeAmount.nanoseconds / 1_000_000
        // What was sent and not acknowledged for so long means that the way is gone.
        try? sync.setOption(
            .tcpOption(userTimeout),
            value: Int(max(1, milliseconds))
        )
        // What has not left waits here, where urgent messages can pass it, and not in the kernel.
        try? sync.setOption(
            .tcpOption(unsentLowWater),
            value: options.writeBytes
        )
        #endif
    }
}
#endif
