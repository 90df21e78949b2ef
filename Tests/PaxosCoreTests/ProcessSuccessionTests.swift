@testable import PaxosCore
import Testing

/// How one process of a peer takes the place of another.
@Suite struct ProcessSuccessionTests {
    private static let original = Identities.identity(of: 2)
    private static let newcomer = Identities.identity(of: 2, boot: 2, nonce: 5)
    private static let interval = Limits().heartbeatTicks
    private static let rounds = Int(Limits().electionTicks / interval)

    /// Plays node 1, which has heard of 2 up to a write number.
    private struct Witness {
        var admission: Admission
        var now = Tick.zero
        var rows = WriteRows()
        var asked: [Envelope] = []

        init(heard: UInt64 = 50) {
            var records = [2, 3].map { Identities.record(of: $0) }
            records[0].heard = WriteNumber(heard)
            admission = Admission(
                identity: Identities.identity(of: 1),
                terms: Identities.terms(),
                recovered: Identities.recovered(of: [1, 2, 3], met: records)
            )
            #expect(
                hear(ProcessSuccessionTests.original, .hello(Hello(asks: false, holds: nil)))
                    == .admitted
            )
        }

        @discardableResult
        mutating func hear(
            _ sender: NodeIdentity,
            _ message: Immediate,
            written: UInt64? = nil
        ) -> Admission.Verdict {
            var output = Output()
            let newest: UInt64 = sender == ProcessSuccessionTests.original ? 50 : 60
            let envelope = Envelope(
                sender: sender,
                destination: 1,
                written: WriteNumber(written ?? newest),
                stamp: 3,
                message: .immediate(message)
            )
            return admission.admit(envelope, at: now, output: &output)
        }

        @discardableResult
        mutating func prove(
            _ sender: NodeIdentity = ProcessSuccessionTests.newcomer,
            next: UInt64 = 51,
            nonce: UInt64 = 1
        ) -> Admission.Verdict {
            let process = ProcessID(boot: Boot(1), nonce: Nonce(nonce))
            let proof = Proof(process: process, next: WriteNumber(next))
            return hear(sender, .hello(Hello(asks: false, holds: nil, proof: proof)))
        }

        /// Lets a heartbeat pass; returns the challenge that is asked then.
        mutating func turn() -> UInt64? {
            var output = Output()
            admission.advance(at: now, output: &output)
            now = now.advanced(by: ProcessSuccessionTests.interval)
            rows = output.rows
            asked = output.messages
            return asked.lazy.compactMap { envelope -> UInt64? in
                guard case .immediate(.challenge(let challenge)) = envelope.message else {
                    return nil
                }
                return challenge.id
            }.first
        }

        @discardableResult
        mutating func answer(_ id: UInt64?, _ sender: NodeIdentity) -> Admission.Verdict {
            hear(sender, .challengeAnswer(ChallengeAnswer(id: id ?? 0)))
        }
    }

    /// By proof, once it alone has answered for an election timeout, and on disk before anything of it counts.
    @Test func aRestartSucceeds() {
        var witness = Witness()
        #expect(
            witness.hear(Self.newcomer, .statusRequest(StatusRequest(id: 1)))
                == .newcomer(isProven: false)
        )
        #expect(witness.turn() == nil, "it is asked for its proof first")
        #expect(witness.prove() == .newcomer(isProven: true))
        for _ in 1...Self.rounds {
            let id = witness.turn()
            #expect(
                Set(witness.asked.map(\.recipient))
                    == [Self.original, Self.newcomer].map(\.process).set
            )
            #expect(witness.rows == WriteRows() && id != nil)
            #expect(witness.answer(id, Self.newcomer) == .newcomer(isProven: true))
        }
        #expect(witness.turn() == nil)
        var record = Identities.record(of: 2, boot: 2, nonce: 5)
        record.heard = WriteNumber(60)
        record.tag = 3
        #expect(witness.rows.peers == [record])
        #expect(witness.prove() == .held)
        #expect(witness.admission.markDurable([record]) == [2])
        #expect(witness.prove() == .admitted)
        #expect(witness.prove(Self.original) == .refused(.rolledBack))
    }

    /// Where nobody answers no time passes: the witness was paused, or its links carry nothing.
    @Test func nobodysSilenceProvesNothing() {
        var witness = Witness()
        witness.prove()
        witness.now = Tick(10_000)
        for _ in 1..<4 * Self.rounds {
            #expect(witness.turn() != nil)
            #expect(witness.rows == WriteRows())
        }
        #expect(witness.turn() == nil, "and is forgotten")
        #expect(
            witness.hear(Self.newcomer, .statusRequest(StatusRequest(id: 1)))
                == .newcomer(isProven: false)
        )
    }

    /// However often it is opened: the write of its first opening had been given out before.
    @Test func anOldCopyNeverSucceeds() {
        for boot in 2...21 as ClosedRange<UInt64> {
            var witness = Witness(heard: 50)
            let copy = Identities.identity(of: 2, boot: boot, nonce: boot)
            for next in [49, 50] as [UInt64] {
                #expect(witness.prove(copy, next: next) == .refused(.rolledBack))
            }
            // Nor one that holds another process than the one that is known.
            #expect(witness.prove(copy, next: 59, nonce: 2) == .newcomer(isProven: false))
            // Nor one that claims an opening which it has not made yet.
            #expect(witness.prove(copy, next: 61) == .refused(.rolledBack))
            #expect(witness.turn() == nil && witness.rows == WriteRows())
        }
    }

    /// What was heard of its predecessor since it showed its proof counts as well.
    @Test func aProofIsComparedAgain() {
        var witness = Witness()
        witness.prove(next: 51)
        witness.answer(witness.turn(), Self.newcomer)
        let ballot = Ballot(round: 1, node: 2)
        let heartbeat = Heartbeat(ballot: ballot, round: 1, committed: .zero)
        #expect(witness.hear(Self.original, .heartbeat(heartbeat), written: 51) == .admitted)
        #expect(witness.prove(next: 51) == .refused(.rolledBack))
        #expect(witness.admission.nextDeadline > witness.now, "nobody is asked any more")
        #expect(witness.turn() == nil && witness.rows == WriteRows())
    }

    /// The original is idle, so its copy holds all that was heard: as long as the original lives the copy is the
    /// twin, and once it does not the copy may go on in its place.
    @Test func whoComesBesideALivingProcessIsItsTwin() {
        var witness = Witness()
        witness.prove()
        var first: UInt64?
        for _ in 1..<Self.rounds {
            let id = witness.turn()
            first = first ?? id
            witness.answer(id, Self.newcomer)
            // Invented: it says nothing about the original.
            #expect(witness.answer(id.map { $0 &+ 1 }, Self.original) == .admitted)
        }
        // Late, and true.
        witness.answer(first, Self.original)
        #expect(witness.turn() == nil && witness.rows == WriteRows())
        #expect(witness.prove() == .refused(.twin))
        witness.now = witness.now.advanced(by: Limits().electionTicks)
        #expect(witness.prove() == .newcomer(isProven: true))
        for _ in 1...Self.rounds { witness.answer(witness.turn(), Self.newcomer) }
        #expect(witness.turn() == nil)
        #expect(witness.rows.peers.map(\.boot) == [Boot(2)])
    }

    /// A restart and a copy, both alive: one of them is not what it seems, and nobody can say which.
    @Test func neitherOfTwoNewcomersCounts() {
        let other = Identities.identity(of: 2, boot: 7, nonce: 8)
        var witness = Witness()
        witness.prove()
        witness.prove(other)
        for _ in 1...8 * Self.rounds {
            let id = witness.turn()
            witness.answer(id, Self.newcomer)
            witness.answer(id, other)
            #expect(witness.rows == WriteRows())
            let kept = witness.admission.peers[0].contest?.ids ?? []
            #expect(kept.last == id && kept.count <= 4 * Self.rounds, "however long they live")
        }
        let holds = Self.original.presence
        _ = witness.turn()
        let refused = witness.asked.filter {
            $0.message == .immediate(.refused(Refused(reason: .twin, holds: holds)))
        }
        #expect(refused.map(\.recipient) == [Self.newcomer.process, other.process])
        for _ in 1...Self.rounds {
            witness.answer(witness.turn(), Self.newcomer)
            #expect(witness.rows == WriteRows())
        }
        _ = witness.turn()
        #expect(witness.rows.peers.map(\.boot) == [Boot(2)])
    }

    /// Everything that is said teaches a write number. What others rely on goes to disk by itself before a second
    /// has passed, the rest only together with something else.
    @Test func writeNumbersAreKeptLazily() {
        var witness = Witness()
        let process = Self.original.process
        let request = Immediate.statusRequest(StatusRequest(id: 1))
        func heard(_ admission: Admission) -> WriteNumber {
            admission.envelope(to: 2, process, naming: process, .immediate(request)).heard
        }
        #expect(heard(witness.admission) == WriteNumber(50))
        #expect(witness.hear(Self.original, request, written: 61) == .admitted)
        #expect(heard(witness.admission) == WriteNumber(61))
        var admission = witness.admission
        #expect(admission.lazyRecords(at: Tick(500), anyway: true).isEmpty)
        var output = Output()
        let promise = Promise(
            ballot: Ballot(round: 1, node: 1),
            committed: .zero,
            trimmed: .zero,
            last: .zero
        )
        let envelope = Envelope(
            sender: Self.original,
            destination: 1,
            written: WriteNumber(61),
            stamp: 9,
            message: .statement(.promise(promise))
        )
        #expect(admission.admit(envelope, at: Tick(5), output: &output) == .admitted)
        #expect(admission.lazyRecords(at: Tick(14), anyway: true).isEmpty)
        #expect(admission.lazyRecords(at: Tick(84), anyway: false).isEmpty)
        #expect(admission.nextDeadline <= Tick(85))
        #expect(admission.lazyRecords(at: Tick(15), anyway: true).map(\.heard) == [WriteNumber(61)])
        #expect(admission.admit(envelope, at: Tick(16), output: &output) == .admitted)
        #expect(admission.lazyRecords(at: Tick(500), anyway: false).isEmpty, "once")
        let word = admission.envelope(to: 2, process, naming: process, .immediate(request))
        #expect(word.heard == WriteNumber(61) && word.tag == 3, "handed back as it came")
        // Others forget rows for a higher floor, and for none else of what a follower answers; one that was
        // invented lasts for one answer (`R80`).
        for (floor, written, kept) in [
            (5, 70, 70), (5, 71, nil), (6, 72, 72), (1_000_000, 73, 73), (7, 74, 74), (7, 75, nil),
            (8, 76, 76),
        ] as [(Slot, UInt64, UInt64?)] {
            let reply = HeartbeatReply(
                ballot: Ballot(round: 1, node: 1),
                round: 1,
                promised: .zero,
                committed: floor,
                floor: floor
            )
            let answer = Envelope(
                sender: Self.original,
                destination: 1,
                written: WriteNumber(written),
                stamp: 9,
                message: .immediate(.heartbeatReply(reply))
            )
            #expect(admission.admit(answer, at: Tick(600), output: &output) == .admitted)
            let records = admission.lazyRecords(at: Tick(700), anyway: false)
            #expect(records.map(\.heard) == (kept.map { [WriteNumber($0)] } ?? []))
        }
    }
}

extension [ProcessID] {
    fileprivate var set: Set<ProcessID?> { Set(map { $0 }) }
}
