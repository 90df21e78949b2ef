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
        try member.step { $0.appends = [append] }
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

    @Test func whatWasDeliveredLastIsRemembered() {
        var recent = RecentEntries()
        #expect(recent[1] == nil)
        for slot in 5...5_000 as ClosedRange<UInt64> {
            recent.append(OneMember.command(slot), at: Slot(rawValue: slot))
        }
        #expect(recent[5_000] == OneMember.command(5_000).name)
        #expect(recent[3_977] == OneMember.command(3_977).name)
        #expect(recent[5] == nil && recent[5_001] == nil)
        recent.append(.noop, at: 9_000)
        #expect(recent[9_000] == .noop && recent[5_000] == nil)
    }
}
