import TestSupport
import Testing

@testable import PaxosCore
@testable import ReplicatedLog

/// Three real nodes: elections, appends from everywhere, closed, lagging, wiped and restarted members.
@Suite(.shared, .serialized) struct ClusterTests {
    @Test func appendsFromEveryMemberAreInOneOrderOnAll() async throws {
        let world = try await ClusterWorld()
        try await world.startAll()
        var last = Slot.zero
        for round in 0..<20 {
            for member in world.members {
                let slot = try await world.node(member).append(bytes("\(member)-\(round)"))
                #expect(slot > last)
                last = slot
            }
        }
        let batch = try await world.node(2).append(contentsOf: [bytes("a"), bytes("b")])
        #expect(batch.lowerBound.next == batch.upperBound)
        let barrier = try await world.node(3).barrier()
        #expect(barrier >= batch.upperBound)
        let log = try await world.log(1, through: batch.upperBound)
        #expect(log.count == 62)
        for member in world.members {
            #expect(try await world.log(member, through: batch.upperBound) == log)
        }
        try await world.stopAll()
    }

    /// Many more than a pipeline holds wait at each member, and nobody comes behind them: what is decided makes
    /// room for the next, also at those who do not lead.
    @Test func aPipelineAtATimeIsEnough() async throws {
        let world = try await ClusterWorld {
            $0.pipelineSlots = 2
            $0.appendTimeout = .seconds(60)
        }
        try await world.startAll()
        var callers: [Task<Slot, any Error>] = []
        for member in world.members {
            let node = try world.node(member)
            for number in 0..<20 {
                callers.append(Task { try await node.append(bytes("\(member)-\(number)")) })
            }
        }
        var slots: Set<Slot> = []
        for caller in callers { slots.insert(try await caller.value) }
        #expect(slots.count == 60)
        try await world.stopAll()
    }

    @Test func anyTwoOfThreeGoOnAndTheThirdCatchesUp() async throws {
        for away in [1, 2, 3] as [NodeID] {
            let world = try await ClusterWorld()
            try await world.startAll()
            try await world.node(1).append(bytes("before"))
            try await world.stop(away)
            let others = world.members.filter { $0 != away }
            var last = Slot.zero
            for count in 0..<50 {
                let member = others[count % 2]
                last = try await world.node(member).append(bytes("without \(count)"))
            }
            try await world.start(away)
            let log = try await world.log(others[0], through: last)
            #expect(try await world.log(away, through: last) == log)
            #expect(log.count == 51)
            try await world.stopAll()
        }
    }

    @Test func allClosedAndReopenedKeepEverything() async throws {
        let world = try await ClusterWorld()
        try await world.startAll()
        var slots: [Slot: [UInt8]] = [:]
        for count in 0..<30 {
            let payload = bytes("kept \(count)")
            slots[try await world.node(world.members[count % 3]).append(payload)] = payload
        }
        try await world.stopAll()
        try await world.startAll()
        let end = try await world.node(2).barrier()
        for member in world.members {
            let log = try await world.log(member, through: end)
            #expect(log.allSatisfy { slots[$0.slot] == $0.payload })
            #expect(log.count == 30)
        }
        try await world.stopAll()
    }

    /// A founder that comes back with another directory is no member any more, and is told so (`R36`).
    @Test func aWipedMemberIsRefusedAndSaysSo() async throws {
        let world = try await ClusterWorld()
        try await world.startAll()
        try await world.node(1).append(bytes("first"))
        try await world.stop(3)
        try world.wipe(3)
        try await world.create(3)
        let wiped = try await world.start(3)
        try await eventually("the wiped member hears why") {
            let health = wiped.status.health
            return health == .refused(by: 1, reason: .otherIncarnation)
                || health == .refused(by: 2, reason: .otherIncarnation)
        }
        let slot = try await world.node(2).append(bytes("second"))
        #expect(try await world.log(1, through: slot).count == 2)
        #expect(wiped.status.committedSlot == .zero)
        try await world.stopAll()
    }

    /// With one direction of one member's traffic gone, appends elsewhere still come through.
    @Test func oneWayLossStopsNobodyElse() async throws {
        let world = try await ClusterWorld()
        try await world.startAll()
        try await world.node(1).append(bytes("before"))
        let leader = try #require(world.node(1).status.leader)
        let others = world.members.filter { $0 != leader }
        for other in others { world.network.cut(from: leader, to: other) }
        let slot = try await world.node(others[0]).append(bytes("after"))
        world.network.heal()
        #expect(try await world.log(leader, through: slot).last?.payload == bytes("after"))
        try await world.stopAll()
    }
}
