import ReplicatedLog
import ReplicatedLogTestKit
import TestSupport
import Testing

/// What a node says of the others.
@Suite(.heavy, .serialized, .tags(.slow)) struct StatusTests {
    /// A member whose disk hangs falls behind by every slot, and is told to; the other does not.
    @Test func theLagOfEachMemberIsTold() async throws {
        try await withCluster { cluster in
            _ = try await cluster.append("before", on: 1)
            let leader = try await cluster.leader()
            let others = cluster.others(than: leader)
            let node = try cluster.node(leader)
            func lags() async -> [NodeID: Int?] {
                let members = node.status.members
                return Dictionary(uniqueKeysWithValues: members.map { ($0.node, $0.lag) })
            }
            let isLevel = await cluster.eventually { await lags().values.allSatisfy { $0 == 0 } }
            #expect(isLevel)
            let start = node.status.committedSlot
            try cluster.stall(others[0])
            for number in 0..<20 { _ = try await cluster.append("\(number)", on: leader) }
            let end = node.status.committedSlot
            let behind = end.count(after: start)
            #expect(behind >= 20)
            let isTold = await cluster.eventually {
                await lags() == [others[0]: behind, others[1]: 0]
            }
            #expect(isTold, "\(behind) slots behind")
            let status = node.status
            for member in status.members {
                #expect(status.committedSlot.count(after: member.committedSlot) == member.lag)
            }
            try cluster.resume(others[0])
            let isBack = await cluster.eventually { await lags().values.allSatisfy { $0 == 0 } }
            #expect(isBack)
            // Who follows hears of its leader alone, and does not make up the rest.
            let known = try cluster.node(others[1]).status.members.filter { $0.lag != nil }
            #expect(known.map(\.node) == [leader])
        }
    }
}
