@testable import PaxosCore
import Testing

/// What a node tells of itself: each turn of things once, when it comes, and nothing in between.
@Suite struct FactTests {
    private static let ballot = Ballot(round: 1, node: 1)

    @Test func oneThatIsAloneLeads() throws {
        let member = OneMember()
        let said = try member.drain()
        #expect(said.facts == [.campaigned(Self.ballot), .becameLeader(Self.ballot)])
        #expect(try member.drain().facts == [])
    }

    /// Nothing is allocated for facts on the way of an append.
    @Test func anAppendIsNoFact() throws {
        let member = OneMember()
        try member.drain()
        let append = member.append()
        #expect(try member.step(appends: [append]).facts.capacity == 0)
        let said = try member.drain()
        #expect(said.delivered == [1] && said.facts.capacity == 0)
    }

    @Test func aLeaderSaysWhyItLeadsNoMore() throws {
        let member = OneMember(members: [1, 2, 3])
        let led = try member.lead()
        // Nobody has answered a heartbeat.
        let late = led.at + Limits().electionTicks
        let lost = try member.step(at: late)
        #expect(lost.facts == [.lostLeadership(led.ballot, .lostQuorum), .lostQuorum])
        // Somebody leads, so a quorum is there.
        let other = Ballot(round: 9, node: 2)
        let heartbeat = Heartbeat(ballot: other, round: 1, committed: 0, isFull: false)
        let found = try member.hear(2, at: late + 1, .heartbeat(heartbeat))
        #expect(found.facts == [.foundQuorum, .foundLeader(other)])
        #expect(try member.hear(2, at: late + 2, .heartbeat(heartbeat)).facts == [])
        // And is not heard any more; nobody answers who leads.
        let silent = late + 2 + Limits().electionTicks
        #expect(try member.step(at: silent).facts == [.lostLeader(2)])
        var facts: [NodeFact] = []
        for now in silent...silent + 200 { facts += try member.step(at: now).facts }
        #expect(facts == [.lostQuorum])
    }

    @Test func aHigherBallotEndsALeadership() throws {
        let member = OneMember(members: [1, 2, 3])
        let led = try member.lead()
        let other = Ballot(round: led.ballot.round + 1, node: 3)
        let said = try member.hear(3, at: led.at + 1, .prepare(Prepare(ballot: other)))
        #expect(said.facts == [.lostLeadership(led.ballot, .higherBallot)])
    }

    @Test func aLeaderWithoutRoomHandsOver() throws {
        let member = OneMember(members: [1, 2, 3])
        let led = try member.lead()
        let reply = HeartbeatReply(
            ballot: led.ballot,
            round: 1,
            promised: led.ballot,
            committed: 0,
            isFull: false
        )
        try member.hear(2, at: led.at, .heartbeatReply(reply))
        let said = try member.step(at: led.at) { $0.isFull = true }
        #expect(said.facts == [.full, .lostLeadership(led.ballot, .full)])
        #expect(try member.step(at: led.at) { $0.isFull = true }.facts == [])
        #expect(try member.step(at: led.at) { $0.isFull = false }.facts == [.notFull])
    }

    /// Time alone tells it of a member that is alone too.
    @Test func anOverdueWriteIsTold() throws {
        let member = OneMember()
        try member.drain()
        let overdue = Limits().electionTicks
        let append = member.append()
        #expect(try member.step(appends: [append]).facts == [])
        #expect(member.core.nextDeadline == Tick(overdue))
        #expect(try member.step(at: overdue).facts == [.diskOverdue])
        #expect(member.core.nextDeadline == .never)
        #expect(try member.step(at: overdue + 9).facts == [])
        #expect(try member.step(at: overdue + 9, flush: 1).facts == [.diskInTime])
    }

    @Test func whoLacksSomethingCatchesUp() throws {
        let member = OneMember(members: [1, 2, 3])
        let leader = Ballot(round: 2, node: 2)
        let notice = CommitNotice(ballot: leader, committed: 2)
        let behind = try member.hear(2, .commit(notice))
        #expect(behind.facts == [.fellBehind(1...2), .foundLeader(leader)])
        let rows = (1...2).map { number in
            AcceptedEntry(
                slot: Slot(rawValue: number),
                ballot: leader,
                entry: OneMember.command(number)
            )
        }
        let answer = CatchUp(from: 1, rows: rows, committed: 2)
        #expect(try member.hear(2, at: 1, .catchUp(answer)).facts == [.caughtUp(2)])
    }

    /// Once all that answer have said that they have it no more, and no longer than that.
    @Test func whatNobodyHandsOnIsToldOnce() throws {
        let member = OneMember(members: [1, 2, 3])
        let leader = Ballot(round: 1, node: 2)
        try member.hear(2, .commit(CommitNotice(ballot: leader, committed: 2)))
        let none = CatchUp(from: 1, rows: [], committed: 0)
        let gone = CatchUp(from: 1, rows: [], committed: 2, trimmed: 2)
        #expect(try member.hear(3, at: 1, .catchUp(none)).facts == [])
        #expect(try member.hear(2, at: 1, .catchUp(gone)).facts == [])
        #expect(try member.hear(3, at: 1, .catchUp(gone)).facts == [.behindTrim(2)])
        #expect(member.core.status.unobtainable == 2)
        #expect(try member.hear(2, at: 2, .catchUp(gone)).facts == [])
        #expect(try member.hear(3, at: 2, .catchUp(none)).facts == [])
        #expect(member.core.status.unobtainable == nil)
    }

    @Test func peersThatAreMetAreToldOnce() throws {
        let member = OneMember(members: [1, 2, 3], isMet: false)
        try member.step()
        let greeting = Hello(asks: false, holds: Identities.identity(of: 1).presence)
        for peer in [2, 3] as [NodeID] { try member.hear(peer, at: 1, .hello(greeting)) }
        let met = try member.step(at: 1, flush: member.store.waiting)
        #expect(met.facts == [2, 3].map { .metPeer($0, Identities.identity(of: $0).boot) })
        for peer in [2, 3] as [NodeID] { try member.hear(peer, at: 2, .hello(greeting)) }
        #expect(try member.step(at: 2, flush: member.store.waiting).facts == [])
    }

    @Test func refusalsAreToldOnceAnEpisode() throws {
        let member = OneMember(members: [1, 2, 3])
        let refused = Refused(reason: .twin)
        let fact = NodeFact.refusedByPeer(3, reason: .twin)
        #expect(try member.hear(3, at: 1, .refused(refused)).facts == [fact])
        #expect(try member.hear(3, at: 2, .refused(refused)).facts == [])
        let later = 3 + 2 * Disagreements.shown
        let silence = try member.step(at: later).facts
        #expect(!silence.contains(fact))
        #expect(try member.hear(3, at: later + 1, .refused(refused)).facts.contains(fact))
        // The other way round: a process on another directory of n2.
        let stranger = Identities.identity(of: 2, incarnation: Incarnation(high: 9, low: 9))
        let wiped = NodeFact.refusedPeer(RefusedPeer(node: 2, reason: .otherIncarnation))
        let request = Envelope(
            sender: stranger,
            destination: 1,
            message: .immediate(.statusRequest(StatusRequest(id: 1)))
        )
        let first = try member.step(at: later + 2) { $0.messages = [request] }
        #expect(first.facts.contains(wiped))
        let second = try member.step(at: later + 3) { $0.messages = [request] }
        #expect(!second.facts.contains(wiped))
    }

    /// Story: two peers that refused this node in turn were each told again with every word of theirs, and
    /// crowded out of the events what else had happened.
    @Test func refusalsInTurnAreToldOnceEach() throws {
        let member = OneMember(members: [1, 2, 3])
        let refused = Refused(reason: .twin)
        var facts: [NodeFact] = []
        for now in 1...2 * Disagreements.shown {
            let sender: NodeID = now.isMultiple(of: 2) ? 2 : 3
            facts += try member.hear(sender, at: now, .refused(refused)).facts
        }
        let told = facts.filter { if case .refusedByPeer = $0 { true } else { false } }
        #expect(
            told == [.refusedByPeer(3, reason: .twin), .refusedByPeer(2, reason: .twin)]
        )
    }

    @Test func anEndIsTold() throws {
        let member = OneMember()
        try member.drain()
        let failure = OneMember.failure()
        #expect(
            try member.step { $0.failure = failure }.facts == [.storeFailed(failure)]
        )
        #expect(try member.step { $0.failure = failure }.facts == [])
    }

    @Test func aDirectoryThatIsOutSaysSoAtEachOpening() throws {
        var state = Identities.recovered()
        let found = RolledBack(witness: 2, cause: .laterWrite)
        state.rolledBack = found
        var core = NodeCore(recovered: state, limits: Limits(), seed: 1)
        let first = core.begin(Arrivals(now: .zero))
        #expect(core.finish(first).facts == [.rolledBack(found)])
        let second = core.begin(Arrivals(now: Tick(1)))
        #expect(core.finish(second).facts == [])
    }

    @Test func theTextSaysItAll() {
        #expect(
            "\(NodeFact.lostLeadership(Self.ballot, .unreadableRow))"
                == "lost-leadership ballot=1.n1 reason=unreadable-row"
        )
        #expect("\(NodeFact.full)" == "full")
        #expect("\(NodeFact.fellBehind(3...7))" == "fell-behind slots=3...7")
    }
}
