import Testing

@testable import PaxosCore

/// What a node forgets by itself.
@Suite struct TrimPolicyTests {
    private static func alone(_ policy: TrimPolicy, rows: Int) throws -> OneMember {
        try TrimmingTests.member([1], rows: rows, policy: policy)
    }

    /// Everything is durable and nothing is written for a while: what the policy has go is gone.
    @discardableResult
    private static func rest(
        _ member: OneMember,
        from start: UInt64 = 10
    ) throws -> [NodeFact] {
        var facts: [NodeFact] = []
        for now in start..<start + 40 {
            facts += try member.step(at: now, flush: member.store.waiting).facts
        }
        return facts
    }

    @Test func everythingIsKeptUnlessTold() throws {
        let member = try Self.alone(TrimPolicy(), rows: 6_000)
        try Self.rest(member)
        #expect(member.core.status.trimmed == 0)
    }

    @Test func soManyEntriesAreKept() throws {
        let member = try Self.alone(.keeping(entries: 1_000), rows: 6_000)
        let facts = try Self.rest(member)
        #expect(member.core.status.trimmed == 4_096, "the rest is no piece yet")
        #expect(facts.filter { $0.name == "trimmed" } == [.trimmed(4_096)])
        // What was trimmed before a process began has not happened to it.
        let again = OneMember(disk: member.store.disk)
        #expect(try Self.rest(again).allSatisfy { $0.name != "trimmed" })
    }

    /// Less than a piece is not worth a transaction.
    @Test func aFewGoWithTheNextPiece() throws {
        let member = try Self.alone(.keeping(entries: 1_000), rows: 2_023)
        try Self.rest(member)
        #expect(member.core.status.trimmed == 0)
        try member.step(at: 60, appends: [member.append()])
        try Self.rest(member, from: 61)
        #expect(member.core.status.trimmed == 1_024)
    }

    /// A piece waits for a write, or for a pause: a write of its own would have the next appends wait.
    @Test func aPieceRidesOnAppends() throws {
        let member = try Self.alone(.keeping(entries: 100), rows: 100)
        try member.step(at: 1, appends: [member.append()])
        try member.step(at: 1, flush: member.store.waiting)
        var trims: [Slot] = []
        for now in 2..<1_300 as Range<UInt64> {
            let said = try member.step(at: now / 100, appends: [member.append()])
            if let trimmed = said.rows?.trimmed {
                trims.append(trimmed)
                #expect(!(said.rows?.accepted.isEmpty ?? true), "it rides")
            }
            try member.step(at: now / 100, flush: member.store.waiting)
        }
        #expect(trims.count == 1, "\(trims)")
    }

    /// By their mean, since nobody counts them one by one: it comes right with the next ones.
    @Test func soManyBytesAreKept() throws {
        let member = try Self.alone(.keeping(bytes: 4_000_000), rows: 6_000)
        func flush(_ bytes: Int, at now: UInt64) throws {
            try member.step(at: now, appends: [member.append()])
            member.store.liveBytes = bytes
            try member.step(at: now, flush: member.store.waiting)
        }
        try flush(4_000_000, at: 10)
        #expect(member.core.status.trimmed == 0)
        try flush(8_000_000, at: 11)
        member.store.liveBytes = 4_100_000
        try Self.rest(member, from: 12)
        #expect((2_990...3_100).contains(member.core.status.trimmed.rawValue))
    }

    /// Nothing goes before there is a snapshot, nor what the older of two does not hold.
    @Test func whatSnapshotsHoldGoes() throws {
        let member = try Self.alone(.behindSnapshots(margin: 500), rows: 6_000)
        try Self.rest(member)
        #expect(member.core.status.trimmed == 0)
        try member.step(at: 60) { ($0.keepsAbove, $0.snapshot) = (3_000, 3_000) }
        try Self.rest(member, from: 61)
        #expect(member.core.status.trimmed == 2_500)
        try member.step(at: 110) { ($0.keepsAbove, $0.snapshot) = (4_000, 6_000) }
        try Self.rest(member, from: 111)
        #expect(member.core.status.trimmed == 4_000)
    }

    /// Other policies do not pass one either, unless told (`R42`).
    @Test(arguments: [false, true]) func aSnapshotIsPassedIfToldSo(_ isTold: Bool) throws {
        var policy = TrimPolicy.keeping(entries: 1_000)
        policy.isPastSnapshots = isTold
        let member = try Self.alone(policy, rows: 6_000)
        try member.step(at: 5) { ($0.keepsAbove, $0.snapshot) = (2_000, 2_000) }
        try Self.rest(member)
        #expect(member.core.status.trimmed == (isTold ? 4_096 : 2_000))
    }

    /// What a member lacks stays, as of a call (`R16`).
    @Test func whatAMemberLacksStays() throws {
        let member = try TrimmingTests.member([1, 2, 3], rows: 6_000, policy: .keeping(entries: 1))
        try Self.rest(member)
        #expect(member.core.status.trimmed == 0)
        let beat = Heartbeat(
            ballot: Ballot(round: 4, node: 3),
            round: 1,
            committed: 6_000,
            floor: 2_000,
            slowest: 2
        )
        try member.hear(3, at: 51, .heartbeat(beat))
        for now in 52..<60 as Range<UInt64> {
            try member.step(at: now, flush: member.store.waiting)
        }
        #expect(member.core.status.trimmed == 2_000)
    }

    /// Without room all of it goes, at once, beside a write that waits for that.
    @Test func aFullStoreGivesUpAllOfIt() throws {
        let member = try Self.alone(.keeping(entries: 1_000), rows: 1_010)
        try member.step(at: 1, appends: [member.append()])
        let full = try member.step(at: 1) { $0.isFull = true }
        #expect(full.rows?.trimmed == 10)
        #expect(full.rows?.trimmable == 10)
    }

    @Test func whatMakesNoSenseIsRefused() throws {
        var slots = TrimPolicy.keeping(entries: 1)
        slots.cursorSlots = 0
        var time = TrimPolicy()
        time.cursorTime = .milliseconds(1)
        let wrong = [
            .keeping(entries: 0), .keeping(bytes: 0), .behindSnapshots(margin: -1), slots, time,
        ]
        for policy in wrong {
            #expect(throws: InvalidLimits.self) { try policy.validated() }
        }
        #expect(try TrimPolicy().validated() == TrimPolicy())
    }
}
