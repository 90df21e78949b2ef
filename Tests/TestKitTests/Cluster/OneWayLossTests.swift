import ReplicatedLog
import ReplicatedLogTestKit
import TestSupport
import Testing

/// One node's messages are lost in one direction: it is mute, or deaf.
@Suite(.heavy, .serialized, .tags(.slow)) struct OneWayLossTests {
    /// Whoever it is, the leader included, an append through the others completes within a few election
    /// timeouts: of the clocks, not of the machine.
    @Test(arguments: [1, 2, 3] as [NodeID], [true, false])
    func appendsGoOn(lost: NodeID, isMute: Bool) async throws {
        try await withCluster { options in
            // A flush shall be short beside an election.
            options.pace = .milliseconds(5)
        } _: { cluster in
            _ = try await cluster.append("before", on: 1)
            _ = try await cluster.leader()
            let others = cluster.others(than: lost)
            for other in others {
                if isMute {
                    cluster.network.cut(from: lost, to: other)
                } else {
                    cluster.network.cut(from: other, to: lost)
                }
            }
            for other in others {
                let before = cluster.ticks
                _ = try await cluster.append("through \(other)", on: other)
                let elections = (cluster.ticks - before) / cluster.electionTicks
                #expect(elections <= 12, "\(elections) election timeouts")
            }
            cluster.network.heal()
            #expect(try await cluster.log(lost).count == 3)
        }
    }

    /// The same for a leader, whichever it is: it must not hold on to a lead that it cannot use.
    @Test(arguments: [true, false])
    func aLeaderThatIsLostIsFollowedByAnother(isMute: Bool) async throws {
        try await withCluster { options in
            options.pace = .milliseconds(5)
        } _: { cluster in
            _ = try await cluster.append("before", on: 1)
            let leader = try await cluster.leader()
            let others = cluster.others(than: leader)
            for other in others {
                if isMute {
                    cluster.network.cut(from: leader, to: other)
                } else {
                    cluster.network.cut(from: other, to: leader)
                }
            }
            let before = cluster.ticks
            _ = try await cluster.append("after", on: others[0])
            #expect((cluster.ticks - before) / cluster.electionTicks <= 12)
            let next = try cluster.node(others[0]).status.leader
            #expect(next != leader)
            cluster.network.heal()
        }
    }
}
