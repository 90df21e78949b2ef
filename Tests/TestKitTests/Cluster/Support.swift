import Platform
import ReplicatedLog
import ReplicatedLogTestKit
import TestSupport
import Testing

/// Runs the body with a cluster that is up, and shuts down what is left of it.
func withCluster(
    _ change: (inout FaultyCluster.Options) -> Void = { _ in },
    isolation: isolated (any Actor)? = #isolation,
    _ body: (FaultyCluster) async throws -> Void
) async throws {
    let scratch = try Scratch("kit")
    var options = FaultyCluster.Options()
    change(&options)
    let cluster = try await FaultyCluster(directory: scratch.path, options: options)
    try await cluster.startAll()
    try await body(cluster)
    try await cluster.shutDownAll()
    #expect(cluster.disagreements == [])
}

extension FaultyCluster {
    /// An append through a member, in passing time.
    func append(_ text: String, on member: NodeID) async throws -> Slot {
        let node = try node(member)
        return try await withTime { try await node.append(Array(text.utf8)) }
    }

    /// The effective log as the member has it, once it has caught up with everything acknowledged.
    func log(_ member: NodeID) async throws -> [LogPage.Entry] {
        let node = try node(member)
        return try await withTime {
            let end = try await node.barrier()
            var entries: [LogPage.Entry] = []
            var next = Slot.first
            while next <= end {
                let page = try await node.entries(in: next...end)
                entries += page.entries
                next = page.through.next
            }
            return entries
        }
    }

    func others(than member: NodeID) -> [NodeID] { members.filter { $0 != member } }

    /// Who leads, once all who run agree on it.
    func leader() async throws -> NodeID {
        let found = Locked<NodeID?>(nil)
        let isFound = try await eventually {
            var leaders: Set<NodeID?> = []
            for member in running { leaders.insert(try node(member).status.leader) }
            guard leaders.count == 1, let leader = leaders.first ?? nil else { return false }
            guard try node(leader).status.role == .leader else { return false }
            found.withLock { $0 = leader }
            return true
        }
        #expect(isFound)
        return try #require(found.withLock { $0 })
    }
}
