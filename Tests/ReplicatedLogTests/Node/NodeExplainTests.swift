import TestSupport
import Testing

@testable import PaxosCore
@testable import ReplicatedLog

/// A node that is asked why something does not go on.
@Suite(.shared) struct NodeExplainTests {
    @Test func aNodeThatRunsHasNothingToExplain() async throws {
        let directory = try NodeDirectory()
        let node = try await directory.make()
        let idle = [Explanation(.leadership, .notRunning)]
        #expect(await node.explain() == idle)
        try await running(node) { node in
            try await node.append([1])
            #expect(await node.explain() == [])
        }
        #expect(await node.explain() == idle)
    }

    /// Two of three are missing: the one that is there says so.
    @Test func whoIsLeftSaysWhoIsMissing() async throws {
        let world = try await ClusterWorld()
        try await world.startAll()
        try await world.node(1).append(bytes("first"), timeout: .seconds(300))
        try await world.stop(2)
        try await world.stop(3)
        let node = try world.node(1)
        try await eventually("it hears nobody") {
            await node.explain().contains {
                $0 == Explanation(.leadership, .noQuorum(heard: [], needed: 2))
            }
        }
        try await world.start(2)
        try await eventually("it hears enough") {
            await node.explain().allSatisfy {
                $0.subject != .leadership
            }
        }
        try await world.stopAll()
    }
}
