@testable import PaxosCore
import Testing

/// The first start of a cluster, and a member that comes back.
@Suite struct MeetingTests {
    private static let hello = Immediate.hello(Hello(asks: true, holds: nil))

    private static func hello(asks: Bool, holds node: NodeID?) -> Immediate {
        .hello(Hello(asks: asks, holds: node.map { Identities.identity(of: $0).presence }))
    }

    private static let first = Identities.identity(of: 2).process

    private static func toAll(_ body: (NodeID) -> Immediate) -> [Addressed<Immediate>] {
        [2, 3].map { Addressed(destination: $0, body: body($0)) }
    }

    /// Until the roster is on disk, and that everybody has this node in theirs, a node greets, and promises,
    /// campaigns and answers nothing (`R75`).
    @Test func theRosterComesBeforeTheFirstPromise() throws {
        let member = OneMember(members: [1, 2, 3], isMet: false)
        #expect(try member.step().immediate.map(\.body) == [Self.hello, Self.hello])
        #expect(member.core.nextDeadline == Tick(5))
        let prepare = Prepare(ballot: Ballot(round: 1, node: 2))
        let met = try member.hear(2, at: 1, Self.hello)
        #expect(
            met.immediate
                == [Addressed(destination: 2, body: Self.hello(asks: false, holds: nil))]
        )
        #expect(try member.hear(2, at: 2, .prepare(prepare)).rows == nil)
        for now in 3...200 as ClosedRange<UInt64> {
            let said = try member.step(at: now)
            #expect(said.rows == nil)
            // Only n3 is still looked for.
            #expect(said.immediate.allSatisfy { $0 == Addressed(destination: 3, body: Self.hello) })
        }
        let all = try member.hear(3, at: 201, Self.hello(asks: true, holds: 1))
        #expect(all.rows?.peers == [2, 3].map { Identities.record(of: $0, isMutual: false) })
        #expect(all.immediate.map(\.body) == [Self.hello(asks: false, holds: nil)], "not on disk")
        #expect(try member.hear(2, at: 201, .prepare(prepare)).rows == nil, "not on disk yet")
        // Now that they are held, they are told; and asked whether they hold this node.
        let complete = try member.step(at: 201, flush: member.store.waiting)
        #expect(complete.immediate == Self.toAll { Self.hello(asks: true, holds: $0) })
        for now in 202...400 as ClosedRange<UInt64> {
            let said = try member.step(at: now)
            #expect(said.rows == nil && said.statements.isEmpty)
            let asked = Self.toAll { Self.hello(asks: true, holds: $0) }
            #expect(said.immediate.isEmpty || said.immediate == asked)
        }
        #expect(try member.hear(2, at: 401, .prepare(prepare)).rows == nil, "n2 may not hold n1")
        #expect(member.core.status.promised == .zero)
        let second = try member.hear(2, at: 401, Self.hello(asks: false, holds: 1))
        #expect(second.rows?.peers == [Identities.record(of: 2)])
        let third = try member.hear(3, at: 401, Self.hello(asks: false, holds: 1))
        #expect(third.rows?.peers == [Identities.record(of: 3)])
        #expect(try member.hear(2, at: 401, .prepare(prepare)).rows == nil, "not on disk yet")
        try member.step(at: 401, flush: member.store.waiting)
        #expect(try member.hear(2, at: 402, .prepare(prepare)).rows?.promised == prepare.ballot)
        #expect(member.store.disk.peers == [2, 3].map { Identities.record(of: $0) })
    }

    /// Who was not in everybody's roster when it ended goes on meeting, with what it has on disk.
    @Test func aMeetingGoesOnAfterARestart() throws {
        let peers = [Identities.record(of: 2), Identities.record(of: 3, isMutual: false)]
        let disk = TestDisk(members: [1, 2, 3], peers: peers)
        let member = OneMember(disk: disk, members: [1, 2, 3], isMet: false)
        let greeting = Self.toAll { Self.hello(asks: true, holds: $0) }
        #expect(try member.step().immediate == greeting)
        #expect(try member.step(at: 5).immediate == [greeting[1]], "n2 holds n1 already")
        let prepare = Prepare(ballot: Ballot(round: 1, node: 2))
        #expect(try member.hear(2, at: 6, .prepare(prepare)).rows == nil)
        try member.hear(2, at: 6, Self.hello(asks: false, holds: 1))
        try member.hear(3, at: 6, Self.hello(asks: false, holds: 1))
        try member.step(at: 6, flush: member.store.waiting)
        #expect(try member.hear(2, at: 7, .prepare(prepare)).rows?.promised == prepare.ballot)
    }

    /// Who has met all tells a slow founder that it is held, as often as it asks.
    @Test func aSlowFounderIsAnswered() throws {
        let member = OneMember(members: [1, 2, 3])
        for _ in 1...2 {
            let said = try member.hear(3, Self.hello)
            #expect(
                said.immediate
                    == [Addressed(destination: 3, body: Self.hello(asks: false, holds: 3))]
            )
            #expect(said.rows == nil)
        }
    }

    /// A directory that is made anew is never told that it is held: it is refused, and says so.
    @Test func aWipedFounderIsRefusedBeforeAllHaveMet() throws {
        let peers = [2, 3].map { Identities.record(of: $0, isMutual: false) }
        let disk = TestDisk(members: [1, 2, 3], peers: peers)
        let member = OneMember(disk: disk, members: [1, 2, 3], isMet: false)
        try member.step()
        let wiped = Identities.identity(of: 2, incarnation: Incarnation(high: 0, low: 1))
        let greeting = Envelope(
            sender: wiped,
            destination: 1,
            message: .immediate(Self.hello(asks: true, holds: 1))
        )
        let said = try member.step { $0.messages = [greeting] }
        #expect(said.rows == nil)
        let refusal = Immediate.refused(Refused(reason: .otherIncarnation, holds: nil))
        #expect(said.immediate == [Addressed(destination: 2, body: refusal)])
    }

    /// A peer's next process is asked for its proof, and the one before whether it lives; then it is on disk
    /// before anything of it is answered.
    @Test func aPeersNextBootIsWrittenFirst() throws {
        let member = OneMember(members: [1, 2, 3])
        let next = Identities.identity(of: 2, boot: 2, nonce: 8)
        func envelope(_ message: Immediate) -> Envelope {
            Envelope(sender: next, destination: 1, message: .immediate(message))
        }
        let request = envelope(.statusRequest(StatusRequest(id: 1)))
        let first = try member.step { $0.messages = [request] }
        #expect(first.immediate.map(\.body) == [Self.hello(asks: true, holds: 2)])
        #expect(first.rows == nil)
        let proof = Proof(process: Identities.identity(of: 2).process, next: WriteNumber(1))
        var said = try member.step(at: 1) {
            $0.messages = [envelope(.hello(Hello(asks: false, holds: nil, proof: proof)))]
        }
        var end: UInt64 = 1
        while said.rows == nil, end < 100 {
            #expect(Set(said.messages.map(\.recipient)) == [Self.first, next.process])
            let answers = said.immediate.compactMap { message -> Envelope? in
                guard case .challenge(let challenge) = message.body else { return nil }
                return envelope(.challengeAnswer(ChallengeAnswer(id: challenge.id)))
            }
            try member.step(at: end) { $0.messages = answers }
            end += Limits().heartbeatTicks
            said = try member.step(at: end)
        }
        var record = Identities.record(of: 2, boot: 2, nonce: 8)
        record.heard = WriteNumber(1)
        #expect(said.rows?.peers == [record] && end > Limits().electionTicks)
        let status = { (said: OneMember.Said) in
            said.immediate.contains { if case .statusReply = $0.body { true } else { false } }
        }
        #expect(try !status(member.step(at: end) { $0.messages = [request] }), "not on disk yet")
        let told = try member.step(at: end, flush: member.store.waiting)
        let holds = Immediate.hello(Hello(asks: false, holds: next.presence))
        #expect(told.immediate.contains(Addressed(destination: 2, body: holds)))
        #expect(try status(member.step(at: end) { $0.messages = [request] }))
    }

    /// Who comes back says so to all, though it has met them: they learn which process it is now.
    @Test func whoComesBackSaysHello() throws {
        let disk = TestDisk(members: [1, 2, 3], peers: [2, 3].map { Identities.record(of: $0) })
        let member = OneMember(disk: disk, members: [1, 2, 3], isMet: false)
        #expect(try member.step().immediate.map(\.destination) == [2, 3])
        #expect(try member.step(at: 20).messages.isEmpty, "once")
    }

    /// What is said to an earlier process of this node, or to a copy of it, is not for this one, and is answered
    /// with who is here; what names this one, or nobody, is.
    @Test func whatIsForAnotherProcessIsNobodys() throws {
        let member = OneMember(members: [1, 2, 3])
        let own = Identities.identity(of: 1).process
        let others = [
            ProcessID(boot: Boot(0), nonce: own.nonce), ProcessID(boot: own.boot, nonce: Nonce(9)),
        ]
        let interval = Limits().heartbeatTicks
        for (place, recipient) in (others + [own, nil]).enumerated() {
            let said = try member.step(at: UInt64(place) * interval) { arrivals in
                arrivals.messages = [
                    Envelope(
                        sender: Identities.identity(of: 2),
                        destination: 1,
                        recipient: recipient,
                        message: .immediate(.statusRequest(StatusRequest(id: 1)))
                    )
                ]
            }
            let isForeign = recipient.map { others.contains($0) } ?? false
            // It is only told that another process is here now.
            let hello = Self.hello(asks: false, holds: 2)
            let told = said.immediate.map(\.body) == [hello]
            #expect(told == isForeign)
        }
        #expect(member.core.status.counters.foreign == 2)
    }

    /// Once in a heartbeat: what was on its way to that process may be many messages.
    @Test func whoSpeaksToAnEarlierProcessIsToldSeldom() throws {
        let member = OneMember(members: [1, 2, 3])
        let late = Envelope(
            sender: Identities.identity(of: 2),
            destination: 1,
            recipient: ProcessID(boot: Boot(0), nonce: Nonce(1)),
            message: .immediate(.statusRequest(StatusRequest(id: 1)))
        )
        let said = try member.step { $0.messages = Array(repeating: late, count: 100) }
        #expect(said.immediate.map(\.body) == [Self.hello(asks: false, holds: 2)])
        #expect(member.core.status.counters.foreign == 100)
    }

    /// A node that is told it does not count says so in its status.
    @Test func aRefusalIsKept() throws {
        let member = OneMember(members: [1, 2, 3])
        let said = try member.hear(3, .refused(Refused(reason: .rolledBack, holds: nil)))
        #expect(said.messages.isEmpty)
        #expect(member.core.status.refusedBy == 3)
        #expect(member.core.status.refusal == .rolledBack)
        // What others say, and a greeting, change nothing of it.
        try member.hear(2, .statusRequest(StatusRequest(id: 1)))
        try member.hear(3, Self.hello(asks: false, holds: nil))
        #expect(member.core.status.refusedBy == 3)
        // It speaks to this process: so it counts it now.
        try member.hear(3, .statusRequest(StatusRequest(id: 1)))
        #expect(member.core.status.refusedBy == nil)
    }

    /// It was shown for ever if the peer was never heard again.
    @Test func theRefusalOfAPeerThatIsGoneIsShownFor5Seconds() throws {
        let member = OneMember(members: [1, 2, 3])
        try member.hear(3, at: 1, .refused(Refused(reason: .rolledBack)))
        try member.step(at: 1 + Disagreements.shown)
        #expect(member.core.status.refusedBy == 3)
        #expect(member.core.nextDeadline <= Tick(2 + Disagreements.shown))
        try member.step(at: 2 + Disagreements.shown)
        #expect(member.core.status.refusedBy == nil)
        #expect(member.core.status.refusal == nil)
    }
}
