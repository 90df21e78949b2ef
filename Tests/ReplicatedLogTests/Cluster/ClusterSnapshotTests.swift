import TestSupport
import Testing

@testable import LogStorage
@testable import PaxosCore
@testable import Platform
@testable import ReplicatedLog

/// Three real nodes whose hosts write snapshots: who is left behind is given one with the base (`R42`, `R58`).
@Suite(.shared, .serialized) struct ClusterSnapshotTests {
    private static let pageBytes = 16 << 10
    /// Much more than anybody may hold of it.
    private static let stateBytes = 4 << 20

    private static func write(_ node: LogNode, _ slot: Slot) async throws {
        let part = (0..<4_096).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ Int(slot.rawValue)) }
        try await node.writeSnapshot(through: slot) { writer in
            try writer.write(number: slot.rawValue)
            for _ in 0..<stateBytes / part.count { try writer.write(part) }
        }
    }

    private static func check(_ snapshot: LogSnapshot) async throws {
        let slot = snapshot.info.slot
        let part = (0..<4_096).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ Int(slot.rawValue)) }
        try await snapshot.read { reader in
            #expect(try reader.readNumber() == slot.rawValue)
            var parts = 0
            while reader.bytesLeft > 0 {
                guard try reader.read(exactly: part.count) == part else { break }
                parts += 1
            }
            #expect(parts == stateBytes / part.count)
        }
    }

    /// A world whose third member is away, and was left behind; and how far it had got.
    private static func leftBehind() async throws -> (world: ClusterWorld, known: Slot, end: Slot) {
        let world = try await ClusterWorld {
            $0.retentionTime = .milliseconds(500)
            $0.pageBytes = pageBytes
        }
        try await world.startAll()
        var last = Slot.zero
        for count in 0..<20 { last = try await world.node(3).append(bytes("first \(count)")) }
        let known = last
        try await world.stop(3)
        for count in 0..<100 { last = try await world.node(2).append(bytes("away \(count)")) }
        let end = last
        for member in [1, 2] as [NodeID] {
            let node = try world.node(member)
            try await eventually("\(member) has it all") { node.status.deliveredSlot >= end }
            try await write(node, end)
            try await eventually("nobody waits for n3 any more at \(member)") {
                (try? await node.trim(through: end))?.through == end
            }
        }
        return (world, known, end)
    }

    /// While appends go on. Its subscriber is handed the snapshot, and has everything behind it; of the snapshot no more
    /// than two pieces are held on either side.
    @Test func theSnapshotComesWithTheBase() async throws {
        let (world, known, end) = try await Self.leftBehind()
        let other = try world.node(2)
        let appending = Task {
            var count = 0
            while (try? await other.append(bytes("meanwhile \(count)"))) != nil { count += 1 }
        }
        defer { appending.cancel() }
        let back = try await world.start(3)
        var events = back.subscribe(from: known.next).makeAsyncIterator()
        guard case .gap(let through, .snapshot(let snapshot))? = try await events.next() else {
            return #expect(Bool(false), "a gap with a snapshot")
        }
        #expect(through == end && snapshot.info.slot == end)
        try await Self.check(snapshot)
        #expect(try await back.latestSnapshot == snapshot)
        let own = try await back.append(bytes("back"))
        appending.cancel()
        await appending.value
        var seen: [Slot] = []
        while let event = try await events.next(), event.through < own {
            if case .entry(let slot, _, _) = event { seen.append(slot) }
        }
        try await eventually("the other has it too") { other.status.deliveredSlot >= own }
        let there = try await other.entries(in: end.next...own)
        #expect(
            seen.prefix(there.entries.count)[...] == there.entries.map(\.slot).prefix(seen.count)
        )
        #expect(back.courier.held.taken == snapshot.fileBytes, "nothing of it came twice")
        for member in world.members {
            let peak = try world.node(member).courier.held.peak
            #expect(peak <= 2 * Self.pageBytes, "\(member) held \(peak)")
        }
        let names = try FileSystem.listDirectory(world.path(3))
        #expect(names.filter { $0.hasSuffix(".take") || $0.hasSuffix(".part") }.isEmpty)
        try await world.stop(3)
        let again = try await world.start(3)
        #expect(try await again.latestSnapshot == snapshot)
        #expect(again.status.trimmedSlot == end)
        #expect(again.status.health == .healthy)
        try await world.stopAll()
    }

    /// Whoever takes it ends again and again on the way, and goes on where it was: no more than what was on its way comes
    /// twice.
    @Test func whoTakesItEndsOnTheWay() async throws {
        let (world, known, end) = try await Self.leftBehind()
        var (taken, ends) = (UInt64(0), 0)
        var back = try await world.start(3)
        for part in 1...4 {
            let enough = UInt64(part * Self.stateBytes / 5)
            let node = back
            let before = taken
            try await eventually("part \(part) of it is here") {
                before + node.courier.held.taken >= enough
            }
            try await world.stop(3)
            taken += node.courier.held.taken
            ends += 1
            back = try await world.start(3)
        }
        var events = back.subscribe(from: known.next).makeAsyncIterator()
        guard case .gap(let through, .snapshot(let snapshot))? = try await events.next() else {
            return #expect(Bool(false), "a gap with a snapshot")
        }
        #expect(through == end)
        try await Self.check(snapshot)
        taken += back.courier.held.taken
        let most = snapshot.fileBytes + UInt64(2 * ends * Self.pageBytes)
        #expect(taken >= snapshot.fileBytes && taken <= most, "\(taken) of \(snapshot.fileBytes)")
        try await world.stopAll()
    }

    /// Whoever gives it ends again and again, and is back: the rest comes from it or from the other. Piece by piece, and
    /// that none comes twice, `KilledTransferTests` of the simulator tell.
    @Test func whoGivesItEndsOnTheWay() async throws {
        let (world, known, end) = try await Self.leftBehind()
        let back = try await world.start(3)
        var ends = 0
        for part in 1...4 {
            let enough = UInt64(part * Self.stateBytes / 5)
            try await eventually("part \(part) of it is here") {
                back.courier.held.taken >= enough
            }
            for member in [1, 2] as [NodeID] where try world.node(member).courier.held.peak > 0 {
                try await world.stop(member)
                try await world.start(member)
                ends += 1
            }
        }
        #expect(ends > 0)
        var events = back.subscribe(from: known.next).makeAsyncIterator()
        guard case .gap(let through, .snapshot(let snapshot))? = try await events.next() else {
            return #expect(Bool(false), "a gap with a snapshot")
        }
        #expect(through == end)
        try await Self.check(snapshot)
        #expect(back.courier.held.taken >= snapshot.fileBytes)
        try await world.stopAll()
    }
}
