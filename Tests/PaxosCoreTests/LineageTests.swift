@testable import PaxosCore
import Testing

/// What a directory knows of its own openings, and what it takes for a contradiction (`R81`, `R91`, `R92`).
@Suite struct LineageTests {
    private static func opening(_ boot: UInt64, _ nonce: UInt64, _ write: UInt64) -> Opening {
        Opening(
            process: ProcessID(boot: Boot(boot), nonce: Nonce(nonce)),
            write: WriteNumber(write)
        )
    }

    private static func claim(_ boot: UInt64, _ nonce: UInt64, _ heard: UInt64) -> Claim {
        Claim(
            process: ProcessID(boot: Boot(boot), nonce: Nonce(nonce)),
            heard: WriteNumber(heard)
        )
    }

    /// Boots 3 to 5, opened by the writes 10, 20 and 30; the newest receipt is 34.
    private static let lineage = Lineage([opening(3, 7, 10), opening(4, 8, 20), opening(5, 9, 30)])

    @Test(
        arguments: [
            (claim(5, 9, 34), nil), (claim(5, 9, 35), .laterWrite), (claim(5, 1, 0), .otherProcess),
            (claim(6, 9, 0), .laterBoot), (claim(4, 8, 29), nil), (claim(4, 8, 30), .laterWrite),
            (claim(3, 7, 19), nil), (claim(3, 7, 20), .laterWrite), (claim(3, 8, 0), .otherProcess),
            // Below the floor nothing is evidence.
            (claim(2, 1, 1_000), nil),
        ] as [(Claim, RolledBack.Cause?)]
    )
    func onlyContradictionCounts(claim: Claim, cause: RolledBack.Cause?) {
        #expect(Self.lineage.contradicts(claim, newest: WriteNumber(34)) == cause)
    }

    @Test func aProofNamesTheNextOpening() {
        func proof(_ boot: UInt64, _ nonce: UInt64) -> WriteNumber? {
            Self.lineage.proof(of: ProcessID(boot: Boot(boot), nonce: Nonce(nonce)))?.next
        }
        #expect(proof(3, 7) == WriteNumber(20) && proof(4, 8) == WriteNumber(30))
        #expect(
            proof(5, 9) == nil && proof(4, 7) == nil && proof(2, 1) == nil && proof(6, 1) == nil
        )
    }

    @Test func whatIsPrunedIsNoEvidence() {
        var lineage = Self.lineage
        lineage.prune(below: Boot(4))
        #expect(lineage.floor == Boot(4))
        #expect(lineage.contradicts(Self.claim(3, 1, 99), newest: WriteNumber(34)) == nil)
        lineage.prune(below: Boot(9))
        #expect(lineage.openings == [Self.opening(5, 9, 30)], "never its own")
    }

    @Test func itIsReadAsItWasWritten() {
        let bytes = Opening.encoded(Self.lineage.openings)
        #expect(Opening.decode(bytes) == Self.lineage.openings)
        #expect(Opening.decode(Array(bytes.dropLast())) == nil)
        #expect(
            Opening.decode(Opening.encoded([Self.opening(3, 1, 2), Self.opening(5, 1, 3)])) == nil
        )
        #expect(
            Opening.decode(Opening.encoded([Self.opening(3, 1, 2), Self.opening(4, 1, 2)])) == nil
        )
        #expect(RolledBack.decode([])?.found == nil && RolledBack.decode([1]) == nil)
        for cause in RolledBack.Cause.allCases {
            let found = RolledBack(witness: 3, cause: cause)
            #expect(RolledBack.decode(RolledBack.encoded(found))?.found == found)
        }
    }
}

/// How one process of a peer takes the place of another.
@Suite struct SuccessionTests {
    private static let timeout = Limits().electionTicks

    private static func admission(heard: UInt64 = 50) -> Admission {
        var records = [2, 3].map { Identities.record(of: $0) }
        records[0].heard = WriteNumber(heard)
        var admission = Admission(
            identity: Identities.identity(of: 1),
            terms: Identities.terms(),
            recovered: Identities.recovered(of: [1, 2, 3], met: records)
        )
        #expect(hear(&admission, Identities.identity(of: 2)).verdict == .admitted)
        return admission
    }

    @discardableResult
    private static func hear(
        _ admission: inout Admission,
        _ sender: NodeIdentity,
        proof: Proof? = nil,
        at now: UInt64 = 0
    ) -> (verdict: Admission.Verdict, rows: WriteRows) {
        var output = Output()
        let envelope = Envelope(
            sender: sender,
            destination: 1,
            message: .immediate(.hello(Hello(asks: false, holds: nil, proof: proof)))
        )
        let verdict = admission.admit(envelope, at: Tick(now), output: &output)
        return (verdict, output.rows)
    }

    private static func advance(
        _ admission: inout Admission,
        to now: UInt64
    ) -> (rows: WriteRows, challenges: [Challenge]) {
        var output = Output()
        admission.advance(at: Tick(now), output: &output)
        let challenges = output.immediate.compactMap { message -> Challenge? in
            if case .challenge(let challenge) = message.body { challenge } else { nil }
        }
        return (output.rows, challenges)
    }

    private static let newcomer = Identities.identity(of: 2, boot: 2, nonce: 5)

    private static func proof(next: UInt64, nonce: UInt64 = 1) -> Proof {
        Proof(
            process: ProcessID(boot: Boot(1), nonce: Nonce(nonce)),
            next: WriteNumber(next)
        )
    }

    /// By proof, after a silence, and on disk before anything of it counts.
    @Test func aRestartSucceeds() {
        var admission = Self.admission()
        #expect(Self.hear(&admission, Self.newcomer).verdict == .newcomer(isProven: false))
        #expect(Self.advance(&admission, to: 0).challenges.count == 1)
        #expect(
            Self.hear(&admission, Self.newcomer, proof: Self.proof(next: 51), at: 3).verdict
                == .newcomer(isProven: true)
        )
        let early = Self.advance(&admission, to: Self.timeout - 1)
        #expect(early.rows == WriteRows() && early.challenges.count == 1, "asked again")
        var record = Identities.record(of: 2, boot: 2, nonce: 5)
        record.heard = WriteNumber(50)
        #expect(Self.advance(&admission, to: Self.timeout).rows.peers == [record])
        #expect(Self.hear(&admission, Self.newcomer, at: 40).verdict == .held)
        #expect(admission.markDurable([record]) == [2])
        #expect(Self.hear(&admission, Self.newcomer, at: 41).verdict == .admitted)
        #expect(
            Self.hear(&admission, Identities.identity(of: 2), at: 41).verdict
                == .refused(.rolledBack)
        )
    }

    /// However often it is opened: the write of its first opening had been given out before.
    @Test func anOldCopyNeverSucceeds() {
        for boot in 2...21 as ClosedRange<UInt64> {
            var admission = Self.admission(heard: 50)
            let copy = Identities.identity(of: 2, boot: boot, nonce: boot)
            #expect(Self.hear(&admission, copy).verdict == .newcomer(isProven: false))
            for next in [49, 50] as [UInt64] {
                #expect(
                    Self.hear(&admission, copy, proof: Self.proof(next: next), at: 1).verdict
                        == .refused(.rolledBack)
                )
            }
            // Nor one that holds another process than the one that is known.
            Self.hear(&admission, copy, proof: Self.proof(next: 99, nonce: 2), at: 2)
            for now in [0, Self.timeout, 2 * Self.timeout] {
                #expect(Self.advance(&admission, to: now).rows == WriteRows())
            }
        }
    }

    /// The original is idle, so its copy holds all that was heard: as long as the original lives the copy is the
    /// twin, and once it does not the copy may go on in its place.
    @Test func whoComesBesideALivingProcessIsItsTwin() throws {
        var admission = Self.admission()
        Self.hear(&admission, Self.newcomer, proof: Self.proof(next: 51))
        let asked = try #require(Self.advance(&admission, to: 0).challenges.first)
        func answer(_ id: UInt64, of sender: NodeIdentity, at now: UInt64) {
            var output = Output()
            let envelope = Envelope(
                sender: sender,
                destination: 1,
                message: .immediate(.challengeAnswer(ChallengeAnswer(id: id)))
            )
            _ = admission.admit(envelope, at: Tick(now), output: &output)
        }
        // Invented, or of the newcomer itself: neither says that the original lives.
        answer(asked.id &+ 1, of: Identities.identity(of: 2), at: 1)
        answer(asked.id, of: Self.newcomer, at: 1)
        #expect(admission.peers[0].challenge?.answeredAt == nil)
        answer(asked.id, of: Identities.identity(of: 2), at: 2)
        #expect(Self.advance(&admission, to: Self.timeout).rows == WriteRows())
        let later = 2 + Self.timeout
        #expect(Self.hear(&admission, Self.newcomer, at: later - 1).verdict == .refused(.twin))
        let proof = Self.proof(next: 51)
        #expect(
            Self.hear(&admission, Self.newcomer, proof: proof, at: later).verdict
                == .newcomer(isProven: true)
        )
        let again = try #require(Self.advance(&admission, to: later).challenges.first)
        #expect(again.id != asked.id)
        #expect(
            Self.advance(&admission, to: later + Self.timeout).rows.peers.map(\.boot) == [Boot(2)]
        )
    }

    /// Only statements teach a write number; it goes to disk by itself before a second has passed.
    @Test func writeNumbersAreKeptLazily() {
        var admission = Self.admission()
        var output = Output()
        let promise = Promise(
            ballot: Ballot(round: 1, node: 1),
            committed: .zero,
            trimmed: .zero,
            last: .zero
        )
        let envelope = Envelope(
            sender: Identities.identity(of: 2),
            destination: 1,
            written: WriteNumber(60),
            message: .statement(.promise(promise))
        )
        #expect(admission.admit(envelope, at: Tick(5), output: &output) == .admitted)
        #expect(admission.lazyRecords(at: Tick(14), anyway: true).isEmpty)
        #expect(admission.lazyRecords(at: Tick(84), anyway: false).isEmpty)
        #expect(admission.nextDeadline <= Tick(85))
        #expect(admission.lazyRecords(at: Tick(15), anyway: true).map(\.heard) == [WriteNumber(60)])
        #expect(admission.lazyRecords(at: Tick(500), anyway: false).isEmpty, "once")
        #expect(
            admission.claim(on: 2, naming: Identities.identity(of: 2).process).heard
                == WriteNumber(60)
        )
    }
}

/// A node that learns that its directory is an old copy.
@Suite struct RolledBackTests {
    private static func word(heard: UInt64, boot: UInt64 = 1, tag: UInt64? = nil) -> Envelope {
        let process = ProcessID(boot: Boot(boot), nonce: Nonce(1))
        let claim = Claim(process: process, heard: WriteNumber(heard))
        let key = DirectorySecret(first: 0, second: 0).key(for: 2)
        return Envelope(
            sender: Identities.identity(of: 2),
            destination: 1,
            recipient: process,
            claim: (claim.heard, tag ?? key.tag(claim, about: 1)),
            message: .immediate(.statusRequest(StatusRequest(id: 1)))
        )
    }

    @Test func itFallsSilentForGood() throws {
        let member = OneMember(members: [1, 2, 3])
        let sound = try member.step { $0.messages = [Self.word(heard: 1)] }
        #expect(sound.messages.count == 1 && member.core.rolledBack == nil)
        let append = member.append()
        let said = try member.step { arrivals in
            arrivals.messages = [Self.word(heard: 2)]
            arrivals.appends = [append]
        }
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

    /// Who was not told the key cannot put a node out, and is counted.
    @Test func anInventedClaimIsDropped() throws {
        let member = OneMember(members: [1, 2, 3])
        for envelope in [Self.word(heard: 1 << 60, tag: 7), Self.word(heard: 5, boot: 9, tag: 1)] {
            try member.step { $0.messages = [envelope] }
        }
        #expect(member.core.rolledBack == nil)
        #expect(member.core.status.counters.invented == 2)
        #expect(try member.step { $0.messages = [Self.word(heard: 0, boot: 9)] }.messages.isEmpty)
        #expect(member.core.rolledBack == RolledBack(witness: 2, cause: .laterBoot))
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
        let said = try member.step { arrivals in
            arrivals.messages = [Self.word(heard: 0)]
            arrivals.appends = [append]
            arrivals.barriers = [barrier]
        }
        #expect(said.messages.isEmpty)
        #expect(said.outcomes == [.never(.rolledBack), .never(.rolledBack)])
        let closed = try member.step { $0.closeBy = Tick(5) }
        #expect(closed.rows?.isFinal == true && closed.messages.isEmpty)
        #expect(try member.step(flush: 1).isClosed)
    }
}
