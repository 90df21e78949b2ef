@testable import PaxosCore
import Testing

/// Appends on their way to the leader.
@Suite struct ForwardingTests {
    private static let ballot = Ballot(round: 4, node: 3)

    private static func heartbeat(_ ballot: Ballot = ballot, _ committed: Slot = 0) -> Immediate {
        .heartbeat(Heartbeat(ballot: ballot, round: 1, committed: committed))
    }

    private static func token(_ node: NodeID, _ sequence: UInt64) -> Token {
        Token(node: node, boot: Boot(1), sequence: sequence)
    }

    private static func forward(_ node: NodeID, _ sequence: UInt64, hops: UInt8 = 0) -> Forward {
        Forward(token: token(node, sequence), payloads: .one([9]), hops: hops)
    }

    private static func forwards(_ said: OneMember.Said) -> [Addressed<Forward>] {
        said.immediate.compactMap { message in
            guard case .forward(let forward) = message.body else { return nil }
            return Addressed(destination: message.destination, body: forward)
        }
    }

    private static func proposed(_ said: OneMember.Said) -> [Token] {
        (said.rows?.accepted ?? []).flatMap(\.run.entries).compactMap { entry in
            guard case .command(let command) = entry else { return nil }
            return command.token
        }
    }

    /// Who leads while it is full proposes what it once forwarded when there is room again.
    @Test func aFullLeaderKeepsItsOwn() throws {
        let member = OneMember(members: [1, 2, 3])
        try member.hear(3, Self.heartbeat())
        let said = try member.step(appends: [member.append()])
        #expect(Self.forwards(said).count == 1)
        try member.step { $0.isFull = true }
        let led = try member.lead(from: 100)
        #expect(member.core.status.role == .leader)
        for now in 1...3 as ClosedRange<UInt64> {
            #expect(Self.proposed(try member.step(at: led.at + now)).isEmpty)
        }
        let room = try member.step(at: led.at + 4) { $0.isFull = false }
        let later = try member.step(at: led.at + 5)
        #expect(Self.proposed(room) + Self.proposed(later) == [Self.token(1, 1)])
    }

    /// With no leader the inbox waits, and a caller that gives up is told never; with one it leaves, named.
    @Test func theInboxWaitsForALeader() throws {
        let member = OneMember(members: [1, 2, 3])
        let gone = member.append()
        let waiting = try member.step(appends: [member.append(), gone])
        #expect(waiting.messages.isEmpty)
        #expect(waiting.taken == 0 && member.waiting == 2)
        let left = try member.step { $0.cancellations = [gone.waiter] }
        #expect(left.outcomes == [.never(.cancelled)])
        #expect(member.waiting == 1)
        let said = try member.hear(3, Self.heartbeat())
        #expect(
            Self.forwards(said)
                == [
                    Addressed(
                        destination: 3,
                        body: Forward(token: Self.token(1, 1), payloads: .one([1]), hops: 0)
                    )
                ]
        )
        #expect(said.taken == 1 && member.waiting == 0)
    }

    /// The token stays the same whenever and to whomever it is sent: again when the leader says that it did
    /// not get it, however late, and at once when another leader is heard (`R27`, `R83`).
    @Test func theTokenIsKept() throws {
        let member = OneMember(members: [1, 2, 3])
        try member.hear(3, Self.heartbeat())
        let first = Self.forwards(try member.step(appends: [member.append()]))
        #expect(first.map(\.body.token) == [Self.token(1, 1)])
        // The first look at the leadership sends what is undecided once more.
        try member.hear(3, at: 1, Self.heartbeat())
        #expect(Self.forwards(try member.hear(3, at: 20, Self.heartbeat())).isEmpty)
        let asked = try member.hear(3, at: 35, Self.heartbeat())
        #expect(Self.forwards(asked).isEmpty, "it may stand in a queue")
        let probe = try #require(asked.probes.first)
        #expect(probe.destination == 3)
        #expect(probe.body.subject == .forwards(Self.token(1, 1), count: 1))
        func reply(_ missing: [ClosedRange<UInt64>]) -> Immediate {
            .probeReply(ProbeReply(id: probe.body.id, subject: .forwards(missing: missing)))
        }
        #expect(Self.forwards(try member.hear(3, at: 36, reply([]))).isEmpty)
        #expect(Self.forwards(try member.hear(3, at: 36, reply([1...1]))) == first)
        #expect(Self.forwards(try member.hear(3, at: 36, reply([1...1]))).isEmpty, "once")
        let later = Ballot(round: 5, node: 2)
        let moved = Self.forwards(try member.hear(2, at: 36, Self.heartbeat(later)))
        #expect(moved.map(\.destination) == [2])
        #expect(moved.map(\.body) == first.map(\.body))
    }

    /// A leader names what it has neither proposed nor found nor queued.
    @Test func aLeaderSaysWhatItDidNotGet() throws {
        let member = OneMember(members: [1, 2, 3])
        let led = try member.lead()
        try member.hear(2, at: led.at, .forward(Self.forward(2, 2)))
        let probe = Probe(id: 7, subject: .forwards(Self.token(2, 1), count: 4))
        let said = try member.hear(2, at: led.at, .probe(probe))
        let reply = ProbeReply(id: 7, subject: .forwards(missing: [1...1, 3...4]))
        #expect(said.immediate.contains(Addressed(destination: 2, body: .probeReply(reply))))
    }

    /// What arrives again and again is proposed once, whether in flight, committed or found in phase 1.
    @Test func aForwardedAppendIsProposedOnce() throws {
        let member = OneMember(members: [1, 2, 3])
        let led = try member.lead()
        let twice = try member.hear(
            2,
            at: led.at,
            .forward(Self.forward(2, 1)),
            .forward(Self.forward(2, 1)),
            .forward(Self.forward(2, 2))
        )
        #expect(Self.proposed(twice) == [Self.token(2, 1), Self.token(2, 2)])
        #expect(Self.proposed(try member.hear(3, at: led.at, .forward(Self.forward(2, 1)))).isEmpty)
        let accepted = Accepted(ballot: led.ballot, slots: 1...2)
        try member.hear(2, at: led.at, .accepted(accepted))
        let done = try member.step(at: led.at, flush: member.store.waiting)
        #expect(done.delivered == [1, 2])
        #expect(Self.proposed(try member.hear(2, at: led.at, .forward(Self.forward(2, 2)))).isEmpty)
    }

    /// A new leader has the append in what phase 1 found, and its origin sends it again.
    @Test func whatPhaseOneFoundIsNotProposedTwice() throws {
        let entry = Entry.command(Command(token: Self.token(2, 1), payload: [9]))
        let member = OneMember(
            disk: OneMember.disk([entry], committed: 0),
            members: [1, 2, 3]
        )
        let led = try member.lead()
        #expect(member.core.status.role == .leader)
        #expect(member.core.status.last == 1)
        let said = try member.hear(2, at: led.at, .forward(Self.forward(2, 1)))
        #expect(Self.proposed(said).isEmpty)
    }

    /// One node may pass an append on, unchanged but for the hop; nobody passes it twice, back, or with
    /// nowhere to send it.
    @Test func oneNodePassesItOn() throws {
        let member = OneMember(members: [1, 2, 3])
        #expect(try member.hear(2, .forward(Self.forward(2, 1))).messages.isEmpty)
        try member.hear(3, Self.heartbeat())
        let passed = Self.forwards(try member.hear(2, .forward(Self.forward(2, 1))))
        #expect(passed == [Addressed(destination: 3, body: Self.forward(2, 1, hops: 1))])
        #expect(Self.forwards(try member.hear(2, .forward(Self.forward(2, 1, hops: 1)))).isEmpty)
        #expect(Self.forwards(try member.hear(3, .forward(Self.forward(3, 1)))).isEmpty)
    }

    /// A node with no link to the leader goes through one that hears it.
    @Test func theRelayIsUsed() throws {
        let member = OneMember(members: [1, 2, 3])
        let round = try member.awaitStatusRound()
        try member.step(at: round.at, appends: [member.append()])
        let status = StatusReply(
            id: round.id,
            leader: Self.ballot,
            promised: Self.ballot,
            committed: .zero
        )
        let said = try member.hear(2, at: round.at, .statusReply(status))
        #expect(Self.forwards(said).map(\.destination) == [2])
        #expect(member.core.status.role == .follower)
    }

    /// A follower's caller is answered when its own node delivers the slot (`R69`).
    @Test func theCallerIsAnsweredByItsOwnLog() throws {
        let member = OneMember(members: [1, 2, 3])
        try member.hear(3, Self.heartbeat())
        try member.step(appends: [member.append()])
        let entry = Entry.command(Command(token: Self.token(1, 1), payload: [1]))
        let accept = Accept(
            ballot: Self.ballot,
            run: EntryRun(first: 1, entries: [entry]),
            committed: .zero
        )
        try member.hear(3, .accept(accept))
        #expect(try member.step(flush: 1).replies.isEmpty)
        #expect(
            try member.hear(3, Self.heartbeat(Self.ballot, 1)).outcomes
                == [.committed(first: 1, count: 1)]
        )
    }

    /// A follower that becomes leader proposes what it had forwarded, under the same token, once.
    @Test func whatWasForwardedIsProposedByANewLeader() throws {
        let member = OneMember(members: [1, 2, 3])
        try member.hear(3, Self.heartbeat())
        try member.step(appends: [member.append()])
        let led = try member.lead(from: 1)
        #expect(member.core.status.role == .leader)
        for now in led.at...led.at + 29 { try member.step(at: now, flush: member.store.waiting) }
        #expect(member.core.status.last == 1)
        guard case .command(let command)? = member.store.disk[1]?.entry else {
            Issue.record("nothing was proposed")
            return
        }
        #expect(command.token == Self.token(1, 1))
        // Story: they left the bytes of what waits for a slot without having been counted among them.
        let bytes = member.core.proposals.forwarded.bytes
        #expect(bytes == 0)
    }

    /// Payloads that fit no pipeline are impossible.
    @Test func aForwardBeyondTheLimitsIsRefused() throws {
        var limits = Limits()
        limits.pipelineSlots = 4
        let member = OneMember(members: [1, 2, 3], limits: limits)
        let led = try member.lead()
        let batch = Forward(
            token: Self.token(2, 1),
            payloads: .batch([[1], [2], [3]]),
            hops: 0
        )
        #expect(Self.proposed(try member.hear(2, at: led.at, .forward(batch))).isEmpty)
        #expect(member.core.status.counters.impossible == 1)
    }
}
