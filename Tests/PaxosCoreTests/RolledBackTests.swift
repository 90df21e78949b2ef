@testable import PaxosCore
import Testing

/// A node that learns that its directory is an old copy.
@Suite struct RolledBackTests {
    private static func word(
        of sender: NodeIdentity = Identities.identity(of: 2),
        heard: UInt64,
        boot: UInt64 = 1,
        tag: UInt64? = nil
    ) -> Envelope {
        let process = ProcessID(boot: Boot(boot), nonce: Nonce(1))
        let claim = Identities.claim(of: 2, process, heard: heard)
        return Envelope(
            sender: sender,
            destination: 1,
            recipient: process,
            claim: (claim.heard, tag ?? claim.tag),
            message: .immediate(.statusRequest(StatusRequest(id: 1)))
        )
    }

    @Test func itFallsSilentForGood() throws {
        let member = OneMember(members: [1, 2, 3])
        let sound = try member.step { $0.messages = [Self.word(heard: 1)] }
        #expect(sound.messages.count == 1 && member.core.rolledBack == nil)
        let append = member.append()
        let said = try member.step(appends: [append]) { $0.messages = [Self.word(heard: 2)] }
        let found = RolledBack(witness: 2, cause: .laterWrite)
        #expect(said.messages.isEmpty && said.rows?.rolledBack == found)
        #expect(said.outcomes == [.never(.rolledBack)])
        #expect(member.core.status.rolledBack == found)
        for now in 1...300 as ClosedRange<UInt64> {
            let said = try member.step(at: now, flush: member.store.waiting) { arrivals in
                arrivals.messages = [self.prepare]
            }
            #expect(said.messages.isEmpty && said.rows == nil)
        }
        #expect(member.core.nextDeadline == .never)
        #expect("\(found)".contains("old copy"))
    }

    private var prepare: Envelope {
        Envelope(
            sender: Identities.identity(of: 2),
            destination: 1,
            message: .statement(.prepare(Prepare(ballot: Ballot(round: 1, node: 2))))
        )
    }

    /// Who does not count here, and has not shown why it should, may itself be a copy that has met a copy of this
    /// directory: its word silences the process that hears it, and is not written down.
    @Test func theWordOfAnUnprovenProcessDoesNotLast() throws {
        let member = OneMember(members: [1, 2, 3])
        let newcomer = Identities.identity(of: 2, boot: 5, nonce: 6)
        let said = try member.step { $0.messages = [Self.word(of: newcomer, heard: 2)] }
        #expect(said.messages.isEmpty && said.rows == nil)
        #expect(member.core.rolledBack == RolledBack(witness: 2, cause: .laterWrite))
        let silent = try member.step(at: 1) { $0.messages = [self.prepare] }
        #expect(silent.messages.isEmpty && silent.rows == nil)
    }

    /// One that holds all that was heard of its predecessor counts after it, and is believed at once.
    @Test func theWordOfAProvenProcessLasts() throws {
        let newcomer = Identities.identity(of: 2, boot: 5, nonce: 6)
        let own = Identities.identity(of: 1)
        for (next, lasts) in [(1, false), (60, false), (2, true)] as [(UInt64, Bool)] {
            var met = [2, 3].map { Identities.record(of: $0) }
            met[0].heard = WriteNumber(1)
            let member = OneMember(members: [1, 2, 3])
            member.core = NodeCore(
                recovered: Identities.recovered(of: [1, 2, 3], met: met),
                limits: Limits(),
                seed: 1
            )
            let proof = Proof(
                process: Identities.identity(of: 2).process,
                next: WriteNumber(next)
            )
            let word = Envelope(
                sender: newcomer,
                destination: 1,
                written: WriteNumber(50),
                claim: Identities.claim(of: 2, own.process, heard: 9),
                message: .immediate(
                    .hello(Hello(asks: false, holds: own.presence, proof: proof))
                )
            )
            let said = try member.step { $0.messages = [word] }
            #expect(said.messages.isEmpty && member.core.rolledBack != nil)
            #expect((said.rows?.rolledBack != nil) == lasts)
        }
    }

    /// A directory that has met nobody yet takes those at their word that it meets first.
    @Test func theFirstWordLasts() throws {
        let member = OneMember(members: [1, 2, 3], isMet: false)
        let own = member.core.identity
        let other = ProcessID(boot: own.boot, nonce: Nonce(own.nonce.rawValue &+ 1))
        let refused = Envelope(
            sender: Identities.identity(of: 2),
            destination: 1,
            recipient: own.process,
            claim: Identities.claim(of: 2, other),
            message: .immediate(
                .refused(
                    Refused(
                        reason: .twin,
                        holds: Presence(incarnation: own.incarnation, process: other)
                    )
                )
            )
        )
        let said = try member.step { $0.messages = [refused] }
        #expect(said.rows?.rolledBack == RolledBack(witness: 2, cause: .otherProcess))
    }

    /// What was delivered before goes to disk with the latch: the watermark, and what was without effect below it.
    @Test func whatWasDeliveredIsWrittenWithTheLatch() throws {
        let member = OneMember(members: [1, 2, 3])
        let ballot = Ballot(round: 1, node: 2)
        let command = Entry.command(
            Command(token: Token(node: 2, boot: Boot(1), sequence: 1), payload: [1])
        )
        let run = EntryRun(first: 1, entries: [command, command])
        try member.hear(2, .accept(Accept(ballot: ballot, run: run, committed: .zero)))
        try member.step(flush: 1)
        let told = try member.hear(2, .commit(CommitNotice(ballot: ballot, committed: 2)))
        #expect(told.delivered == [1] && told.ineffective == [2] && told.rows == nil)
        let said = try member.step { $0.messages = [Self.word(heard: 1 << 40)] }
        #expect(said.rows?.rolledBack != nil)
        #expect(said.rows?.committed == 2 && said.rows?.ineffective == [2])
    }

    /// What it did not say itself cannot put a node out, and is counted; what names another process of the node is
    /// not for this one.
    @Test func anInventedClaimIsDropped() throws {
        let member = OneMember(members: [1, 2, 3])
        for envelope in [Self.word(heard: 1 << 60, tag: 7), Self.word(heard: 5, boot: 9, tag: 1)] {
            try member.step { $0.messages = [envelope] }
        }
        let other = Presence(
            incarnation: Incarnation(high: 0, low: 1),
            process: Identities.identity(of: 1).process
        )
        let hello = Envelope(
            sender: Identities.identity(of: 2),
            destination: 1,
            claim: (WriteNumber(5), 7),
            message: .immediate(.hello(Hello(asks: false, holds: other)))
        )
        try member.step { $0.messages = [hello] }
        #expect(member.core.rolledBack == nil)
        #expect(member.core.status.counters.invented == 1)
        #expect(member.core.status.counters.total == 2, "and one is foreign")
        #expect(try member.step { $0.messages = [Self.word(heard: 1, boot: 9)] }.messages.isEmpty)
        #expect(member.core.rolledBack == RolledBack(witness: 2, cause: .laterBoot))
    }

    /// Who is known not to count may have met a copy, and is no witness.
    @Test func anOldCopyIsNoWitness() throws {
        let member = OneMember(members: [1, 2, 3])
        let process = ProcessID(boot: Boot(9), nonce: Nonce(1))
        for sender in [
            Identities.identity(of: 2, boot: 0), Identities.identity(of: 2, nonce: 4),
            Identities.identity(of: 2, incarnation: Incarnation(high: 0, low: 1)),
        ] {
            let word = Envelope(
                sender: sender,
                destination: 1,
                recipient: process,
                claim: Identities.claim(of: 2, process),
                message: .immediate(.statusRequest(StatusRequest(id: 1)))
            )
            try member.step { $0.messages = [word] }
        }
        #expect(member.core.rolledBack == nil && member.core.status.counters.refused == 3)
    }

    /// It is asked whether it lives by who has just been opened, and may not count here: it answers.
    @Test func everyMembersChallengeIsAnswered() throws {
        let member = OneMember(members: [1, 2, 3])
        for sender in [
            Identities.identity(of: 2), Identities.identity(of: 2, boot: 5, nonce: 6),
            Identities.identity(of: 3, boot: 0), Identities.identity(of: 3, nonce: 9),
        ] {
            let challenge = Envelope(
                sender: sender,
                destination: 1,
                recipient: Identities.identity(of: 1).process,
                message: .immediate(.challenge(Challenge(id: 77)))
            )
            let answer = try #require(
                member.step { $0.messages = [challenge] }.messages.first {
                    $0.message == .immediate(.challengeAnswer(ChallengeAnswer(id: 77)))
                }
            )
            #expect(answer.recipient == sender.process && answer.destination == sender.node)
        }
        let other = Envelope(
            sender: Identities.identity(of: 2),
            destination: 1,
            recipient: ProcessID(boot: Boot(1), nonce: Nonce(2)),
            message: .immediate(.challenge(Challenge(id: 78)))
        )
        let said = try member.step { $0.messages = [other] }
        #expect(
            !said.immediate.contains {
                if case .challengeAnswer = $0.body { true } else { false }
            }
        )
    }

    /// A restart and a copy that both live: who asks shows that it counts neither.
    @Test func twoNewcomersAreShownAsRefused() throws {
        let member = OneMember(members: [1, 2, 3])
        let both = [
            Identities.identity(of: 2, boot: 2, nonce: 5),
            Identities.identity(of: 2, boot: 2, nonce: 6),
        ]
        func say(_ message: Immediate) -> [Envelope] {
            both.map { Envelope(sender: $0, destination: 1, message: .immediate(message)) }
        }
        let proof = Proof(process: Identities.identity(of: 2).process, next: WriteNumber(1))
        let said = try member.step {
            $0.messages = say(.hello(Hello(asks: false, holds: nil, proof: proof)))
        }
        let id = said.immediate.lazy.compactMap { message -> UInt64? in
            guard case .challenge(let challenge) = message.body else { return nil }
            return challenge.id
        }.first
        let answer = ChallengeAnswer(id: try #require(id))
        try member.step(at: 1) { $0.messages = say(.challengeAnswer(answer)) }
        #expect(member.core.status.refusedPeer == nil)
        let told = try member.step(at: Limits().heartbeatTicks)
        let refusals = told.messages.filter(\.isRefusal)
        #expect(refusals.map(\.recipient) == both.map(\.process))
        #expect(member.core.status.refusedPeer == RefusedPeer(node: 2, reason: .twin))
        #expect(member.core.status.counters.refused == 1)
    }

    /// What is on its way to the disk may get there; nobody hears of it.
    @Test func testimonyUnderWayIsNotSpoken() throws {
        let member = OneMember(members: [1, 2, 3])
        try member.step { $0.messages = [self.prepare] }
        #expect(member.store.waiting == 1)
        try member.step { $0.messages = [Self.word(heard: 2)] }
        #expect(try member.step(flush: 2).messages.isEmpty)
    }

    /// Opened again it says nothing, refuses, and delivers what it holds.
    @Test func aRestartIsReadOnly() throws {
        var state = Identities.recovered(of: [1, 2, 3])
        state.rolledBack = RolledBack(witness: 3, cause: .otherProcess)
        let member = OneMember(members: [1, 2, 3])
        member.core = NodeCore(recovered: state, limits: Limits(), seed: 1)
        let append = member.append()
        let barrier = member.barrier()
        let said = try member.step(appends: [append]) { arrivals in
            arrivals.messages = [Self.word(heard: 1)]
            arrivals.barriers = [barrier]
        }
        #expect(said.messages.isEmpty)
        #expect(said.outcomes == [.never(.rolledBack), .never(.rolledBack)])
        let closed = try member.step { $0.closeBy = Tick(5) }
        #expect(closed.rows?.isFinal == true && closed.messages.isEmpty)
        #expect(try member.step(flush: 1).isClosed)
    }
}
