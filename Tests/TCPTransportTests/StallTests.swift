import LogWire
import PaxosCore
import Platform
import ReplicatedLog
import ReplicatedLogTCP
import TestSupport
import Testing

/// Progress is bytes that left: a slow connection is kept, one on which nothing moves is made anew (`R83`).
@Suite(.shared, .tags(.slow)) struct StallTests {
    /// Takes one connection and welcomes it, as a peer does.
    private final class SlowPeer: Sendable {
        let listener: RawListener
        private let socket: RawSocket
        private let others: [RawSocket]
        private let received = Locked(0)

        /// Welcomes the connections that come, and keeps the one for the log.
        init(_ listener: RawListener) throws {
            self.listener = listener
            var others: [RawSocket] = []
            while true {
                let next = try listener.accept()
                if try Self.welcome(next) == .log {
                    socket = next
                    self.others = others
                    return
                }
                others.append(next)
            }
        }

        private static func welcome(_ socket: RawSocket) throws -> Lane {
            var session = InboundSession(
                local: Member.identity(2),
                peers: [1],
                maxBodyBytes: Limits().maxEnvelopeBytes,
                tag: 5
            )
            while true {
                let bytes = socket.receive()
                try #require(!bytes.isEmpty)
                var arrived = bytes.span
                let step = try session.next(from: &arrived) { _ in true }
                if case .welcomed(_, let lane, let welcome)? = step {
                    socket.send(welcome)
                    return lane
                }
            }
        }

        var bytes: Int { received.withLock { $0 } }

        /// Reads what is there, a little now and then, until it has so much.
        func read(_ count: Int, each bytes: Int, every pause: Duration) throws {
            _ = try PinnedThread(name: "slow-peer") { [self] in
                let parker = Parker()
                while self.bytes < count {
                    let piece = socket.receive(atMost: bytes)
                    if piece.isEmpty { return }
                    received.withLock { $0 += piece.count }
                    parker.park(timeout: pause)
                }
            }
        }
    }

    private static func dialing(
        _ port: UInt16,
        stallLimit: Duration
    ) async throws -> Member {
        var options = TCPOptions()
        options.stallLimit = stallLimit
        let transport = TCPTransport(
            listen: TCPAddress(host: "127.0.0.1", port: 0),
            peers: [2],
            options: options,
            addressOf: { _ in TCPAddress(host: "127.0.0.1", port: port) }
        )
        return try await Member(transport, Member.identity(1))
    }

    /// Bytes leave all the time; the system asks for more only when half of what it may hold has left,
    /// which takes longer than the limit.
    ///
    /// Story: a connection that took twenty kilobytes a second was made anew every five seconds for ever.
    @Test(.longest) func aSlowConnectionIsKept() async throws {
        let listener = try RawListener(receiveBytes: 1 << 14)
        let node = try await Self.dialing(listener.port, stallLimit: .seconds(3))
        let peer = try SlowPeer(listener)
        let bytes = 5 << 17
        node.transport.send([node.message(0, bytes: 1 << 20, to: 2)])
        // As much as makes the peer tell of room at once.
        try peer.read(bytes, each: 1 << 14, every: .milliseconds(500))
        // Twenty seconds, and more on a busy machine.
        #expect(await eventually(within: .seconds(600)) { peer.bytes >= bytes })
        let counters = node.transport.counters
        #expect(counters.refused[.stalled] == nil)
        // One for each lane.
        #expect(counters.connected <= 2)
        await node.transport.stop()
    }

    @Test func aConnectionOnWhichNothingMovesIsMadeAnew() async throws {
        let listener = try RawListener(receiveBytes: 1 << 14)
        let node = try await Self.dialing(listener.port, stallLimit: .milliseconds(300))
        let first = try SlowPeer(listener)
        for number in 0..<3 { node.transport.send([node.message(number, bytes: 1 << 20, to: 2)]) }
        // Small ones that follow are no progress.
        let small = Task {
            var number = 3
            return await eventually(every: .milliseconds(10)) {
                node.transport.send([node.message(number, bytes: 1, to: 2)])
                number += 1
                return Task.isCancelled
            }
        }
        let second = try SlowPeer(listener)
        // The second one may be that of the other lane.
        let counters = { @Sendable in node.transport.counters }
        #expect(await eventually { counters().refused[.stalled, default: 0] >= 1 })
        small.cancel()
        #expect(first.bytes == 0)
        #expect(second.bytes == 0)
        await node.transport.stop()
    }
}
