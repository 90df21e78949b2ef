package import NIOPosix

/// What serves the sockets of a process, in which there is one node: one thread.
package enum Sockets {
    package static let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
}
