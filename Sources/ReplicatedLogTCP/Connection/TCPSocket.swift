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

    /// The bytes that were given to a connection and that the other end has not acknowledged. What waits here
    /// would not tell: the system asks for more only when half of what it may hold has left.
    static func waitingBytes(_ channel: any Channel) -> Int {
        let here = (try? channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
        let held = try? channel.pipeline.syncOperations.withUnsafeTransportIfAvailable(
            of: NIOBSDSocket.Handle.self
        ) { Descriptors.unacknowledgedBytes(of: $0) }
        return here + (held ?? 0)
    }

    static func tune(_ channel: any Channel, _ options: TCPOptions) {
        #if os(Linux)
        guard let sync = channel.syncOptions else { return }
        // What has not left waits here, where urgent messages can pass it, and not in the kernel. The number
        // is that of linux/tcp.h; a kernel that does not know it is no reason to fail. TCP_USER_TIMEOUT is
        // no help: it ends connections that move, if slowly, and `StallWatch` knows better.
        let unsentLowWater = NIOBSDSocket.Option(rawValue: 25)
        try? sync.setOption(
            .tcpOption(unsentLowWater),
            value: options.writeBytes
        )
        #endif
    }
}
