import TestSupport
import Testing

@testable import PaxosCore
@testable import Platform
@testable import ReplicatedLog

/// Members that were given different lists or limits: real directories, real nodes.
@Suite(.shared) struct AgreementTests {
    /// Nodes made as told, all running; each must say with whom it differs and in what, and none leads.
    private static func expectDisagreement(
        _ given: [(node: NodeID, members: [NodeID], limits: Limits)],
        _ expected: [(node: NodeID, differs: [NodeID], field: String)]
    ) async throws {
        let scratch = try Scratch("agreement")
        let network = InMemoryNetwork(options: InMemoryNetwork.Options())
        var nodes: [(id: NodeID, node: LogNode, run: Task<Void, any Error>)] = []
        for (id, members, limits) in given {
            let configuration = LogNode.Configuration(
                cluster: try ClusterID("tests"),
                node: id,
                membership: try Membership(members),
                limits: limits,
                storage: .small
            )
            try await LogNode.create(configuration, directory: "\(scratch.path)/\(id)")
            let node = try await LogNode.open(
                configuration,
                directory: "\(scratch.path)/\(id)",
                transport: network.transport(for: id)
            )
            nodes.append((id, node, Task { try await node.run() }))
        }
        for (id, differs, field) in expected {
            let node = try #require(nodes.first { $0.id == id }?.node)
            #expect(await eventually { node.status.disagreements.map(\.node) == differs }, "\(id)")
            let status = node.status
            #expect(status.disagreements.allSatisfy { $0.differences.map(\.field) == [field] })
            #expect(status.role != .leader && status.committedSlot == .zero)
            guard case .disagrees(let first) = status.health else {
                Issue.record("\(id) is \(status.health)")
                continue
            }
            #expect(first == status.disagreements.first)
            #expect(status.droppedMessages > 0)
        }
        for (_, node, run) in nodes {
            await node.close()
            _ = await run.result
        }
    }

    /// Nobody leads in a chain of lists, and each end learns where it breaks.
    @Test func aChainOfFourListsElectsNobody() async throws {
        try await Self.expectDisagreement(
            [
                (1, [1, 2], .small), (2, [1, 2, 3], .small), (3, [2, 3, 4], .small),
                (4, [3, 4], .small),
            ],
            [
                (1, [2], "members"), (2, [1, 3], "members"), (3, [2, 4], "members"),
                (4, [3], "members"),
            ]
        )
    }

    /// Two lists of three that share one member, which has all five.
    @Test func aBowTieOfFiveElectsNobody() async throws {
        try await Self.expectDisagreement(
            [
                (1, [1, 2, 3], .small), (2, [1, 2, 3], .small), (3, [1, 2, 3, 4, 5], .small),
                (4, [3, 4, 5], .small), (5, [3, 4, 5], .small),
            ],
            [(1, [3], "members"), (3, [1, 2, 4, 5], "members"), (5, [3], "members")]
        )
    }

    /// Two that know three members, and one that knows five.
    @Test func oneLongerListIsNamed() async throws {
        try await Self.expectDisagreement(
            [(1, [1, 2, 3], .small), (2, [1, 2, 3], .small), (3, [1, 2, 3, 4, 5], .small)],
            [(1, [3], "members"), (2, [3], "members"), (3, [1, 2], "members")]
        )
    }

    @Test func anotherLimitIsNamed() async throws {
        var limits = Limits.small
        limits.maxPayloadBytes += 1
        try await Self.expectDisagreement(
            [(1, [1, 2], .small), (2, [1, 2], limits)],
            [(1, [2], "maxPayloadBytes"), (2, [1], "maxPayloadBytes")]
        )
    }
}
