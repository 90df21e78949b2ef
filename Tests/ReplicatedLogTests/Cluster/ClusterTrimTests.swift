import TestSupport
import Testing

@testable import LogStorage
@testable import PaxosCore
@testable import Platform
@testable import ReplicatedLog

/// Three real nodes that trim their logs: who is away for long is left behind, and comes back all the same.
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

    /// Who is away for longer than it is waited for comes back below the others' trim point, while appends go on: its
    /// subscribers are told, and have everything behind that (`R46`, `R58`).
    @Test func aMemberThatWasLeftBehindComesBack() async throws {
        let world = try await ClusterWorld { $0.retentionTime = .milliseconds(500) }
        try await world.startAll()
        var last = Slot.zero
        for count in 0..<20 { last = try await world.node(3).append(bytes("first \(count)")) }
        let known = last
        try await world.stop(3)
        for count in 0..<100 { last = try await world.node(2).append(bytes("away \(count)")) }
        let end = last
        for member in [1, 2] as [NodeID] {
            let node = try world.node(member)
            try await eventually("nobody waits for n3 any more at \(member)") {
                (try? await node.trim(through: end))?.through == end
            }
        }
        let other = try world.node(2)
        let appending = Task {
            var last = Slot.zero
            var count = 0
            // The last one is cancelled, and may get into the log all the same.
            while let slot = try? await other.append(bytes("meanwhile \(count)")) {
                last = slot
                count += 1
            }
            return last
        }
        let back = try await world.start(3)
        var events = back.subscribe(from: known.next).makeAsyncIterator()
        guard case .gap(let through, .base)? = try await events.next() else {
            return #expect(Bool(false), "a gap")
        }
        #expect(through >= end)
        let own = try await back.append(bytes("back"))
        appending.cancel()
        let final = max(await appending.value, own)
        try await eventually("it has everything") { back.status.deliveredSlot >= final }
        var seen: [Slot] = []
        var previous = through
        while previous < final, let event = try await events.next() {
            if case .entry(let slot, _, let before) = event {
                #expect(before == previous)
                seen.append(slot)
            }
            previous = event.through
        }
        let there = try await other.entries(in: through.next...final)
        #expect(seen.prefix(there.entries.count) == there.entries.map(\.slot)[...])
        await #expect(throws: ReadError.trimmed(through: through)) {
            try await back.entries(in: known...final)
        }
        // The snapshot of another member leads on here.
        let slot = try await other.writeSnapshot(through: final) { try $0.write([7]) }.slot
        try await world.stop(3)
        let file = SnapshotFormat.path(of: slot, in: world.path(2))
        let content = try FileSystem.read(file, at: 0, count: Int(try FileSystem.fileLength(file)))
        try FileSystem.write(content, to: SnapshotFormat.path(of: slot, in: world.path(3)))
        let again = try await world.start(3)
        #expect(try await again.latestSnapshot?.info.slot == slot)
        #expect(again.status.trimmedSlot == through)
        try await eventually("after a restart too") { again.status.deliveredSlot >= final }
        _ = try await again.append(bytes("again"))
        #expect(again.status.health == .healthy)
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
