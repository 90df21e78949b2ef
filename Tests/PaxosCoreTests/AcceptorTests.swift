@testable import PaxosCore
import Testing

/// The acceptor over ballot {<, =, >} × slot × full × entry, against the rules written down once more.
@Suite struct AcceptorTests {
    enum Place: CaseIterable {
        case belowCommitted, committed, withRow, withoutRow, beyondWindow

        var slot: Slot {
            switch self {
            case .belowCommitted: 1
            case .committed: 2
            case .withRow: 3
            case .withoutRow: 5
            case .beyondWindow: 7
            }
        }
    }

    static let promised = Ballot(round: 2, node: 2)
    static let ballots = [
        Ballot(round: 1, node: 3), Ballot(round: 2, node: 1), promised, Ballot(round: 2, node: 3),
        Ballot(round: 3, node: 1),
    ]

    /// Committed up to 2, rows up to 4, a window of 3 ... 6, and 2.n2 promised.
    static func acceptor(isFull: Bool = false) -> Acceptor {
        var limits = Limits()
        limits.pipelineSlots = 4
        var acceptor = Acceptor(
            recovered: RecoveredState(
                boot: Boot(1),
                promised: promised,
                lastRound: 0,
                committed: 2,
                trimmed: .zero,
                last: 4,
                checkpoint: .empty
            ),
            limits: limits
        )
        acceptor.isFull = isFull
        return acceptor
    }

    static let command = Entry.command(
        Command(token: Token(node: 1, boot: Boot(1), sequence: 1), payload: [1, 2])
    )

    @Test(arguments: ballots, Place.allCases)
    func acceptIsAnsweredByTheRules(_ ballot: Ballot, _ place: Place) {
        for isFull in [false, true] {
            for entry in [Self.command, .noop] {
                accept(ballot, place, isFull: isFull, entry: entry)
            }
        }
    }

    private func accept(_ ballot: Ballot, _ place: Place, isFull: Bool, entry: Entry) {
        var acceptor = Self.acceptor(isFull: isFull)
        var output = Output()
        let run = EntryRun(first: place.slot, entries: [entry])
        acceptor.receive(
            Accept(ballot: ballot, run: run, committed: .zero),
            from: 3,
            committed: 2,
            output: &output
        )
        let isRaised = ballot > Self.promised
        let expected: Reject.Reason? =
            switch place {
            case _ where ballot < Self.promised: .promised
            case .belowCommitted, .committed: .committed
            case .withoutRow where isFull, .beyondWindow where isFull: .full
            case .beyondWindow: .beyondWindow
            case .withRow, .withoutRow: nil
            }
        if let expected {
            #expect(output.rows == WriteRows())
            #expect(output.testimony.isEmpty)
            #expect(acceptor.promised == Self.promised)
            #expect(acceptor.last == 4)
            let reject = Reject(
                ballot: ballot,
                promised: Self.promised,
                committed: 2,
                reason: expected
            )
            #expect(output.immediate == [Immediate(destination: 3, proposal: .reject(reject))])
        } else {
            #expect(output.immediate.isEmpty)
            #expect(output.rows.accepted == [AcceptedRun(ballot: ballot, run: run)])
            #expect(output.rows.promised == (isRaised ? ballot : nil), "R2")
            #expect(acceptor.promised == ballot)
            #expect(acceptor.last == max(4, place.slot))
            let accepted = Accepted(ballot: ballot, slots: place.slot...place.slot)
            #expect(
                output.testimony == [Testimony(destination: 3, statement: .accepted(accepted))]
            )
        }
    }

    /// A run is taken whole or not at all.
    @Test(arguments: [
        (2, 2, Reject.Reason?.some(.committed)), (3, 4, nil), (3, 5, .beyondWindow),
        (6, 1, nil), (6, 2, .beyondWindow), (1, 8, .committed),
    ])
    func aRunIsTakenWholeOrNotAtAll(_ first: Int, _ count: Int, _ reason: Reject.Reason?) {
        var acceptor = Self.acceptor()
        var output = Output()
        let run = EntryRun(
            first: Slot(rawValue: UInt64(first)),
            entries: Array(repeating: .noop, count: count)
        )
        acceptor.receive(
            Accept(ballot: Self.promised, run: run, committed: .zero),
            from: 3,
            committed: 2,
            output: &output
        )
        #expect(output.rows.accepted.map(\.run) == (reason == nil ? [run] : []))
        guard let reason else {
            #expect(output.immediate.isEmpty)
            return
        }
        guard case .reject(let reject)? = output.immediate.first?.proposal else {
            Issue.record("no rejection")
            return
        }
        #expect(reject.reason == reason)
    }

    @Test(arguments: ballots)
    func prepareIsAnsweredByTheRules(_ ballot: Ballot) {
        var acceptor = Self.acceptor()
        var output = Output()
        acceptor.receive(Prepare(ballot: ballot), from: 3, committed: 2, output: &output)
        #expect(acceptor.durablePromise == Self.promised)
        if ballot < Self.promised {
            #expect(output.rows == WriteRows())
            #expect(output.testimony.isEmpty)
            #expect(acceptor.promised == Self.promised)
            let reject = Reject(
                ballot: ballot,
                promised: Self.promised,
                committed: 2,
                reason: .promised
            )
            #expect(output.immediate == [Immediate(destination: 3, proposal: .reject(reject))])
        } else {
            #expect(output.rows.promised == (ballot > Self.promised ? ballot : nil), "R1")
            #expect(output.immediate.isEmpty)
            let promise = Promise(ballot: ballot, committed: 2, trimmed: .zero, last: 4)
            #expect(
                output.testimony == [Testimony(destination: 3, statement: .promise(promise))]
            )
            acceptor.markDurable(promised: output.rows.promised, accepted: [])
            #expect(acceptor.durablePromise == ballot)
        }
    }

    /// The durable promise follows receipts and never falls, and rows are durable by receipt alone.
    @Test func durabilityIsWhatReceiptsSay() {
        var acceptor = Self.acceptor()
        #expect(acceptor.durable.through == 2)
        acceptor.markDurable(promised: Ballot(round: 5, node: 1), accepted: [4...5])
        acceptor.markDurable(promised: Ballot(round: 4, node: 1), accepted: [])
        #expect(acceptor.durablePromise == Ballot(round: 5, node: 1))
        #expect(acceptor.durable.through == 2)
        acceptor.markDurable(promised: nil, accepted: [3...3])
        #expect(acceptor.durable.through == 5)
    }

    /// What is held in memory is counted, also when an entry is replaced.
    @Test func theWindowIsBoundedInBytes() {
        var acceptor = Self.acceptor()
        for ballot in [Self.promised, Ballot(round: 3, node: 1)] {
            var output = Output()
            acceptor.receive(
                Accept(
                    ballot: ballot,
                    run: EntryRun(first: 3, entries: [Self.command, Self.command]),
                    committed: .zero
                ),
                from: 3,
                committed: 2,
                output: &output
            )
            #expect(acceptor.windowBytes == 4)
        }
        #expect(acceptor.hasRoom(through: 6, bytes: (8 << 20) - 4))
        #expect(!acceptor.hasRoom(through: 6, bytes: (8 << 20) - 3))
        #expect(!acceptor.hasRoom(through: 7, bytes: 0))
        #expect(acceptor.takeFirst()?.slot == 3)
        #expect(acceptor.hasRoom(through: 7, bytes: 0))
        #expect(acceptor.takeFirst()?.slot == 4)
        #expect(acceptor.windowBytes == 0)
        #expect(acceptor.hasRoom(through: 7, bytes: .max))
    }
}
