import NIOCore
import NIOPosix
import PaxosCore
import Platform
import ReplicatedLog
import ReplicatedLogTCP
import TestSupport
import Testing

/// An end of the transport waits for nobody.
@Suite(.shared, .tags(.slow)) struct StopTests {
    /// Whoever comes waits until it is opened.
    private final class Gate: Sendable {
        private let isOpen = Locked(false)
        private let waiting = Locked(0)

        func wait() {
            waiting.withLock { $0 += 1 }
            let parker = Parker()
            while !isOpen.withLock({ $0 }) { parker.park(timeout: .milliseconds(5)) }
        }

        var count: Int { waiting.withLock { $0 } }
        func open() { isOpen.withLock { $0 = true } }
    }

    /// Story: with TLS an end took five seconds when a peer hung, as a stopped process or a machine without a
    /// network does: its goodbye was waited for. Seven ends, so that the bound is far from both.
    @Test func aPeerThatHangsHoldsUpNoEnd() async throws {
        let authority = try Authority()
        let identities: [NodeID: TLSIdentity] = [
            1: try authority.identity(of: 1, in: "test"),
            2: try authority.identity(of: 2, in: "test"),
        ]
        let gate = Gate()
        // A thread for each: whoever hangs holds up nobody else.
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 7)
        defer { gate.open() }
        var clusters: [Cluster] = []
        var taken = Duration.zero
        for round in 1...7 {
            let cluster = Cluster(identities: identities)
            clusters.append(cluster)
            // Its one thread hangs with the first message.
            let hung = cluster.transport(for: 2, peers: [1, 2], on: group.next())
            try await hung.start(
                LogReceiver(identity: Member.identity(2), limits: Limits()) { _ in gate.wait()
                }
            )
            let first = try await Member(
                cluster.transport(for: 1, peers: [1, 2]),
                Member.identity(1)
            )
            let message = first.message(0, to: 2)
            #expect(
                await eventually {
                    if gate.count < round { first.transport.send([message]) }
                    return gate.count == round
                }
            )
            let begin = MonotonicClock.now()
            await first.transport.stop()
            taken = taken + begin.duration(to: MonotonicClock.now())
        }
        #expect(taken < .seconds(30))
        gate.open()
        for cluster in clusters { await cluster.stop() }
        try await group.shutdownGracefully()
    }
}
