@testable import PaxosCore
import Testing

/// A leader that does not know of a later one: what it proposes may differ from what the later one had
/// chosen, and must do no harm to those that have learned it without a promise to the later one.
@Suite struct OvertakenLeaderTests {
    private static let early = Ballot(round: 3, node: 2)
    private static let late = Ballot(round: 5, node: 3)
    private let x = Entry.command(
        Command(token: Token(node: 2, boot: Boot(1), sequence: 1), payload: [88])
    )
    private let y = Entry.command(
        Command(token: Token(node: 3, boot: Boot(1), sequence: 1), payload: [89])
    )

    /// n3 had Y chosen, with two others; n1 has fetched it and promised nothing. While Y is on its way to
    /// the disk, n2 proposes X under its earlier ballot: X replaced Y in memory and on disk, and n1
    /// delivered X where all others deliver Y.
    @Test func aFetchedRowIsNotOverwritten() throws {
        let member = OneMember(members: [1, 2, 3, 4, 5])
        let asked = try member.hear(
            3,
            .heartbeat(Heartbeat(ballot: Self.late, round: 1, committed: 1))
        )
        #expect(
            asked.immediate.map(\.body).contains(.catchUpRequest(CatchUpRequest(slots: 1...1)))
        )
        let row = AcceptedEntry(slot: 1, ballot: Self.late, entry: y)
        try member.hear(3, .catchUp(CatchUp(from: 1, rows: [row], committed: 1)))
        let accept = Accept(
            ballot: Self.early,
            run: EntryRun(first: 1, entries: [x]),
            committed: .zero
        )
        let said = try member.hear(2, .accept(accept))
        #expect(said.rows == nil)
        let drained = try member.drain()
        #expect(drained.delivered == [1])
        #expect(member.store.disk[1]?.entry == y)
        let again = try member.hear(2, .accept(accept))
        #expect(
            again.immediate.contains {
                guard case .reject(let reject) = $0.body else { return false }
                return reject.reason == .promised && reject.committed == 1
            }
        )
    }

    /// n1, which has fetched Y without a promise, promised n2's earlier ballot and told it that the slot is
    /// committed. n2 led, then took X from a leader between the two, whose ballot is not below its own: by its
    /// own word it passed X for what was chosen. So who fetches a row promises its ballot.
    @Test func whoHasFetchedARowPromisesNoEarlierBallot() throws {
        let member = OneMember(members: [1, 2, 3, 4, 5])
        try member.hear(3, .heartbeat(Heartbeat(ballot: Self.late, round: 1, committed: 1)))
        let row = AcceptedEntry(slot: 1, ballot: Self.late, entry: y)
        try member.hear(3, .catchUp(CatchUp(from: 1, rows: [row], committed: 1)))
        try member.drain()
        #expect(member.store.disk.promised == Self.late)
        let said = try member.hear(2, .prepare(Prepare(ballot: Self.early)))
        #expect(said.statements.isEmpty)
        #expect(
            said.immediate.contains {
                guard case .reject(let reject) = $0.body else { return false }
                return reject.reason == .promised && reject.promised == Self.late
            }
        )
    }

    /// What a later leader proposes again in the slot is what was chosen: taken like any other.
    @Test func aFetchedRowIsAcceptedAgain() throws {
        let member = OneMember(members: [1, 2, 3, 4, 5])
        try member.hear(3, .heartbeat(Heartbeat(ballot: Self.late, round: 1, committed: 1)))
        let row = AcceptedEntry(slot: 1, ballot: Self.late, entry: y)
        try member.hear(3, .catchUp(CatchUp(from: 1, rows: [row], committed: 1)))
        let accept = Accept(
            ballot: Ballot(round: 6, node: 2),
            run: EntryRun(first: 1, entries: [y]),
            committed: .zero
        )
        let said = try member.hear(2, .accept(accept))
        #expect(said.rows?.accepted.map(\.run.entries) == [[y]])
        try member.drain()
        #expect(member.store.disk[1]?.entry == y)
    }

    /// n1 leads, and is told that its slot is committed; the row it fetches was accepted under a higher
    /// ballot. Had it gone on leading, its notice would have said under its own ballot that the slot is
    /// chosen, and a follower with X under that ballot would have taken X for it (`R68`).
    @Test func aLeaderThatFetchesALaterBallotsRowLeadsNoMore() throws {
        let member = OneMember(members: [1, 2, 3])
        let led = try member.lead()
        try member.step(at: led.at, appends: [member.append()])
        try member.step(at: led.at, flush: member.store.waiting)
        let reject = Reject(
            ballot: led.ballot,
            promised: led.ballot,
            committed: 1,
            reason: .committed
        )
        let asked = try member.hear(2, at: led.at, .reject(reject))
        #expect(
            asked.immediate
                == [
                    Addressed(
                        destination: 2,
                        body: .catchUpRequest(CatchUpRequest(slots: 1...1))
                    )
                ]
        )
        #expect(member.core.status.committed == .zero, "its own row proves nothing")
        let later = Ballot(round: led.ballot.round + 1, node: 3)
        let row = AcceptedEntry(slot: 1, ballot: later, entry: y)
        let said = try member.hear(
            2,
            at: led.at,
            .catchUp(CatchUp(from: 1, rows: [row], committed: 1))
        )
        #expect(member.core.status.role == .follower)
        #expect(member.core.status.committed == 1)
        #expect(said.messages.isEmpty, "no notice under the old ballot")
        #expect(member.core.replica.highestSeen == later)
    }

    /// A row that was chosen under the leader's own ballot or an earlier one is no reason to end.
    @Test func aLeaderThatFetchesAnEarlierBallotsRowLeadsOn() throws {
        let member = OneMember(members: [1, 2, 3])
        let led = try member.lead()
        try member.step(at: led.at, appends: [member.append()])
        let reject = Reject(
            ballot: led.ballot,
            promised: led.ballot,
            committed: 1,
            reason: .committed
        )
        try member.hear(2, at: led.at, .reject(reject))
        let own = try #require(
            member.core.replica.acceptor.run(from: 1, through: 1, under: led.ballot)
        )
        let row = AcceptedEntry(slot: 1, ballot: led.ballot, entry: own.entries[0])
        try member.hear(2, at: led.at, .catchUp(CatchUp(from: 1, rows: [row], committed: 1)))
        #expect(member.core.status.role == .leader)
        #expect(member.core.status.committed == 1)
    }
}
