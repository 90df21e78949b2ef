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
            case .beyondWindow: 11
            }
        }
    }

    static let promised = Ballot(round: 2, node: 2)
    static let ballots = [
        Ballot(round: 1, node: 3), Ballot(round: 2, node: 1), promised, Ballot(round: 2, node: 3),
        Ballot(round: 3, node: 1),
    ]

    /// Committed up to 2, rows up to 4, a window of 3 ... 10, and 2.n2 promised.
    static func acceptor(isFull: Bool = false) -> Acceptor {
        var limits = Limits()
        limits.pipelineSlots = 4
        var recovered = Identities.recovered(of: [1, 2, 3])
        recovered.promised = promised
        recovered.committed = 2
        recovered.accepted = ([3, 4] as [Slot]).map {
            AcceptedEntry(slot: $0, ballot: Ballot(round: 1, node: 1), entry: .noop)
        }
        var acceptor = Acceptor(recovered: recovered, limits: limits)
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
            case .withRow, .withoutRow, .beyondWindow: nil
            }
        if let expected {
            let reject = Reject(
                ballot: ballot,
                promised: Self.promised,
                committed: 2,
                reason: expected
            )
            #expect(output.immediate == [Addressed(destination: 3, body: .reject(reject))])
        } else {
            #expect(output.immediate.isEmpty)
        }
        guard expected == nil, place != .beyondWindow else {
            #expect(output.rows == WriteRows())
            #expect(output.testimony.isEmpty)
            #expect(acceptor.promised == Self.promised)
            #expect(acceptor.last == 4)
            return
        }
        #expect(output.rows.accepted == [AcceptedRun(ballot: ballot, run: run)])
        #expect(output.rows.promised == (isRaised ? ballot : nil), "R2")
        #expect(acceptor.promised == ballot)
        #expect(acceptor.last == max(4, place.slot))
        #expect(acceptor.lowestUnflushed == place.slot)
        let accepted = Accepted(ballot: ballot, slots: place.slot...place.slot)
        #expect(output.testimony == [Addressed(destination: 3, body: .accepted(accepted))])
    }

    /// A run is taken whole above the committed prefix or not at all; what is committed is not written
    /// again (I3), and the testimony names the slots that are (`R18`).
    @Test(
        arguments: [
            (1, 2, nil, true), (2, 2, 3...3, true), (1, 8, 3...8, true), (3, 4, 3...6, false),
            (10, 1, 10...10, false), (9, 2, 9...10, false), (10, 2, nil, false), (3, 9, nil, false),
            (1, 11, nil, true),
        ] as [(UInt64, Int, ClosedRange<Slot>?, Bool)]
    )
    func aRunIsTakenWholeAboveTheCommitted(
        _ first: UInt64,
        _ count: Int,
        _ taken: ClosedRange<Slot>?,
        _ isRejected: Bool
    ) {
        var acceptor = Self.acceptor()
        var output = Output()
        let run = EntryRun(
            first: Slot(rawValue: first),
            entries: Array(repeating: .noop, count: count)
        )
        acceptor.receive(
            Accept(ballot: Self.promised, run: run, committed: .zero),
            from: 3,
            committed: 2,
            output: &output
        )
        #expect(output.rows.accepted.map(\.run.slots) == (taken.map { [$0] } ?? []))
        let testimony = taken.map { Accepted(ballot: Self.promised, slots: $0) }
        #expect(output.testimony.map(\.body) == (testimony.map { [.accepted($0)] } ?? []))
        let reasons = output.immediate.map { message -> Reject.Reason? in
            guard case .reject(let reject) = message.body else { return nil }
            return reject.reason
        }
        #expect(reasons == (isRejected ? [.committed] : []))
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
            #expect(output.immediate == [Addressed(destination: 3, body: .reject(reject))])
        } else {
            #expect(output.rows.promised == (ballot > Self.promised ? ballot : nil), "R1")
            #expect(output.immediate.isEmpty)
            let promise = Promise(ballot: ballot, committed: 2, trimmed: .zero, last: 4)
            #expect(
                output.testimony == [Addressed(destination: 3, body: .promise(promise))]
            )
            acceptor.markDurable(promised: output.rows.promised, runs: 0)
            #expect(acceptor.durablePromise == ballot)
        }
    }

    /// The durable promise follows receipts and never falls, and rows are durable by receipt alone
    /// (`R19`, `R20`).
    @Test func durabilityIsWhatReceiptsSay() {
        var acceptor = Self.acceptor()
        #expect(acceptor.lowestUnflushed == nil)
        for slots in [6...7, 5...5, 3...3] as [ClosedRange<UInt64>] {
            var output = Output()
            let run = EntryRun(
                first: Slot(rawValue: slots.lowerBound),
                entries: Array(repeating: .noop, count: slots.count)
            )
            acceptor.receive(
                Accept(ballot: Ballot(round: 5, node: 1), run: run, committed: .zero),
                from: 3,
                committed: 2,
                output: &output
            )
        }
        #expect(acceptor.lowestUnflushed == 3)
        acceptor.markDurable(promised: Ballot(round: 5, node: 1), runs: 2)
        acceptor.markDurable(promised: Ballot(round: 4, node: 1), runs: 0)
        #expect(acceptor.durablePromise == Ballot(round: 5, node: 1))
        #expect(acceptor.lowestUnflushed == 3, "its write came last")
        acceptor.markDurable(promised: nil, runs: 1)
        #expect(acceptor.lowestUnflushed == nil)
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
        func room(unsentBytes: Int = 0) -> Appetite {
            acceptor.room(from: 5, unsentBytes: unsentBytes)
        }
        #expect(room() == Appetite(slots: 2, bytes: (8 << 20) - 4))
        #expect(room(unsentBytes: 5) == Appetite(slots: 2, bytes: (8 << 20) - 9))
        #expect(acceptor.takeFirst() == Self.command)
        #expect(room().slots == 3)
        #expect(acceptor.takeFirst() == Self.command)
        #expect(acceptor.windowBytes == 0)
        #expect(room(unsentBytes: 5) == Appetite(slots: 4, bytes: .max))
    }

    /// A follower that cannot deliver takes two pipelines of payload and no more, but always what lies
    /// below the highest slot it has: nothing leaves the window before that is there (`R62`).
    @Test func aFollowerIsBoundedInBytesToo() {
        var limits = Limits()
        limits.pipelineBytes = 4
        var acceptor = Acceptor(recovered: Identities.recovered(of: [1, 2, 3]), limits: limits)
        func take(_ slot: Slot) -> Bool {
            var output = Output()
            acceptor.receive(
                Accept(
                    ballot: Self.promised,
                    run: EntryRun(first: slot, entries: [Self.command]),
                    committed: .zero
                ),
                from: 3,
                committed: .zero,
                output: &output
            )
            return !output.rows.accepted.isEmpty
        }
        #expect(([2, 3, 5, 6] as [Slot]).allSatisfy(take))
        #expect(acceptor.windowBytes == 8)
        #expect(!take(7))
        // Nor does more wait for a disk that hangs, whatever slot it is.
        #expect(!take(4))
        acceptor.markDurable(promised: nil, runs: 4)
        #expect(take(4) && take(1))
        for _ in 1...6 { #expect(acceptor.takeFirst() == Self.command) }
        #expect(acceptor.windowBytes == 0)
        #expect(take(7))
    }

    private static func missing(
        _ acceptor: inout Acceptor,
        _ slots: ClosedRange<Slot>,
        _ ballot: Ballot,
        output: inout Output
    ) -> ClosedRange<Slot>? {
        acceptor.missing(of: slots, under: ballot, from: 3, committed: 2, output: &output)?.slots
    }

    /// Rows that are there may be replaced without room: else the leader would never send again what it
    /// proposes in their slots (`R79`, `R83`).
    @Test func whatReplacesRowsIsMissingWithoutRoom() {
        let ballot = Ballot(round: 5, node: 3)
        var full = Self.acceptor(isFull: true)
        var output = Output()
        #expect(Self.missing(&full, 3...8, ballot, output: &output) == 3...4)
        let refused = output.immediate.contains { message in
            if case .reject(let reject) = message.body { reject.reason == .full } else { false }
        }
        #expect(refused)
        output = Output()
        #expect(Self.missing(&full, 5...8, ballot, output: &output) == nil)
        // Bytes are room too.
        var limits = Limits()
        limits.pipelineBytes = 2
        var recovered = Identities.recovered(of: [1, 2, 3])
        recovered.promised = Self.promised
        recovered.committed = 2
        recovered.accepted = ([3, 4] as [Slot]).map {
            AcceptedEntry(slot: $0, ballot: Self.promised, entry: Self.command)
        }
        var crowded = Acceptor(recovered: recovered, limits: limits)
        #expect(Self.missing(&crowded, 3...8, ballot, output: &output) == 3...4)
        #expect(Self.missing(&crowded, 5...8, ballot, output: &output) == nil)
    }

    /// A run that is sent again is a page at most, or one entry that is larger.
    @Test func aRunThatIsSentAgainIsAPage() {
        for (bytes, entries) in [(1, 1), (2, 1), (3, 1), (4, 2), (100, 2)] {
            var limits = Limits()
            limits.pageBytes = bytes
            var recovered = Identities.recovered(of: [1, 2, 3])
            recovered.promised = Self.promised
            recovered.accepted = ([1, 2] as [Slot]).map {
                AcceptedEntry(slot: $0, ballot: Self.promised, entry: Self.command)
            }
            let acceptor = Acceptor(recovered: recovered, limits: limits)
            let run = acceptor.run(from: 1, through: 2, under: Self.promised)
            #expect(run?.entries.count == entries)
        }
    }

    /// While the write of a promise hangs one answer waits for it, however often the candidate asks (`R62`).
    @Test func aRepeatedPrepareIsAnsweredOnce() {
        var acceptor = Self.acceptor()
        let ballot = Ballot(round: 7, node: 3)
        func prepare() -> Int {
            var output = Output()
            acceptor.receive(Prepare(ballot: ballot), from: 3, committed: 2, output: &output)
            return output.testimony.count
        }
        #expect(prepare() == 1)
        for _ in 1...3 { #expect(prepare() == 0) }
        acceptor.markDurable(promised: ballot, runs: 0)
        for _ in 1...3 { #expect(prepare() == 1, "the answer before may be lost") }
    }

    /// What is held under the same ballot is answered again after the writes in flight, and not written
    /// again. While its write hangs one answer waits, however often the leader asks (`R62`, `R73`).
    @Test func aRepeatIsAnsweredAndNotWritten() {
        var acceptor = Self.acceptor()
        func accept(_ round: UInt64, _ slots: ClosedRange<UInt64>) -> (rows: Int, said: Int) {
            var output = Output()
            let run = EntryRun(
                first: Slot(rawValue: slots.lowerBound),
                entries: Array(repeating: Self.command, count: slots.count)
            )
            acceptor.receive(
                Accept(ballot: Ballot(round: round, node: 3), run: run, committed: .zero),
                from: 3,
                committed: 2,
                output: &output
            )
            return (output.rows.accepted.count, output.testimony.count)
        }
        #expect(accept(5, 3...6) == (1, 1))
        #expect(accept(5, 4...6) == (0, 1), "the first answer may have named another range")
        for _ in 1...3 { #expect(accept(5, 4...6) == (0, 0)) }
        acceptor.markDurable(promised: nil, runs: 1)
        for _ in 1...3 { #expect(accept(5, 3...6) == (0, 1), "the answer before may be lost") }
        #expect(accept(5, 6...7) == (1, 1), "slot 7 is new")
        #expect(accept(6, 3...6) == (1, 1), "R14")
        #expect(accept(5, 3...6) == (0, 0), "below the promise")
        #expect(acceptor.windowBytes == 10)
    }
}
