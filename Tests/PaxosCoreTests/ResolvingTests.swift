@testable import PaxosCore
import Testing

/// What became of a token: what a node says of it, and how it comes to be known (`R26`, `R94`).
@Suite struct ResolvingTests {
    private static let ballot = Ballot(round: 4, node: 3)

    private static func token(
        _ node: NodeID,
        _ sequence: UInt64,
        boot: UInt64 = 1
    ) -> Token {
        Token(node: node, boot: Boot(boot), sequence: sequence)
    }

    private static func settles(_ said: OneMember.Said) -> [Addressed<Settle>] {
        said.immediate.compactMap { message in
            guard case .settle(let settle) = message.body else { return nil }
            return Addressed(destination: message.destination, body: settle)
        }
    }

    private static func voided(_ said: OneMember.Said) -> [Token] {
        (said.rows?.accepted ?? []).flatMap(\.run.entries).compactMap { entry in
            if case .void(let token) = entry { token } else { nil }
        }
    }

    private static func heartbeat(_ ballot: Ballot = ballot, _ committed: Slot = 0) -> Immediate {
        .heartbeat(Heartbeat(ballot: ballot, round: 1, committed: committed))
    }

    /// Three ways a node of one answers at once, by nothing but its log.
    @Test func theLogTells() throws {
        let member = OneMember(
            disk: OneMember.disk([OneMember.command(1), .void(Self.token(1, 2))], committed: 2)
        )
        // Before the rows are read nobody knows; a question waits for that.
        let early = try member.step { $0.resolves = [member.resolve(Self.token(1, 1))] }
        #expect(early.outcomes.isEmpty)
        #expect(try member.drain().outcomes == [.resolved(.effective)])
        let said = try member.step { arrivals in
            arrivals.resolves = (1...3).map { member.resolve(Self.token(1, $0)) }
        }
        #expect(said.outcomes == [.resolved(.effective), .resolved(.never), .resolved(.open)])
        // The first entry of this boot comes before anything that may still be of the last one.
        try member.step(appends: [member.append()])
        try member.drain()
        let later = try member.step { $0.resolves = [member.resolve(Self.token(1, 3))] }
        #expect(later.outcomes == [.resolved(.never)])
    }

    /// `never` is the log's word: not before the void entry is committed, whoever leads.
    @Test func aSettlingEndsWithTheCommit() throws {
        let member = OneMember(members: [1, 2, 3])
        let led = try member.lead()
        let token = Self.token(2, 9)
        let said = try member.step(at: led.at) {
            $0.resolves = [member.resolve(token, settles: true)]
        }
        #expect(Self.voided(said) == [token])
        #expect(said.outcomes.isEmpty)
        #expect(try member.step(at: led.at, flush: member.store.waiting).outcomes.isEmpty)
        let accepted = Accepted(ballot: led.ballot, slots: 1...1)
        let told = try member.hear(2, at: led.at, .accepted(accepted))
        #expect(told.outcomes == [.resolved(.never)])
    }

    /// What is on its way is not voided: it decides by itself.
    @Test func whatIsProposedIsNotVoided() throws {
        let member = OneMember(members: [1, 2, 3])
        let led = try member.lead()
        try member.step(at: led.at, appends: [member.append()])
        let said = try member.step(at: led.at) { arrivals in
            arrivals.resolves = [member.resolve(Self.token(1, 1), settles: true)]
        }
        #expect(Self.voided(said).isEmpty && said.outcomes.isEmpty)
        try member.step(at: led.at, flush: member.store.waiting)
        let accepted = Accepted(ballot: led.ballot, slots: 1...1)
        let told = try member.hear(2, at: led.at, .accepted(accepted))
        #expect(Set(told.outcomes) == [.committed(first: 1, count: 1), .resolved(.effective)])
    }

    /// A follower asks the leader, again after an election timeout, and another leader at once.
    @Test func aFollowerAsksUntilItKnows() throws {
        let member = OneMember(members: [1, 2, 3])
        try member.hear(3, Self.heartbeat())
        let token = Self.token(2, 9)
        let said = try member.step { $0.resolves = [member.resolve(token, settles: true)] }
        #expect(Self.settles(said).map(\.destination) == [3])
        #expect(Self.settles(said).map(\.body) == [Settle(token: token, hops: 0)])
        let timeout = Limits().electionTicks
        #expect(Self.settles(try member.hear(3, at: timeout - 1, Self.heartbeat())).isEmpty)
        #expect(Self.settles(try member.hear(3, at: timeout, Self.heartbeat())).count == 1)
        let next = Ballot(round: 5, node: 2)
        let other = try member.hear(2, at: timeout + 1, Self.heartbeat(next))
        #expect(Self.settles(other).map(\.destination) == [2])
        let run = EntryRun(first: 1, entries: [.void(token)])
        try member.hear(2, at: timeout + 1, .accept(Accept(ballot: next, run: run, committed: 0)))
        try member.step(at: timeout + 1, flush: member.store.waiting)
        let told = try member.hear(
            2,
            at: timeout + 1,
            .commit(CommitNotice(ballot: next, committed: 1))
        )
        #expect(told.outcomes == [.resolved(.never)])
        #expect(Self.settles(try member.hear(2, at: 3 * timeout, Self.heartbeat(next, 1))).isEmpty)
    }

    /// A member passes on what another wants settled, once.
    @Test func itIsPassedOnOnce() throws {
        let member = OneMember(members: [1, 2, 3])
        try member.hear(3, Self.heartbeat())
        let said = try member.hear(2, .settle(Settle(token: Self.token(2, 9), hops: 0)))
        #expect(Self.settles(said).map(\.body) == [Settle(token: Self.token(2, 9), hops: 1)])
        #expect(Self.settles(said).map(\.destination) == [3])
        let again = try member.hear(2, .settle(Settle(token: Self.token(2, 9), hops: 1)))
        #expect(Self.settles(again).isEmpty)
    }

    /// A void entry takes a session, or ends one: nobody has one written for a stranger or a boot that nobody has
    /// met, nor for an append that the leader has yet to make (`R80`).
    @Test func anInventedTokenIsNotVoided() throws {
        let member = OneMember(members: [1, 2, 3])
        let led = try member.lead()
        try member.step(at: led.at, appends: [member.append()])
        let strange = [
            Self.token(9, 1), Self.token(2, 1, boot: 2), Self.token(3, 1, boot: .max),
            Self.token(1, 2), Self.token(1, 1, boot: 2),
        ]
        for token in strange {
            let said = try member.hear(2, at: led.at, .settle(Settle(token: token, hops: 0)))
            #expect(said.rows == nil, "\(token)")
        }
        #expect(member.core.status.counters.impossible == 1)
        // Leading took longer than these wait.
        let said = try member.step(at: led.at) { arrivals in
            arrivals.resolves = strange.map { member.resolve($0, settles: true, deadline: Tick(9)) }
        }
        // It may have been met by others: the caller waits until its time is up.
        let unknown: [Reply.Outcome] = [.never(.noSuchToken), .never(.timedOut), .never(.timedOut)]
        #expect(Set(said.outcomes) == Set(unknown))
        #expect(said.outcomes.filter { $0 == .never(.noSuchToken) }.count == 3)
        #expect(Self.voided(said).isEmpty)
        try member.hear(2, at: led.at, .settle(Settle(token: Self.token(2, 1), hops: 0)))
        #expect(member.core.status.last == 2)
    }

    /// Whoever still waits for an append that is voided is told so, with the step that delivers the void entry.
    @Test func aVoidedAppendIsNever() throws {
        let member = OneMember(members: [1, 2, 3])
        try member.hear(3, Self.heartbeat())
        try member.step(appends: [member.append(), member.append()])
        let run = EntryRun(first: 1, entries: [.void(Self.token(1, 1))])
        try member.hear(3, .accept(Accept(ballot: Self.ballot, run: run, committed: 0)))
        try member.step(flush: member.store.waiting)
        let told = try member.hear(3, .commit(CommitNotice(ballot: Self.ballot, committed: 1)))
        #expect(told.outcomes == [.never(.voided)])
        // It is not sent again.
        let next = Ballot(round: 5, node: 2)
        let said = try member.hear(2, Self.heartbeat(next, 1))
        let sent = said.immediate.compactMap { message in
            if case .forward(let forward) = message.body { forward.token } else { nil }
        }
        #expect(sent == [Self.token(1, 2)])
    }

    @Test func aQuestionEndsWithItsTimeItsCallerOrTheNode() throws {
        let member = OneMember(members: [1, 2, 3])
        let requests = (1...3).map { sequence in
            member.resolve(
                Self.token(2, sequence),
                settles: true,
                deadline: sequence == 1 ? Tick(5) : .never
            )
        }
        #expect(try member.step { $0.resolves = requests }.outcomes.isEmpty)
        #expect(try member.step(at: 5).outcomes == [.never(.timedOut)])
        let cancelled = try member.step(at: 6) { $0.cancellations = [requests[1].waiter] }
        #expect(cancelled.outcomes == [.never(.cancelled)])
        let closed = try member.step(at: 7) { $0.closeBy = Tick(7) }
        #expect(closed.outcomes == [.never(.closed)])
    }
}
