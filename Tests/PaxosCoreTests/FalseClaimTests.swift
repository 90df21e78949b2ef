@testable import PaxosCore
import Testing

/// What a connection that poses as a member says to be committed, and is not (`R80`).
@Suite struct FalseClaimTests {
    private static let ballot = Ballot(round: 4, node: 3)
    private static let far = Slot(rawValue: Slot.limit.rawValue - 1)

    private static func heartbeat(
        _ committed: Slot,
        round: UInt64,
        _ ballot: Ballot = ballot
    ) -> Immediate {
        .heartbeat(Heartbeat(ballot: ballot, round: round, committed: committed))
    }

    private static func accept(_ slot: Slot, committed: Slot) -> Immediate {
        let run = EntryRun(first: slot, entries: [OneMember.command(slot.rawValue)])
        return .accept(Accept(ballot: ballot, run: run, committed: committed))
    }

    private static func asked(_ said: OneMember.Said) -> [NodeID] {
        said.immediate.compactMap { message in
            if case .catchUpRequest = message.body { message.destination } else { nil }
        }
    }

    /// The ways of saying it, by a leader to come, by one of long ago, and by none.
    static let claims: [Immediate] = [
        .commit(CommitNotice(ballot: Ballot(round: 1, node: 2), committed: far)),
        heartbeat(far, round: 1, Ballot(round: 1, node: 2)),
        heartbeat(far, round: 1, Ballot(round: 9, node: 2)),
        .commit(CommitNotice(ballot: Ballot(round: 9, node: 2), committed: far)),
        .statusReply(StatusReply(id: 1, leader: nil, promised: .zero, committed: far)),
    ]

    /// The leader's notices count as before, and once the member that was posed as has said what it has, nothing
    /// more is asked of anybody. Story: callers came down from 100 to 6 a second until the leader changed.
    @Test(arguments: claims) func aClaimOfAnotherMemberHoldsNothingUp(_ claim: Immediate) throws {
        let member = OneMember(members: [1, 2, 3])
        try member.hear(3, Self.heartbeat(0, round: 1))
        #expect(Self.asked(try member.hear(2, claim)) == [2])
        var slot: Slot = 1
        for now in 1...5 as ClosedRange<UInt64> {
            try member.hear(3, at: now, Self.accept(slot, committed: slot.previous))
            #expect(member.core.status.committed == slot.previous, "accepted, and not chosen")
            let said = try member.hear(3, at: now, Self.heartbeat(slot, round: now + 1))
            #expect(Self.asked(said).isEmpty)
            #expect(member.core.status.committed == slot, "by the notice alone")
            slot = slot.next
        }
        let truth = CatchUp(from: 1, rows: [], committed: 4)
        #expect(Self.asked(try member.hear(2, at: 6, .catchUp(truth))).isEmpty)
        #expect(member.core.status.counters.unbacked == 1)
        for now in 7...400 as ClosedRange<UInt64> {
            let said = try member.hear(3, at: now, Self.heartbeat(5, round: now))
            #expect(Self.asked(said).isEmpty, "at \(now)")
        }
        #expect(member.core.status.peerCommitted.allSatisfy { $0.committed <= 5 })
    }

    /// Nobody but the true leader says more of its log: what it repeats takes the place of what was said in its
    /// name.
    @Test func whatTheLeaderRepeatsStands() throws {
        let member = OneMember(members: [1, 2, 3])
        try member.hear(3, Self.heartbeat(0, round: 1))
        #expect(Self.asked(try member.hear(3, Self.heartbeat(1_000_000, round: 1))) == [3])
        try member.hear(3, at: 1, Self.heartbeat(0, round: 2))
        try member.hear(3, at: 2, Self.accept(1, committed: 0))
        #expect(
            member.core.status.committed == .zero,
            "accepted, and chosen as far as nobody knows"
        )
        try member.hear(3, at: 3, Self.heartbeat(1, round: 3))
        #expect(member.core.status.committed == 1)
    }

    /// What a member that ended had said is forgotten when neither it nor anybody else has it.
    @Test func whoDoesNotAnswerIsNotBelieved() throws {
        let member = OneMember(members: [1, 2, 3])
        try member.hear(3, Self.heartbeat(0, round: 1))
        try member.hear(2, Self.claims[0])
        var asked: [NodeID] = []
        for now in 1...400 as ClosedRange<UInt64> {
            asked += Self.asked(try member.hear(3, at: now, Self.heartbeat(0, round: now + 1)))
        }
        #expect(asked.count <= 4, "asked \(asked)")
        #expect(member.core.status.counters.unbacked == 0, "it has contradicted nobody")
    }

    /// A follower that is far behind hears large numbers, and they are true.
    @Test func theTruthIsFetched() throws {
        let member = OneMember(members: [1, 2, 3])
        #expect(Self.asked(try member.hear(3, Self.heartbeat(1_000_000, round: 1))) == [3])
        let row = AcceptedEntry(slot: 1, ballot: Self.ballot, entry: OneMember.command(1))
        let page = CatchUp(from: 1, rows: [row], committed: 1_000_000)
        #expect(Self.asked(try member.hear(3, at: 1, .catchUp(page))) == [3])
        #expect(member.core.status.committed == 1)
        #expect(member.core.status.counters.total == 0)
    }

    /// What a leader has said since it was asked is not judged by the answer, which it overtook on a lane of
    /// its own.
    @Test func aLateAnswerContradictsNothingThatCameAfterTheQuestion() throws {
        let member = OneMember(members: [1, 2, 3])
        #expect(Self.asked(try member.hear(3, Self.heartbeat(1, round: 1))) == [3])
        try member.hear(3, at: 1, Self.heartbeat(1_000_000, round: 2))
        let row = AcceptedEntry(slot: 1, ballot: Self.ballot, entry: OneMember.command(1))
        let page = CatchUp(from: 1, rows: [row], committed: 1)
        #expect(Self.asked(try member.hear(3, at: 2, .catchUp(page))) == [3], "for the rest")
        #expect(member.core.status.counters.total == 0)
    }

    /// An answer says how far its sender is by now: whoever is fed by answers alone goes on to there at once.
    @Test func anAnswerTellsOfMore() throws {
        let member = OneMember(members: [1, 2, 3])
        #expect(Self.asked(try member.hear(3, Self.heartbeat(1, round: 1))) == [3])
        let row = AcceptedEntry(slot: 1, ballot: Self.ballot, entry: OneMember.command(1))
        let page = CatchUp(from: 1, rows: [row], committed: 5)
        #expect(Self.asked(try member.hear(3, at: 1, .catchUp(page))) == [3])
    }

    /// A leader whose disk is behind its followers' serves less than it has said, and is not counted for it.
    @Test func aLeaderBehindItsOwnNoticeIsNotAccused() throws {
        let member = OneMember(members: [1, 2, 3])
        try member.hear(3, Self.heartbeat(9, round: 1))
        try member.hear(3, at: 1, .catchUp(CatchUp(from: 1, rows: [], committed: 0)))
        #expect(member.core.status.counters.total == 0)
        var asked: [NodeID] = []
        for now in 2...40 as ClosedRange<UInt64> {
            asked += Self.asked(try member.hear(3, at: now, Self.heartbeat(9, round: now)))
        }
        #expect(!asked.isEmpty, "it says so again, and is asked again")
    }
}
