import TestSupport
import Testing

@testable import PaxosCore
@testable import ReplicatedLog

/// Three real nodes that trim their logs: no member is ever left behind.
@Suite(.shared, .serialized) struct ClusterTrimTests {
    @Test func aMemberThatIsAwayHoldsEverybodyBack() async throws {
        let world = try await ClusterWorld()
        try await world.startAll()
        var last = Slot.zero
        for count in 0..<30 { last = try await world.node(1).append(bytes("first \(count)")) }
        for member in world.members {
            let node = try world.node(member)
            let first = last
            try await eventually("all of it is trimmed at \(member)") {
                (try? await node.trim(through: first))?.through == first
            }
        }
        try await world.stop(3)
        for count in 0..<30 { last = try await world.node(2).append(bytes("away \(count)")) }
        // Who leads hears of all, and may not have heard yet.
        let others = try ([1, 2] as [NodeID]).map { try world.node($0) }
        let end = last
        try await eventually("somebody names the member that is away") {
            for node in others {
                let held = try? await node.trim(through: end)
                if let held, held.through < end, held.heldBack == .member(3) { return true }
            }
            return false
        }
        // What it lacks is there still, and what is trimmed it does not ask for.
        let away = try await world.start(3)
        try await eventually("the member that was away has everything") {
            away.status.deliveredSlot >= end
        }
        try await eventually("what was held back goes by itself") {
            for node in others where node.status.trimmedSlot >= end { return true }
            return false
        }
        #expect(try await away.entries(in: end...end).entries.count == 1)
        try await world.stopAll()
    }

    /// What was held back by a member does not go past a snapshot that was written until it came back.
    @Test func whatGoesLaterDoesNotPassASnapshot() async throws {
        let world = try await ClusterWorld()
        try await world.startAll()
        let node = try world.node(1)
        try await node.append(bytes("all"))
        try await world.stop(3)
        var slots: [Slot] = []
        for count in 0..<20 { slots.append(try await node.append(bytes("away \(count)"))) }
        let (half, end) = (slots[10], slots[19])
        _ = try await node.barrier()
        let held = try await node.trim(through: end)
        #expect(held.through < half && held.heldBack != nil)
        try await node.writeSnapshot(through: half) { try $0.write([1]) }
        try await world.start(3)
        try await eventually("what was held back goes by itself") {
            node.status.trimmedSlot >= half
        }
        let kept = try await node.trim(through: end)
        #expect(kept == LogTrim(through: half, heldBack: .snapshot(half)))
        try await world.stopAll()
    }
}
