import NIOPosix

/// What serves the sockets of a process of `rlog`, in which there is one node: one thread.
enum Sockets {
    static let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
}
