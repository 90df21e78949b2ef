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
            #expect(await cluster.eventually(within: 30_000) { cluster.areLevel })
            let first = try await cluster.leader()
            let held = cluster.others(than: first)[0]
            let start = try cluster.node(first).status.committedSlot
            try cluster.stall(held)
            for number in 0..<20 { _ = try await cluster.append("\(number)", on: first) }
            #expect(
                await cluster.eventually(within: 30_000) {
                    cluster.tellsLag(of: held, since: start)
                }
            )
            try cluster.resume(held)
            #expect(await cluster.eventually(within: 30_000) { cluster.areLevel })
            #expect(await cluster.eventually(within: 30_000) { cluster.followersHearOne })
        }
    }
}

// Whoever leads is asked: on a busy machine it is not the same one all the time.
extension FaultyCluster {
    fileprivate var leading: LogStatus? {
        running.compactMap { try? node($0).status }
            .filter { $0.role == .leader }
            .max { $0.committedSlot < $1.committedSlot }
    }

    fileprivate var areLevel: Bool { leading?.members.allSatisfy { $0.lag == 0 } ?? false }

    /// One member lacks every slot from the start on, at least twenty, and no other lacks one.
    fileprivate func tellsLag(of held: NodeID, since start: Slot) -> Bool {
        guard let status = leading else { return false }
        let behind = status.committedSlot.count(after: start)
        return behind >= 20
            && status.members.allSatisfy { member in
                member.lag == (member.node == held ? behind : 0)
                    && member.lag == status.committedSlot.count(after: member.committedSlot)
            }
    }

    /// Who follows hears of its leader alone, and does not make up the rest.
    fileprivate var followersHearOne: Bool {
        guard let leader = leading?.node else { return false }
        return members.filter { $0 != leader }.allSatisfy { follower in
            let known = try? node(follower).status.members.filter { $0.lag != nil }
            return known?.map(\.node) == [leader]
        }
    }
}
