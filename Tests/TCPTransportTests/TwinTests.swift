@testable import PaxosCore
import ReplicatedLog
import ReplicatedLogTCP
import TestSupport
import Testing

/// Two processes of one node, at two addresses.
@Suite(.shared) struct TwinTests {
    private static func refusal(of process: NodeIdentity, by sender: NodeIdentity) -> Envelope {
        Envelope(
            sender: sender,
            destination: process.node,
            recipient: process.process,
            message: .immediate(.refused(Refused(reason: .twin)))
        )
    }

    /// Story: a second process on a copy of a directory dialed in, and what refused it went to the address of
    /// the node, where the first one dropped it: everybody said `healthy`.
    @Test func aRefusalGoesBackTheWayItCame() async throws {
        let cluster = Cluster()
        let elsewhere = cluster.transport(for: 2)
        let real = try await Member(2, of: cluster)
        let node = try await Member(1, of: cluster)
        let twin = try await Member(elsewhere, Member.identity(2, nonce: 2))
        #expect(await real.reaches(node))
        #expect(await twin.reaches(node))
        let refusal = Self.refusal(of: twin.identity, by: node.identity)
        #expect(
            await eventually {
                node.transport.send([refusal])
                return twin.received.contains(refusal)
            }
        )
        // Everything else goes to the address.
        #expect(await node.reaches(real))
        #expect(real.received.allSatisfy { !$0.isRefusal })
        #expect(twin.received.allSatisfy { $0.isRefusal })
        #expect(await twin.reaches(node, 1), "its connection lives on")
        await elsewhere.stop()
        await cluster.stop()
    }
}
