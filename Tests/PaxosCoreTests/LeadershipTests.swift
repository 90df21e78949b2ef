@testable import PaxosCore
import Testing

/// How a leader keeps its followers, and when it lets go.
@Suite struct LeadershipTests {
    private static func reply(
        _ ballot: Ballot,
        _ round: UInt64,
        promised: Ballot? = nil
    ) -> Immediate {
        .heartbeatReply(
            HeartbeatReply(
                ballot: ballot,
                round: round,
                promised: promised ?? ballot,
                committed: .zero
            )
        )
    }

    private static func heartbeats(_ said: OneMember.Said) -> [Heartbeat] {
        said.immediate.compactMap { message in
            guard case .heartbeat(let heartbeat) = message.body else { return nil }
            return heartbeat
        }
    }

    /// One heartbeat to each follower every so many ticks, in rounds that ascend.
    @Test func heartbeatsComeRegularly() throws {
        let member = OneMember(members: [1, 2, 3])
        let led = try member.lead()
        try member.step(at: led.at, flush: member.store.waiting)
        var rounds: [UInt64] = []
        for now in led.at + 1...led.at + 25 {
            let said = try member.step(at: now)
            let beats = Self.heartbeats(said)
            #expect(beats.count == ((now - led.at).isMultiple(of: 5) ? 2 : 0))
            rounds += beats.map(\.round)
        }
        #expect(rounds == rounds.sorted())
        #expect(Set(rounds).count == 5)
    }

    /// A leader that ends in order, with no time to hand over, tells its followers, in the step of its last write and
    /// once.
    @Test func aLeaderThatEndsSaysFarewell() throws {
        let member = OneMember(members: [1, 2, 3])
        let led = try member.lead()
        try member.step(at: led.at, flush: member.store.waiting)
        let said = try member.step(at: led.at) { $0.closeBy = Tick(led.at) }
        let farewell = Immediate.farewell(Farewell(ballot: led.ballot))
        #expect(said.immediate.filter { $0.body == farewell }.map(\.destination) == [2, 3])
        #expect(said.rows?.isFinal == true)
        let last = try member.step(at: led.at + 1, flush: member.store.waiting)
        #expect(last.immediate.isEmpty)
        #expect(last.isClosed)
    }

    /// A leader whose own write is overdue by an election timeout is silent, claims nothing and confirms
    /// no barrier, until the receipt comes (`R61`).
    @Test func anOverdueWriteStopsTheHeartbeats() throws {
        let member = OneMember(members: [1, 2, 3])
        let led = try member.lead()
        try member.step(at: led.at, flush: member.store.waiting)
        try member.step(at: led.at, appends: [member.append()])
        for now in led.at + 1..<led.at + 30 {
            let said = try member.hear(2, at: now, Self.reply(led.ballot, 1))
            #expect(Self.heartbeats(said).isEmpty == !(now - led.at).isMultiple(of: 5))
        }
        for now in led.at + 30...led.at + 50 {
            let said = try member.hear(2, at: now, Self.reply(led.ballot, 1))
            #expect(Self.heartbeats(said).isEmpty)
        }
        let now = led.at + 50
        let barrier = try member.step(at: now) { $0.barriers = [member.barrier()] }
        #expect(Self.heartbeats(barrier).isEmpty)
        let asked = try member.hear(3, at: now, .statusRequest(StatusRequest(id: 1)))
        let status = StatusReply(id: 1, leader: nil, promised: led.ballot, committed: .zero)
        #expect(
            asked.immediate.contains(Addressed(destination: 3, body: .statusReply(status)))
        )
        let back = try member.step(at: now + 5, flush: member.store.waiting)
        #expect(!Self.heartbeats(back).isEmpty)
    }

    /// A leader that a quorum has not answered for an election timeout leads no more (`R23`).
    @Test func aLeaderWithoutAQuorumStepsDown() throws {
        let member = OneMember(members: [1, 2, 3, 4, 5])
        let round = try member.awaitStatusRound()
        for peer in [2, 3] as [NodeID] {
            let status = StatusReply(
                id: round.id,
                leader: nil,
                promised: .zero,
                committed: .zero
            )
            try member.hear(peer, at: round.at, .statusReply(status))
        }
        let ballot = try #require(member.core.status.ballot)
        try member.step(at: round.at, flush: member.store.waiting)
        for peer in [2, 3] as [NodeID] {
            let promise = Promise(ballot: ballot, committed: 0, trimmed: 0, last: 0)
            try member.hear(peer, at: round.at, .promise(promise))
        }
        for now in round.at + 1...round.at + 29 {
            // One follower of four is no quorum.
            try member.hear(2, at: now, Self.reply(ballot, 1))
            #expect(member.core.status.role == .leader)
        }
        try member.hear(2, at: round.at + 30, Self.reply(ballot, 1))
        #expect(member.core.status.role == .follower)
        #expect(member.core.status.leader == nil)
    }

    /// One member has promised a higher ballot in vain: the leader runs phase 1 again above it, not before
    /// an election timeout of leading, and so often at most (`R74`).
    @Test func aStrayPromiseIsPassedAtABoundedRate() throws {
        let member = OneMember(members: [1, 2, 3])
        var led = try member.lead()
        try member.step(at: led.at, flush: member.store.waiting)
        for turn in 0..<3 {
            let stray = Ballot(round: led.ballot.round + 4, node: 3)
            for now in led.at + 1..<led.at + 30 {
                try member.step(at: now) {
                    $0.messages = [
                        member.from(2, Self.reply(led.ballot, 1)),
                        member.from(3, Self.reply(led.ballot, 1, promised: stray)),
                    ]
                }
                #expect(member.core.status.role == .leader, "turn \(turn)")
                #expect(member.core.status.ballot == led.ballot)
            }
            let now = led.at + 30
            try member.hear(2, at: now, Self.reply(led.ballot, 1))
            #expect(member.core.status.role == .candidate)
            let ballot = try #require(member.core.status.ballot)
            #expect(ballot == Ballot(round: stray.round + 1, node: 1))
            try member.step(at: now, flush: member.store.waiting)
            let promise = Promise(ballot: ballot, committed: 0, trimmed: 0, last: 0)
            try member.hear(2, at: now, .promise(promise))
            #expect(member.core.status.role == .leader)
            led = (ballot, now)
        }
    }

    /// The last commit is told at once when no Accept is about to carry it (`R59`); while slots are in
    /// flight it is not told apart.
    @Test func theLastCommitIsToldAtOnce() throws {
        let member = OneMember(members: [1, 2, 3])
        let led = try member.lead()
        try member.step(at: led.at, flush: member.store.waiting)
        try member.step(at: led.at, appends: [member.append()])
        try member.step(at: led.at, appends: [member.append()])
        try member.step(at: led.at, flush: member.store.waiting)
        let first = try member.hear(
            2,
            at: led.at,
            .accepted(Accepted(ballot: led.ballot, slots: 1...1))
        )
        #expect(first.messages.isEmpty, "slot 2 is in flight")
        let second = try member.hear(
            3,
            at: led.at,
            .accepted(Accepted(ballot: led.ballot, slots: 2...2))
        )
        let notice = Immediate.commit(CommitNotice(ballot: led.ballot, committed: 2))
        #expect(
            second.immediate
                == [
                    Addressed(destination: 2, body: notice),
                    Addressed(destination: 3, body: notice),
                ]
        )
        #expect(try member.step(at: led.at).messages.isEmpty, "once")
    }

    /// What a follower says it did not get is sent again, from its first missing slot on; what it says nothing
    /// of may stand in a queue (`R83`).
    @Test func lostAcceptsAreSentAgain() throws {
        let member = OneMember(members: [1, 2, 3])
        let led = try member.lead()
        for _ in 0..<3 { try member.step(at: led.at, appends: [member.append()]) }
        try member.hear(2, at: led.at, .accepted(Accepted(ballot: led.ballot, slots: 1...1)))
        func accepts(_ said: OneMember.Said) -> [NodeID: ClosedRange<Slot>] {
            var accepts: [NodeID: ClosedRange<Slot>] = [:]
            for message in said.immediate {
                if case .accept(let accept) = message.body {
                    accepts[message.destination] = accept.run.slots
                }
            }
            return accepts
        }
        #expect(accepts(try member.step(at: led.at + 9)) == [:])
        let asked = try member.step(at: led.at + 10)
        #expect(accepts(asked) == [:])
        #expect(asked.probes.map(\.destination) == [2, 3])
        #expect(
            asked.probes.map(\.body.subject)
                == [.accepts(led.ballot, 2...3), .accepts(led.ballot, 1...3)]
        )
        func reply(_ place: Int, _ missing: ClosedRange<Slot>?) -> Immediate {
            let id = asked.probes[place].body.id
            return .probeReply(
                ProbeReply(id: id, subject: .accepts(led.ballot, missing: missing))
            )
        }
        #expect(accepts(try member.hear(2, at: led.at + 11, reply(0, nil))) == [:])
        #expect(accepts(try member.hear(3, at: led.at + 11, reply(1, 2...2))) == [3: 2...2])
        #expect(accepts(try member.hear(3, at: led.at + 11, reply(1, 2...2))) == [:], "once")
    }

    /// A leader without room for what phase 1 found waited for room, and nobody else could lead.
    @Test func aFullLeaderThatMustProposeAgainStepsDown() throws {
        let member = OneMember(members: [1, 2, 3])
        let led = try member.lead(last: 1)
        let row = AcceptedEntry(
            slot: 1,
            ballot: Ballot(round: 0, node: 2),
            entry: OneMember.command(1)
        )
        try member.step(at: led.at) { $0.isFull = true }
        let page = PromisePage(ballot: led.ballot, from: 1, through: 1, rows: [row])
        try member.hear(2, at: led.at, .page(page))
        try member.step(at: led.at, flush: member.store.waiting)
        #expect(member.core.status.role == .leader)
        #expect(member.core.status.slotsInFlight == 0)
        for now in led.at...led.at + 40 where member.core.status.role == .leader {
            for round in UInt64(1)...20 {
                let reply = HeartbeatReply(
                    ballot: led.ballot,
                    round: round,
                    promised: led.ballot,
                    committed: .zero
                )
                try member.hear(2, at: now, .heartbeatReply(reply))
            }
        }
        #expect(member.core.status.role == .follower)
    }
}
