import PaxosCore
import PaxosSimulator
import Testing

/// Each checker can fail: histories that no correct log has.
@Suite struct LedgerTests {
    private let membership: Membership
    private let ledger: Ledger

    init() throws {
        membership = try Membership([1, 2, 3])
        ledger = Ledger(membership: membership)
    }

    private func command(_ append: Int, sequence: UInt64, index: Int = 0, count: Int = 1) -> Entry {
        let label = PayloadLabel(append: append, index: index, count: count)
        return .command(
            Command(
                token: Token(node: 1, boot: Boot(1), sequence: sequence),
                index: UInt32(index),
                count: UInt32(count),
                payload: label.payload(size: 8)
            )
        )
    }

    private func accept(
        _ entries: [Entry],
        from first: Slot,
        round: UInt64,
        by nodes: [NodeID],
        isChosen: Bool = false
    ) throws {
        let run = EntryRun(first: first, entries: entries)
        let ballot = Ballot(round: round, node: 1)
        for node in nodes {
            try ledger.record(AcceptedRun(ballot: ballot, run: run, isChosen: isChosen), by: node)
        }
    }

    private func expectViolation(_ invariant: Invariant, _ body: () throws -> Void) {
        do {
            try body()
            Issue.record("\(invariant) is not seen")
        } catch let violation as Violation {
            #expect(violation.invariant == invariant, "\(violation)")
        } catch {
            Issue.record("\(error)")
        }
    }

    @Test func aQuorumChoosesUnderOneBallotOnly() throws {
        try accept([command(1, sequence: 1)], from: 1, round: 1, by: [1])
        try accept([command(1, sequence: 1)], from: 1, round: 2, by: [2])
        #expect(ledger.chosenThrough == .zero)
        expectViolation(.commit) { try ledger.check(committed: 1, by: 2) }
        try accept([command(1, sequence: 1)], from: 1, round: 2, by: [3])
        #expect(ledger.chosenThrough == 1)
        try ledger.check(committed: 1, by: 2)
    }

    @Test func anotherChoiceBreaksAgreement() throws {
        try accept([command(1, sequence: 1)], from: 1, round: 1, by: [1, 2])
        expectViolation(.agreement) {
            try accept([.noop], from: 1, round: 2, by: [2, 3])
        }
    }

    @Test func aBallotCarriesOneEntry() throws {
        try accept([command(1, sequence: 1)], from: 1, round: 1, by: [1])
        expectViolation(.ballot) { try accept([.noop], from: 1, round: 1, by: [2]) }
    }

    @Test func aBallotBelongsToOneProcess() throws {
        let ballot = Ballot(round: 1, node: 1)
        func process(_ boot: UInt64) throws -> NodeIdentity {
            NodeIdentity(
                cluster: try ClusterID("c"),
                node: 1,
                incarnation: Incarnation(high: 0, low: 1),
                boot: Boot(boot),
                nonce: Nonce(boot)
            )
        }
        try ledger.use(ballot, by: try process(1))
        try ledger.use(ballot, by: try process(1))
        expectViolation(.ballot) { try ledger.use(ballot, by: try process(2)) }
    }

    @Test func whatIsStoredAsChosenIsChosen() {
        expectViolation(.commit) {
            try accept([.noop], from: 1, round: 1, by: [1], isChosen: true)
        }
    }

    @Test func aRepeatedTokenHasNoEffect() throws {
        let entries = [command(1, sequence: 1), command(1, sequence: 1)]
        try accept(entries, from: 1, round: 1, by: [1, 2])
        #expect(ledger.expected.events.map(\.slot) == [1])
    }

    @Test func anAppendUnderTwoTokensHasEffectTwice() {
        expectViolation(.acknowledgement) {
            let entries = [command(1, sequence: 1), command(1, sequence: 2)]
            try accept(entries, from: 1, round: 1, by: [1, 2])
        }
    }

    @Test func neverIsNever() throws {
        try ledger.refuse(append: 1)
        expectViolation(.never) {
            try accept([command(1, sequence: 1)], from: 1, round: 1, by: [1, 2])
        }
        try accept([command(2, sequence: 2)], from: 2, round: 1, by: [1, 2])
    }

    @Test func whatHasEffectIsNotNever() throws {
        try accept([command(1, sequence: 1)], from: 1, round: 1, by: [1, 2])
        expectViolation(.never) { try ledger.refuse(append: 1) }
    }

    @Test func aTornBatchHasNoEffectAndAWholeOneHas() throws {
        try accept(
            [
                command(1, sequence: 1, index: 0, count: 2), .noop,
                command(1, sequence: 1, index: 0, count: 2),
                command(1, sequence: 1, index: 1, count: 2),
            ],
            from: 1,
            round: 1,
            by: [1, 2]
        )
        #expect(ledger.expected.events.map(\.slot) == [3, 4])
    }

    @Test func aBatchWhosePartsAreMislabelledIsSeen() {
        expectViolation(.batch) {
            let label = PayloadLabel(append: 1, index: 1, count: 2)
            let entry = Entry.command(
                Command(
                    token: Token(node: 1, boot: Boot(1), sequence: 1),
                    payload: label.payload(size: 8)
                )
            )
            try accept([entry], from: 1, round: 1, by: [1, 2])
        }
    }

    @Test func aDiskRefusesWhatMayNotBeWritten() throws {
        var disk = SimulatedDisk(incarnation: Incarnation(high: 1, low: 1))
        var rows = WriteRows()
        rows.promised = Ballot(round: 2, node: 1)
        try disk.apply(rows)
        rows.promised = Ballot(round: 1, node: 1)
        expectViolation(.promise) { try disk.apply(rows) }
        var ahead = WriteRows()
        ahead.committed = 1
        expectViolation(.store) { try disk.apply(ahead) }
    }
}
