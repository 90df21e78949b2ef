import NIOCore
import NIOPosix
import PaxosCore
import ReplicatedLog
import ReplicatedLogTCP
import ReplicatedLogTestKit
import TestSupport
import Testing

/// Sockets keep what `LogTransport` promises, with and without TLS.
@Suite(.shared, .serialized, .tags(.slow)) struct TCPConformanceTests {
    private struct Fixture: TransportFixture {
        let cluster: Cluster
        /// The suite holds up receivers, as no node does: each has a thread of its own.
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 8)
        /// The queue, what the system holds at both ends, and one batch in the receiver's hands.
        let maxBytesUnderWay = 40 << 20

        func makeTransport(for node: NodeID) async throws -> any LogTransport {
            cluster.transport(for: node, on: group.next())
        }

        func check() async throws {
            #expect(await TransportConformance.violations(of: self) == [])
            try await group.shutdownGracefully()
        }
    }

    @Test func plainConnectionsConform() async throws {
        try await Fixture(cluster: Cluster()).check()
    }

    @Test func connectionsWithTLSConform() async throws {
        let authority = try Authority()
        var identities: [NodeID: TLSIdentity] = [:]
        for node in [1, 2, 3] as [NodeID] {
            identities[node] = try authority.identity(of: node, in: "conformance")
        }
        try await Fixture(cluster: Cluster(identities: identities)).check()
    }
}
