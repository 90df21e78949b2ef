import Logging
import NIOCore
import NIOPosix
import PaxosCore
import Platform
import ReplicatedLog
import ReplicatedLogTCP
import TestSupport
import Testing

/// Event loops and a logger of the embedder's: both are used and neither is ended.
@Suite(.shared) struct GroupTests {
    /// One thread serves two transports. One of them ends, then the other, and the thread is still there.
    @Test func anEndLeavesTheGroupAndNoConnection() async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let cluster = Cluster(group: group)
        let first = try await Member(1, of: cluster)
        let second = try await Member(2, of: cluster)
        #expect(await second.reaches(first))
        #expect(await first.reaches(second))
        let silent = try RawSocket(port: cluster.port(of: 1))
        #expect(await eventually { first.transport.counters.accepted == 2 })
        let port = cluster.port(of: 1)
        await first.transport.stop()
        // Nobody listens there, and whoever was connected is told.
        #expect(silent.receiveAll().isEmpty)
        let received = first.received.count
        #expect(!RawSocket.isTaken(port))
        let third = try await Member(3, of: cluster)
        #expect(await second.reaches(third))
        #expect(first.received.count == received)
        await cluster.stop()
        #expect(try await group.next().submit { 7 }.get() == 7)
        try await group.shutdownGracefully()
    }

    /// The wrong order: the node's end must not wait for loops that are gone.
    @Test(arguments: [false, true])
    func anEndReturnsThoughTheGroupIsGone(_ isEncrypted: Bool) async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let authority = try Authority()
        let cluster = Cluster(
            identities: isEncrypted
                ? [
                    1: try authority.identity(of: 1, in: "test"),
                    2: try authority.identity(of: 2, in: "test"),
                ] : [:],
            group: group
        )
        let first = try await Member(1, of: cluster)
        let second = try await Member(2, of: cluster)
        #expect(await second.reaches(first))
        #expect(await first.reaches(second))
        let third = cluster.transport(for: 3)
        try await group.shutdownGracefully()
        await cluster.stop()
        #expect(first.transport.listening == nil)
        let late = TCPTransport(
            listen: TCPAddress(host: "127.0.0.1", port: 0),
            peers: [:],
            group: group
        )
        await #expect(throws: TCPTransportError.eventLoopsEnded) {
            _ = try await Member(late, Member.identity(1))
        }
        await late.stop()
        await third.stop()
    }

    @Test func aTransportThatIsDroppedClosesItsPort() async throws {
        var transport: TCPTransport? = TCPTransport(
            listen: TCPAddress(host: "127.0.0.1", port: 0),
            peers: [2: TCPAddress(host: "127.0.0.1", port: 1)]
        )
        try await transport?.start(
            LogReceiver(identity: Member.identity(1), limits: Limits()) { _ in }
        )
        let port = try #require(transport?.listening?.port)
        #expect(RawSocket.isTaken(port))
        transport = nil
        #expect(await eventually { !RawSocket.isTaken(port) })
    }

    @Test func whatStrangersCauseIsToldOnce() async throws {
        let lines = Lines()
        let cluster = Cluster(logger: lines.logger)
        let node = try await Member(1, of: cluster)
        for round in 1...3 {
            let stranger = try RawSocket(port: cluster.port(of: 1))
            stranger.send(Array("GET / HTTP/1.1\r\n\r\n".utf8))
            #expect(stranger.receiveAll().isEmpty)
            #expect(await eventually { node.transport.counters.refusedTotal == round })
        }
        let second = try await Member(2, of: cluster)
        #expect(await second.reaches(node))
        #expect(await node.reaches(second))
        await cluster.stop()
        #expect(await eventually { lines.count { $0.contains("debug connected to a peer") } >= 2 })
        #expect(lines.count { $0.hasPrefix("warning refused a connection") } == 1)
        #expect(lines.count { $0.contains("rlog_reason=not_the_protocol rlog_times=1") } == 1)
        #expect(lines.count { $0.hasPrefix("info listens rlog_address=127.0.0.1:") } == 2)
    }
}

/// A logger that keeps what it is told: the level, the message, its metadata in the order of their keys.
private final class Lines: Sendable {
    private let kept = Locked<[String]>([])

    var logger: Logger {
        var logger = Logger(label: "test") { _ in Handler(lines: self) }
        logger.logLevel = .trace
        return logger
    }

    func count(_ isMeant: (String) -> Bool) -> Int {
        kept.withLock { $0.filter(isMeant).count }
    }

    private struct Handler: LogHandler {
        let lines: Lines
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.trace

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: Logging.LogEvent) {
            let details = (event.metadata ?? [:]).sorted { $0.key < $1.key }
                .map { "\($0.key)=\($0.value)" }
            let line = (["\(event.level) \(event.message)"] + details).joined(separator: " ")
            lines.kept.withLock { $0.append(line) }
        }
    }
}
