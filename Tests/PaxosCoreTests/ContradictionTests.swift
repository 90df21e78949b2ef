@testable import PaxosCore
import Testing

/// A member that finds that another one has something else in a slot that is committed here.
@Suite struct ContradictionTests {
    private static let ballot = Ballot(round: 4, node: 3)
    private static let found = RolledBack(witness: 3, cause: .otherEntry)

    private static func row(
        _ slot: Slot,
        _ sequence: UInt64,
        under ballot: Ballot = ballot
    ) -> AcceptedEntry {
        AcceptedEntry(slot: slot, ballot: ballot, entry: OneMember.command(sequence))
    }

    private static func accept(_ slot: Slot, _ sequence: UInt64, round: UInt64 = 5) -> Immediate {
        let run = EntryRun(first: slot, entries: [OneMember.command(sequence)])
        let ballot = Ballot(round: round, node: 3)
        return .accept(Accept(ballot: ballot, run: run, committed: .zero))
    }

    /// Has slots 1 to 3 committed; delivered too, and out of the acceptor's memory, if they are flushed.
    private static func member(flushed: Bool) throws -> OneMember {
        let member = OneMember(members: [1, 2, 3])
        try member.hear(3, .heartbeat(Heartbeat(ballot: ballot, round: 1, committed: 3)))
        let rows = [row(1, 1), row(2, 2), row(3, 3)]
        try member.hear(3, .catchUp(CatchUp(from: 1, rows: rows, committed: 3)))
        if flushed { #expect(try member.step(flush: 3).delivered == [1, 2, 3]) }
        return member
    }

    @Test(arguments: [false, true])
    func anotherProposalWhereSomethingIsCommittedStopsIt(flushed: Bool) throws {
        let member = try Self.member(flushed: flushed)
        let append = member.append()
        try member.step(appends: [append])
        let said = try member.hear(3, Self.accept(2, 7))
        #expect(member.core.status.rolledBack == Self.found)
        #expect(said.messages.isEmpty && said.rows?.rolledBack == nil)
        #expect(member.core.status.counters.contradicted == 1)
        #expect(try member.hear(3, Self.accept(4, 4)).messages.isEmpty, "it takes no part any more")
        #expect("\(Self.found)".contains("another entry in a slot"))
    }

    /// The same entry is committed under many ballots: each new leader proposes it again.
    @Test(arguments: [false, true])
    func theSameEntryUnderAnotherBallotIsNoContradiction(flushed: Bool) throws {
        let member = try Self.member(flushed: flushed)
        try member.hear(3, Self.accept(2, 2), Self.accept(3, 3, round: 9))
        let again = [Self.row(2, 2, under: Ballot(round: 1, node: 2)), Self.row(3, 3)]
        try member.hear(2, .catchUp(CatchUp(from: 2, rows: again, committed: 3)))
        #expect(member.core.status.rolledBack == nil)
    }

    /// Who proposes under a ballot that is promised no more may have found another entry there, and failed.
    @Test func anOldProposalIsNoContradiction() throws {
        let member = try Self.member(flushed: true)
        try member.hear(3, Self.accept(2, 7, round: 3))
        #expect(member.core.status.rolledBack == nil)
    }

    /// Rows that come late are compared with what was learned meanwhile.
    @Test(arguments: [false, true])
    func otherRowsOfCatchUpStopIt(flushed: Bool) throws {
        let member = try Self.member(flushed: flushed)
        let rows = [Self.row(2, 2), Self.row(3, 8, under: Ballot(round: 1, node: 2))]
        try member.hear(2, .catchUp(CatchUp(from: 2, rows: rows, committed: 3)))
        #expect(member.core.status.rolledBack == RolledBack(witness: 2, cause: .otherEntry))
    }

    /// A machine restored with its memory gives out its tokens again, for other payloads.
    @Test(arguments: [false, true])
    func anotherPayloadUnderTheSameTokenStopsIt(flushed: Bool) throws {
        let member = try Self.member(flushed: flushed)
        guard case .command(let command) = OneMember.command(2) else { return }
        let other = Command(token: command.token, payload: command.payload + [1])
        let row = AcceptedEntry(slot: 2, ballot: Self.ballot, entry: .command(other))
        try member.hear(2, .catchUp(CatchUp(from: 2, rows: [row], committed: 3)))
        #expect(member.core.status.rolledBack == RolledBack(witness: 2, cause: .otherEntry))
    }

    // MARK: - Prefixes

    private static func digest(_ sequences: [UInt64]) -> PrefixDigest {
        sequences.reduce(.empty) { $0.appending(OneMember.command($1)) }
    }

    private static func heartbeat(_ slot: Slot, _ sequences: [UInt64], committed: Slot? = nil)
        -> Immediate
    {
        .heartbeat(
            Heartbeat(
                ballot: ballot,
                round: 2,
                committed: committed ?? slot,
                prefix: PrefixMark(slot: slot, digest: digest(sequences))
            )
        )
    }

    /// Slot 3 is the same: what differs lies before it.
    @Test func aLeaderWithAnotherPrefixStopsIt() throws {
        let member = try Self.member(flushed: true)
        try member.hear(3, Self.heartbeat(3, [1, 2, 3]), Self.heartbeat(2, [1, 2]))
        try member.hear(3, Self.heartbeat(0, [7]))
        #expect(member.core.status.rolledBack == nil)
        try member.hear(3, Self.heartbeat(3, [1, 7, 3]))
        #expect(member.core.status.rolledBack == Self.found)
    }

    /// Of a slot that is still to come it is remembered.
    @Test(arguments: [false, true])
    func whatIsToldOfALaterSlotIsComparedThere(isSame: Bool) throws {
        let member = try Self.member(flushed: true)
        try member.hear(3, Self.heartbeat(5, isSame ? [1, 2, 3, 4, 5] : [1, 7, 3, 4, 5]))
        // One that nobody ever reaches is in no other's way.
        try member.hear(3, Self.heartbeat(9, [9], committed: 9))
        let rows = [Self.row(4, 4), Self.row(5, 5), Self.row(6, 6)]
        try member.hear(3, .catchUp(CatchUp(from: 4, rows: rows, committed: 6)))
        #expect(member.core.status.rolledBack == nil)
        try member.step(flush: member.store.waiting)
        #expect(member.core.delivered == 6)
        #expect(member.core.status.rolledBack == (isSame ? nil : Self.found))
    }

    /// A member was away for long: its rows are below its checkpoint, and nobody shows it others in their slots.
    @Test(arguments: [nil, 1, 1_500, 3_000] as [UInt64?])
    func aDifferenceFarBelowIsFound(place: UInt64?) throws {
        let own = Array(UInt64(1)...3_000)
        var disk = OneMember.disk(own.map { OneMember.command($0) }, committed: 3_000)
        var delivery = Delivery(resuming: .empty)
        for sequence in own { delivery.feed(OneMember.command(sequence)) { _ in } }
        disk.checkpoint = delivery.checkpoint
        let member = OneMember(disk: disk, members: [1, 2, 3])
        let others = (own + [3_001, 3_002]).map { $0 == place ? 9_000 : $0 }
        try member.hear(3, Self.heartbeat(3_002, others))
        let rows = [Self.row(3_001, 3_001), Self.row(3_002, 3_002)]
        try member.hear(3, .catchUp(CatchUp(from: 3_001, rows: rows, committed: 3_002)))
        #expect(member.core.status.rolledBack == nil)
        try member.step(flush: member.store.waiting)
        #expect(member.core.delivered == 3_002)
        #expect(member.core.status.rolledBack == (place == nil ? nil : Self.found))
    }

    /// What is written goes on where it ended, also from within a batch.
    @Test func theCheckpointHoldsTheDigest() throws {
        var limits = Limits()
        limits.checkpointSlots = 1
        let member = OneMember(limits: limits)
        for _ in 1...5 { try member.step(appends: [member.append()]) }
        try member.drain()
        let disk = member.store.disk
        var delivery = Delivery(resuming: .empty)
        for row in disk.rows.prefix(Int(disk.checkpoint.slot.rawValue)) {
            delivery.feed(try #require(row).entry) { _ in }
        }
        #expect(disk.checkpoint.slot > 0 && disk.checkpoint == delivery.checkpoint)
        let again = OneMember(disk: disk)
        try again.drain()
        #expect(again.core.replica.recentPrefix.end.digest != .empty)
        #expect(again.core.replica.recentPrefix.end.slot == again.core.delivered)
    }

    @Test func whatWasDeliveredLastIsRemembered() {
        var recent = RecentPrefix(after: PrefixMark(slot: 4, digest: Self.digest([9])))
        #expect(recent.end.slot == 4 && recent.digest(through: 4) == Self.digest([9]))
        #expect(recent.digest(through: 3) == nil && recent.holds(.noop, in: 4) == nil)
        var digest = recent.end.digest
        for slot in 5...5_000 as ClosedRange<UInt64> {
            digest = digest.appending(OneMember.command(slot))
            recent.append(PrefixMark(slot: Slot(rawValue: slot), digest: digest))
        }
        #expect(recent.end == PrefixMark(slot: 5_000, digest: digest))
        for slot in [5_000, 3_977] as [UInt64] {
            let entry = OneMember.command(slot)
            #expect(recent.holds(entry, in: Slot(rawValue: slot)) == true)
            #expect(recent.holds(.noop, in: Slot(rawValue: slot)) == false)
        }
        #expect(recent.holds(.noop, in: 5) == nil && recent.holds(.noop, in: 5_001) == nil)
        recent.append(PrefixMark(slot: 9_000, digest: digest))
        #expect(recent.end.slot == 9_000 && recent.digest(through: 5_000) == nil)
    }
}
