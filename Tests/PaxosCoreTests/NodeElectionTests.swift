@testable import PaxosCore
import Testing

/// Status rounds and campaigns of a node whose peers the test plays.
@Suite struct NodeElectionTests {
    /// Quorum loss: who reaches nobody asks for ever and never raises a ballot (`R22`, `R24`).
    @Test func whoReachesNobodyNeverCampaigns() throws {
        let member = OneMember(members: [1, 2, 3])
        var rounds = 0
        for now in 0..<600 as Range<UInt64> {
            let said = try member.step(at: now)
            #expect(said.rows == nil)
            rounds += said.immediate.count { $0.destination == 2 }
            #expect(member.core.nextDeadline > Tick(now))
        }
        #expect(member.core.status.role == .follower)
        #expect((10...20).contains(rounds), "a round every one to two timeouts: \(rounds)")
    }

    /// A round that was answered is followed by a campaign above every ballot the answers showed, whose
    /// Prepare leaves with the receipt of the round (`R4`).
    @Test func aCampaignBeginsAboveAllThatWasSeen() throws {
        let member = OneMember(members: [1, 2, 3])
        let round = try member.awaitStatusRound()
        let status = StatusReply(
            id: round.id,
            leader: nil,
            promised: Ballot(round: 9, node: 3),
            committed: .zero
        )
        let campaign = try member.hear(2, at: round.at, .statusReply(status))
        #expect(member.core.status.role == .candidate)
        #expect(campaign.rows?.lastRound == 10)
        #expect(campaign.rows?.promised == Ballot(round: 10, node: 1))
        #expect(campaign.messages.isEmpty)
        let sent = try member.step(at: round.at, flush: 1)
        let prepare = Statement.prepare(Prepare(ballot: Ballot(round: 10, node: 1)))
        #expect(
            sent.statements
                == [
                    Addressed(destination: 2, body: prepare),
                    Addressed(destination: 3, body: prepare),
                ]
        )
    }

    /// A candidate asks again, gives up in time, and is refused by a higher promise.
    @Test func aCandidateAsksAgainAndGivesUp() throws {
        let member = OneMember(members: [1, 2, 3])
        let round = try member.awaitStatusRound()
        let status = StatusReply(id: round.id, leader: nil, promised: .zero, committed: .zero)
        try member.hear(2, at: round.at, .statusReply(status))
        try member.step(at: round.at, flush: 1)
        #expect(try member.step(at: round.at + 4).statements.isEmpty)
        #expect(member.core.nextDeadline == Tick(round.at + 5))
        let again = try member.step(at: round.at + 5)
        #expect(again.rows == WriteRows(), "no row, and yet behind the writes before it (R73)")
        let sent = try member.step(at: round.at + 5, flush: member.store.waiting)
        #expect(sent.statements.map(\.destination) == [2, 3])
        try member.step(at: round.at + 29)
        #expect(member.core.status.role == .candidate)
        try member.step(at: round.at + 30)
        #expect(member.core.status.role == .follower)
    }

    /// A page that was lost is asked for again (`R13`): once its member has answered what was asked behind it
    /// (`R83`).
    @Test func aLostPageIsAskedForAgain() throws {
        let member = OneMember(members: [1, 2, 3])
        let led = try member.lead(last: 1)
        #expect(member.core.status.role == .candidate)
        let request = PageRequest(ballot: led.ballot, from: 1)
        let asked = try member.step(at: led.at + 5)
        let ask = Addressed(destination: 2, body: Immediate.pageRequest(request))
        #expect(!asked.immediate.contains(ask))
        let probe = try #require(asked.probes.first { $0.destination == 2 })
        let reply = ProbeReply(id: probe.body.id, subject: .answers)
        let again = try member.hear(2, at: led.at + 5, .probeReply(reply))
        #expect(again.immediate.contains(ask))
        #expect(try !member.hear(2, at: led.at + 5, .probeReply(reply)).immediate.contains(ask))
        let page = PromisePage(
            ballot: led.ballot,
            from: 1,
            through: 1,
            rows: [AcceptedEntry(slot: 1, ballot: Ballot(round: 0, node: 3), entry: .noop)]
        )
        try member.hear(2, at: led.at + 6, .page(page))
        #expect(member.core.status.role == .leader)
    }

    /// A node that hears a leader, or one that has promised a new candidate, holds its peace.
    @Test func aHeardLeaderIsNotDisturbed() throws {
        let member = OneMember(members: [1, 2, 3])
        let ballot = Ballot(round: 4, node: 3)
        for now in stride(from: UInt64(0), to: 300, by: 5) {
            let heartbeat = Heartbeat(ballot: ballot, round: now + 1, committed: .zero)
            let said = try member.hear(3, at: now, .heartbeat(heartbeat))
            let others = said.immediate.filter { message in
                // The third member is silent, and asked for what it has heard.
                if case .hello = message.body { message.destination != 2 } else { true }
            }
            #expect(others.count == 1, "its answer and no question")
            #expect(member.core.status.leader == 3)
        }
        #expect(try member.awaitStatusRound(from: 300).at >= 325)
    }

    /// Whoever is asked names the leader it hears; a leader names itself.
    @Test func aStatusRequestIsAnsweredWithTheLeader() throws {
        let member = OneMember(members: [1, 2, 3])
        func leader(at now: UInt64) throws -> Ballot? {
            let said = try member.hear(2, at: now, .statusRequest(StatusRequest(id: 77)))
            for message in said.immediate {
                guard case .statusReply(let reply) = message.body else { continue }
                #expect(message.destination == 2)
                #expect(reply.id == 77)
                return reply.leader
            }
            throw Violation(description: "no answer")
        }
        #expect(try leader(at: 0) == nil)
        let ballot = Ballot(round: 4, node: 3)
        try member.hear(3, at: 1, .heartbeat(Heartbeat(ballot: ballot, round: 1, committed: 0)))
        #expect(try leader(at: 2) == ballot)
        #expect(try leader(at: 31) == nil)
        let led = try member.lead(from: 32)
        #expect(try leader(at: led.at) == led.ballot)
    }

    /// Phase 1 can take many pages. A member that had none to show, or could not show its own, began its own
    /// phase 1 in the middle of another's, and the other in the middle of this one, for ever.
    @Test(arguments: [true, false])
    func aPhaseOneThatGoesOnIsNotDisturbed(_ bySecondPrepare: Bool) throws {
        let member = OneMember(members: [1, 2, 3])
        let ballot = Ballot(round: 7, node: 2)
        try member.hear(2, .prepare(Prepare(ballot: ballot)))
        for now in stride(from: UInt64(0), to: 200, by: 10) {
            let said =
                if bySecondPrepare {
                    try member.hear(2, at: now, .prepare(Prepare(ballot: ballot)))
                } else {
                    try member.hear(2, at: now, .pageRequest(PageRequest(ballot: ballot, from: 9)))
                }
            let asks = said.immediate.contains {
                if case .statusRequest = $0.body { true } else { false }
            }
            #expect(!asks, "at \(now)")
            try member.step(at: now, flush: member.store.waiting)
        }
        _ = try member.awaitStatusRound(from: 200)
    }
}
