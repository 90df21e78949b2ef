@testable import PaxosCore
import Testing

/// A leader that hands over to a member of somebody's choice.
@Suite struct TransferTests {
    private typealias Led = (ballot: Ballot, at: UInt64)

    private static func farewells(_ said: OneMember.Said) -> [Addressed<Farewell>] {
        said.immediate.compactMap { message in
            guard case .farewell(let farewell) = message.body else { return nil }
            return Addressed(destination: message.destination, body: farewell)
        }
    }

    private static func rounds(_ said: OneMember.Said, to node: NodeID) -> [UInt64] {
        said.immediate.compactMap { message in
            guard case .heartbeat(let heartbeat) = message.body, message.destination == node
            else { return nil }
            return heartbeat.round
        }
    }

    private static func requests(_ said: OneMember.Said) -> [Addressed<TransferRequest>] {
        said.immediate.compactMap { message in
            guard case .transferRequest(let request) = message.body else { return nil }
            return Addressed(destination: message.destination, body: request)
        }
    }

    private static func reply(
        _ led: Led,
        _ round: UInt64,
        committed: Slot,
        priority: LeadershipPriority = .normal
    ) -> Immediate {
        .heartbeatReply(
            HeartbeatReply(
                ballot: led.ballot,
                round: round,
                promised: led.ballot,
                committed: committed,
                priority: priority
            )
        )
    }

    /// A leader of three whom both others follow, with one slot committed.
    private static func leader(priority: LeadershipPriority = .normal) throws -> (OneMember, Led) {
        let member = OneMember(members: [1, 2, 3], priority: priority)
        let led = try member.lead()
        try member.step(at: led.at, appends: [member.append()])
        try member.step(at: led.at, flush: member.store.waiting)
        try member.hear(2, at: led.at, .accepted(Accepted(ballot: led.ballot, slots: 1...1)))
        try member.hear(2, at: led.at, reply(led, 1, committed: 1))
        try member.hear(3, at: led.at, reply(led, 1, committed: 0))
        #expect(member.core.status.committed == 1)
        return (member, led)
    }

    /// It asks the member, takes nothing new until that has answered that it has everything, and names it then.
    @Test func itHandsOverToWhoHasEverything() throws {
        let (member, led) = try Self.leader()
        let said = try member.step(at: led.at) { $0.transfers = [member.transfer(to: 3)] }
        var asked = Self.rounds(said, to: 3)
        if asked.isEmpty { asked = Self.rounds(try member.step(at: led.at + 1), to: 3) }
        let round = try #require(asked.last)
        // What waits here waits for whoever leads next.
        let waits = try member.step(at: led.at + 1, appends: [member.append()])
        #expect(waits.taken == 0 && member.core.appetite == .none)
        // An answer to an earlier heartbeat, or without the last slot, is not enough.
        try member.hear(3, at: led.at + 1, Self.reply(led, round - 1, committed: 1))
        #expect(try Self.farewells(member.step(at: led.at + 1)).isEmpty)
        let lacks = try member.hear(3, at: led.at + 1, Self.reply(led, round, committed: 0))
        #expect(Self.farewells(lacks).isEmpty)
        let given = try member.hear(3, at: led.at + 1, Self.reply(led, round, committed: 1))
        let farewell = Farewell(ballot: led.ballot, successor: 3)
        #expect(
            Self.farewells(given) == [2, 3].map { Addressed(destination: $0, body: farewell) }
        )
        #expect(given.facts.contains(.lostLeadership(led.ballot, .transferred)))
        #expect(given.outcomes.isEmpty)
        // The caller learns it from the new leader, and the append goes there.
        let next = Ballot(round: led.ballot.round + 1, node: 3)
        let heartbeat = Heartbeat(ballot: next, round: 1, committed: 1)
        let heard = try member.hear(3, at: led.at + 2, .heartbeat(heartbeat))
        #expect(heard.outcomes == [.leads(next)])
        #expect(heard.taken == 1)
    }

    /// What is proposed is committed first.
    @Test func whatIsInFlightIsCommittedFirst() throws {
        let (member, led) = try Self.leader()
        try member.step(at: led.at, appends: [member.append()])
        try member.step(at: led.at, flush: member.store.waiting)
        try member.step(at: led.at) { $0.transfers = [member.transfer(to: 2)] }
        for round in 1...9 as ClosedRange<UInt64> {
            let said = try member.hear(2, at: led.at + 1, Self.reply(led, round, committed: 1))
            #expect(Self.farewells(said).isEmpty)
        }
        let accepted = Accepted(ballot: led.ballot, slots: 2...2)
        try member.hear(2, at: led.at + 1, .accepted(accepted))
        #expect(member.core.status.role == .leader)
        let asked = try member.step(at: led.at + 2)
        let round = try #require(Self.rounds(asked, to: 2).last)
        let given = try member.hear(2, at: led.at + 2, Self.reply(led, round, committed: 2))
        #expect(Self.farewells(given).first?.body.successor == 2)
    }

    /// A member that does not answer does not lead: the leader goes on, and whoever waits is told when the time is up.
    @Test func aMemberThatDoesNotAnswerDoesNotLead() throws {
        let (member, led) = try Self.leader()
        let call = member.transfer(to: 3, deadline: Tick(led.at + 200))
        try member.step(at: led.at) { $0.transfers = [call] }
        let append = member.append()
        try member.step(at: led.at + 1, appends: [append])
        var taken = 0
        var outcomes: [Reply.Outcome] = []
        for now in led.at + 2...led.at + 200 {
            let said = try member.step(at: now, flush: member.store.waiting)
            taken += said.taken
            outcomes += said.outcomes
            #expect(Self.farewells(said).isEmpty)
            for round in Self.rounds(said, to: 2) {
                try member.hear(2, at: now, Self.reply(led, round, committed: 1))
            }
        }
        #expect(taken == 1)
        #expect(member.core.status.role == .leader)
        #expect(outcomes == [.never(.timedOut)])
    }

    /// Who does not lead asks the leader, each heartbeat, and passes on what others ask.
    @Test func aFollowerAsksTheLeader() throws {
        let member = OneMember(members: [1, 2, 3])
        let ballot = Ballot(round: 4, node: 3)
        func heartbeat(_ round: UInt64) -> Immediate {
            .heartbeat(Heartbeat(ballot: ballot, round: round, committed: 0))
        }
        try member.hear(3, heartbeat(1))
        let request = TransferRequest(target: 2, hops: 0)
        let asked = [Addressed(destination: NodeID(3), body: request)]
        let said = try member.step { $0.transfers = [member.transfer(to: 2)] }
        #expect(Self.requests(said) == asked)
        #expect(Self.requests(try member.hear(3, at: 4, heartbeat(2))).isEmpty)
        #expect(Self.requests(try member.hear(3, at: 5, heartbeat(3))) == asked)
        let passed = try member.hear(2, at: 5, .transferRequest(request))
        #expect(Self.requests(passed).map(\.body) == [TransferRequest(target: 2, hops: 1)])
        let next = Ballot(round: 5, node: 2)
        let heard = try member.hear(
            2,
            at: 6,
            .heartbeat(Heartbeat(ballot: next, round: 1, committed: 0))
        )
        #expect(heard.outcomes == [.leads(next)])
        // Who leads already is not asked.
        let known = try member.step(at: 6) { $0.transfers = [member.transfer(to: 2)] }
        #expect(known.outcomes == [.leads(next)] && Self.requests(known).isEmpty)
        let stranger = try member.step(at: 6) { $0.transfers = [member.transfer(to: 9)] }
        #expect(stranger.outcomes == [.never(.noSuchMember)])
        let impossible = member.core.counters.impossible
        try member.hear(2, at: 6, .transferRequest(TransferRequest(target: 9, hops: 0)))
        #expect(member.core.counters.impossible == impossible + 1)
    }

    /// A leader that leads alone is whom it is asked for.
    @Test func whoIsAloneLeads() throws {
        let member = OneMember()
        let said = try member.step { $0.transfers = [member.transfer(to: 1)] }
        let outcomes = said.outcomes + (try member.drain().outcomes)
        #expect(outcomes == [.leads(Ballot(round: 1, node: 1))])
    }

    /// An orderly end is a transfer to whoever is best able to lead, and then a farewell.
    @Test func anOrderlyEndHandsOver() throws {
        let (member, led) = try Self.leader()
        var said = try member.step(at: led.at) { $0.closeBy = Tick(led.at + 500) }
        #expect(Self.farewells(said).isEmpty && !said.isClosed)
        said = try member.step(at: led.at + 1)
        let round = try #require(Self.rounds(said, to: 2).last)
        said = try member.hear(2, at: led.at + 1, Self.reply(led, round, committed: 1))
        #expect(Self.farewells(said).first?.body.successor == 2)
        #expect(try member.drain().isClosed)
    }

    /// Nobody comes so far: it ends all the same, and names nobody.
    @Test func anOrderlyEndWaitsForNobodyForLong() throws {
        let (member, led) = try Self.leader()
        try member.step(at: led.at) { $0.closeBy = Tick(led.at + 500) }
        var farewells: [Farewell] = []
        var end = led.at
        while farewells.isEmpty, end < led.at + 100 {
            end += 1
            let said = try member.step(at: end)
            farewells = Self.farewells(said).map(\.body)
            for node in [2, 3] as [NodeID] {
                for round in Self.rounds(said, to: node) {
                    let answer = Self.reply(led, round, committed: 0)
                    let heard = try member.hear(node, at: end, answer)
                    farewells += Self.farewells(heard).map(\.body)
                }
            }
        }
        #expect(farewells.first == Farewell(ballot: led.ballot))
        #expect(end <= led.at + 62, "two election timeouts")
        #expect(try member.drain().isClosed)
    }

    /// Time is what tells who is preferred: a leader that is not hands over once it has led for long enough.
    @Test(arguments: [
        (LeadershipPriority.normal, LeadershipPriority.prefer, true), (.avoid, .normal, true),
        (.normal, .normal, false), (.prefer, .prefer, false), (.normal, .avoid, false),
    ])
    func whoIsPreferredLeads(
        own: LeadershipPriority,
        other: LeadershipPriority,
        handsOver: Bool
    ) throws {
        let (member, led) = try Self.leader(priority: own)
        var successors: [NodeID?] = []
        for now in led.at...led.at + 400 {
            let said = try member.step(at: now, flush: member.store.waiting)
            for round in Self.rounds(said, to: 2) {
                let answer = Self.reply(led, round, committed: 1, priority: other)
                let heard = try member.hear(2, at: now, answer)
                successors += Self.farewells(heard).map(\.body.successor)
            }
            if !successors.isEmpty {
                #expect(now >= led.at + 300, "ten election timeouts")
                break
            }
        }
        #expect(successors.first == (handsOver ? .some(2) : nil))
    }

    /// Who is preferred looks for a leader first, and who is to be avoided last; no other draw changes.
    @Test func whoIsPreferredLooksFirst() {
        func deadlines(_ priority: LeadershipPriority) -> [UInt64] {
            (1...50).map { seed in
                Election(members: 3, timeout: 30, seed: seed, priority: priority)
                    .deadline.rawValue
            }
        }
        #expect(deadlines(.prefer).allSatisfy { (30...37).contains($0) })
        #expect(deadlines(.normal).allSatisfy { (30...59).contains($0) })
        #expect(deadlines(.avoid).allSatisfy { (60...89).contains($0) })
        #expect(Set(deadlines(.avoid)).count > 10)
    }
}
