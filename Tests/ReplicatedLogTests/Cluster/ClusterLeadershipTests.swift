import Platform
import TestSupport
import Testing

@testable import PaxosCore
@testable import ReplicatedLog

/// Three real nodes whose leadership goes where it is sent.
@Suite(.shared, .serialized) struct ClusterLeadershipTests {
    private static func leader(_ world: ClusterWorld) async throws -> NodeID {
        var leader: NodeID?
        try await eventually("all know one leader") {
            let known = Set(try world.members.map { try world.node($0).status.leader })
            leader = known.count == 1 ? known.first ?? nil : nil
            return leader != nil
        }
        return try #require(leader)
    }

    /// Appends that must neither be lost nor doubled, until told to stop.
    private static func append(
        _ member: NodeID,
        _ node: LogNode,
        _ isDone: Locked<Bool>,
        _ slots: Locked<[Slot: [UInt8]]>
    ) async throws {
        var turn = 0
        while !isDone.withLock({ $0 }) {
            turn += 1
            let payload = bytes("n\(member) \(turn)")
            let slot = try await node.append(payload, timeout: .seconds(300))
            slots.withLock { $0[slot] = payload }
        }
    }

    /// Leadership goes round under load, asked for at every member: nothing is lost, doubled or refused.
    @Test func transfersUnderLoadLoseNothing() async throws {
        let world = try await ClusterWorld()
        try await world.startAll()
        try await world.node(1).append(bytes("first"), timeout: .seconds(300))
        let (isDone, slots) = (Locked(false), Locked<[Slot: [UInt8]]>([:]))
        try await withThrowingTaskGroup(of: Void.self) { group in
            for member in world.members {
                let node = try world.node(member)
                group.addTask { try await Self.append(member, node, isDone, slots) }
            }
            for turn in 0..<6 {
                let asked = try world.node(world.members[turn % 3])
                let target = world.members[(turn + turn / 3) % 3]
                let ballot = try await asked.transferLeadership(
                    to: target,
                    timeout: .seconds(300)
                )
                #expect(ballot.node == target)
            }
            isDone.withLock { $0 = true }
            try await group.waitForAll()
        }
        let told = slots.withLock { $0 }
        let end = try await world.node(1).barrier(timeout: .seconds(300))
        for member in world.members {
            let log = try await world.log(member, through: end)
                .filter { $0.payload != bytes("first") }
            #expect(Dictionary(log.map { ($0.slot, $0.payload) }) { first, _ in first } == told)
            #expect(Set(log.map(\.payload)).count == log.count, "doubled")
        }
        try await world.stopAll()
    }

    /// A leader that is shut down hands over first. Where it was none any more it is tried with the next one.
    @Test func anOrderlyEndHandsOver() async throws {
        let world = try await ClusterWorld()
        try await world.startAll()
        try await world.node(1).append(bytes("first"), timeout: .seconds(300))
        var hasHandedOver = false
        while !hasHandedOver {
            let leader = try await Self.leader(world)
            let facts = Self.facts(of: try world.node(leader))
            try await world.stop(leader)
            hasHandedOver = await facts.value.contains { fact in
                if case .lostLeadership(let ballot, .transferred) = fact {
                    ballot.node == leader
                } else {
                    false
                }
            }
            try await world.start(leader)
        }
        let last = try await world.node(1).append(bytes("last"), timeout: .seconds(300))
        for member in world.members {
            #expect(try await world.log(member, through: last).map(\.payload).last == bytes("last"))
        }
        try await world.stopAll()
    }

    /// What happens to a node from now on until it has ended.
    private static func facts(of node: LogNode) -> Task<[NodeFact], Never> {
        let feed = EventFeed(node.eventHub)
        return Task {
            var facts: [NodeFact] = []
            while let event = await feed.next() { facts.append(event.fact) }
            return facts
        }
    }

    /// What the leader tells of itself is known where it leads and where it does not.
    @Test func theLeaderTellsWhereItIs() async throws {
        let world = try await ClusterWorld()
        world.address = { Array("host-\($0.rawValue):80".utf8) }
        try await world.startAll()
        let ballot = try await world.node(1).transferLeadership(to: 3, timeout: .seconds(300))
        for member in world.members {
            let node = try world.node(member)
            try await eventually("it is known who leads") {
                guard let leader = node.leader, leader.ballot >= ballot else { return false }
                let address = Array("host-\(leader.node.rawValue):80".utf8)
                return leader.address == address && leader.isThisNode == (leader.node == member)
            }
        }
        try await world.stopAll()
    }

    /// The work of a leader is cancelled when it leads no more, and begins where the next one leads, with another fence.
    @Test func workFollowsTheLeader() async throws {
        let world = try await ClusterWorld()
        try await world.startAll()
        let begun = Locked<[(NodeID, UInt128)]>([])
        let (node, other) = (try world.node(1), try world.node(2))
        let first = Task { try await Self.work(1, node, begun) }
        try await Self.lead(1, world) { begun.withLock { $0.contains { $0.0 == 1 } } }
        let second = Task { try await Self.work(2, other, begun) }
        try await Self.lead(2, world) { begun.withLock { $0.contains { $0.0 == 2 } } }
        let ended = await first.result
        #expect(throws: LeadershipError.self) { try ended.get() }
        let fences = begun.withLock { $0 }
        #expect(fences.map(\.0) == [1, 2])
        #expect(fences[0].1 != fences[1].1)
        second.cancel()
        await #expect(throws: (any Error).self) { try await second.value }
        // What has a result returns it.
        let result = Locked<UInt128?>(nil)
        let last = Task {
            let fence = try await node.whileLeading { $0.fence }
            result.withLock { $0 = fence }
        }
        try await Self.lead(1, world) { result.withLock { $0 != nil } }
        try await last.value
        #expect(result.withLock { $0 ?? 0 } > fences[0].1)
        try await world.stopAll()
        await #expect(throws: LeadershipError.closed) { try await node.whileLeading { _ in } }
    }

    /// Sends leadership to a member, again where another one was elected meanwhile, until something is so.
    private static func lead(
        _ member: NodeID,
        _ world: ClusterWorld,
        until isDone: @Sendable () -> Bool
    ) async throws {
        let node = try world.node(3)
        try await eventually("\(member) leads") {
            _ = try? await node.transferLeadership(to: member, timeout: .seconds(300))
            return isDone()
        }
    }

    /// Waits inside until it is cancelled.
    private static func work(
        _ member: NodeID,
        _ node: LogNode,
        _ begun: Locked<[(NodeID, UInt128)]>
    ) async throws {
        try await node.whileLeading { leadership in
            begun.withLock { $0.append((member, leadership.fence)) }
            try await node.wait(for: Slot(rawValue: 1 << 40))
        }
    }
}
