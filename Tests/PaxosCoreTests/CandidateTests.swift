@testable import PaxosCore
import Testing

@Suite struct CandidateTests {
    static let ballot = Ballot(round: 5, node: 1)

    static func candidate(of members: Int) throws -> Candidate {
        let ids = try (1...members).map { try #require(NodeID(rawValue: UInt64($0))) }
        return Candidate(
            ballot: ballot,
            membership: try Membership(ids),
            now: .zero,
            limits: Limits()
        )
    }

    static func entry(_ number: UInt64) -> Entry {
        .command(Command(token: Token(node: 9, boot: Boot(1), sequence: number), payload: []))
    }

    static func row(_ slot: Slot, _ round: UInt64, _ number: UInt64) -> AcceptedEntry {
        AcceptedEntry(slot: slot, ballot: Ballot(round: round, node: 2), entry: entry(number))
    }

    /// Receives a promise and returns whom it asks for pages, from where.
    @discardableResult
    static func promise(
        _ candidate: inout Candidate,
        _ node: NodeID,
        committed: Slot = .zero,
        last: Slot,
        ballot: Ballot = ballot
    ) -> [NodeID: Slot] {
        var output = Output()
        candidate.receive(
            Promise(ballot: ballot, committed: committed, trimmed: .zero, last: last),
            from: node,
            output: &output
        )
        return requests(output)
    }

    @discardableResult
    static func page(
        _ candidate: inout Candidate,
        _ node: NodeID,
        _ slots: ClosedRange<Slot>,
        _ rows: [AcceptedEntry],
        ballot: Ballot = ballot
    ) -> [NodeID: Slot] {
        var output = Output()
        candidate.receive(
            PromisePage(
                ballot: ballot,
                from: slots.lowerBound,
                through: slots.upperBound,
                rows: rows
            ),
            from: node,
            output: &output
        )
        return requests(output)
    }

    /// Two entries under one ballot: nothing of the page that says so counts, and nothing stops (`R80`).
    @Test func aContradictoryPageIsRefused() throws {
        var candidate = try Self.candidate(of: 3)
        Self.promise(&candidate, 1, last: 1)
        Self.promise(&candidate, 2, last: 1)
        let ballot = Ballot(round: 1, node: 3)
        Self.page(&candidate, 1, 1...1, [AcceptedEntry(slot: 1, ballot: ballot, entry: .noop)])
        let other = AcceptedEntry(slot: 1, ballot: ballot, entry: OneMember.command(1))
        var output = Output()
        let page = PromisePage(ballot: Self.ballot, from: 1, through: 1, rows: [other])
        #expect(!candidate.receive(page, from: 2, output: &output))
        #expect(candidate.recovery() == nil)
    }

    /// More slots than any member has in flight, and a row above the ballot that its member promised: refused
    /// before they take memory (`R80`).
    @Test func anAbsurdPageIsRefused() throws {
        let far = Slot(rawValue: 1 << 61)
        for (last, through, row) in [
            (9 as Slot, far, Self.row(1, 1, 1)), (far, far, Self.row(far, 1, 1)),
            (9, 1, Self.row(1, 1 << 40, 1)), (9, 10, Self.row(10, 1, 1)),
            (9, 10, Self.row(9, 1, 1)),
        ] {
            var candidate = try Self.candidate(of: 3)
            Self.promise(&candidate, 1, last: .zero)
            Self.promise(&candidate, 2, last: last)
            var output = Output()
            let page = PromisePage(ballot: Self.ballot, from: 1, through: through, rows: [row])
            #expect(!candidate.receive(page, from: 2, output: &output), "\(through)")
            #expect(candidate.recovery() == nil)
        }
    }

    /// A member may learn rows as chosen between its promise and its page: they count.
    @Test func aPageMayShowMoreThanThePromise() throws {
        var candidate = try Self.candidate(of: 3)
        Self.promise(&candidate, 1, last: .zero)
        Self.promise(&candidate, 2, last: 1)
        var output = Output()
        let page = PromisePage(
            ballot: Self.ballot,
            from: 1,
            through: 2,
            rows: [
                Self.row(1, 1, 1),
                AcceptedEntry(slot: 2, ballot: Self.ballot, entry: Self.entry(2), isChosen: true),
            ]
        )
        #expect(candidate.receive(page, from: 2, output: &output))
        #expect(candidate.recovery() == [Self.entry(1), Self.entry(2)])
    }

    /// A page is waited for while its member lives and has not answered what was asked behind it, and not for
    /// ever: others may lead meanwhile.
    @Test func aPageIsNotWaitedForForEver() throws {
        var candidate = try Self.candidate(of: 3)
        Self.promise(&candidate, 1, last: .zero)
        Self.promise(&candidate, 2, last: 1)
        candidate.noteProbe(1, at: 1)
        let promise = Promise(ballot: Self.ballot, committed: .zero, trimmed: .zero, last: 1)
        let limits = Limits()
        var now = Tick.zero
        while now < candidate.deadline, now < Tick(100 * limits.electionTicks) {
            candidate.extend(by: promise, from: 2, now: now, limits: limits)
            now = now.advanced(by: 1)
        }
        #expect(now > Tick(10 * limits.electionTicks))
        #expect(now < Tick(20 * limits.electionTicks))
    }

    private static func requests(_ output: borrowing Output) -> [NodeID: Slot] {
        var requests: [NodeID: Slot] = [:]
        for message in output.immediate {
            guard case .pageRequest(let request) = message.body else { continue }
            requests[message.destination] = request.from
        }
        return requests
    }

    /// A quorum of distinct members, and no fewer, ends phase 1 (`R8`).
    @Test(arguments: [(1, 1), (2, 2), (3, 2), (4, 3), (5, 3)])
    func aQuorumOfPromisesIsNeeded(_ members: Int, _ quorum: Int) throws {
        var candidate = try Self.candidate(of: members)
        for member in 1...quorum {
            #expect(candidate.recovery() == nil)
            let node = try #require(NodeID(rawValue: UInt64(member)))
            for _ in 0..<3 { Self.promise(&candidate, node, last: .zero) }
        }
        #expect(candidate.recovery() == [])
    }

    /// Promises for another ballot, or of a stranger, are not counted (`R7`).
    @Test func otherBallotsAndStrangersDoNotCount() throws {
        var candidate = try Self.candidate(of: 3)
        let others = [
            Ballot(round: 4, node: 1), Ballot(round: 5, node: 2), Ballot(round: 6, node: 1),
        ]
        for ballot in others {
            Self.promise(&candidate, 1, last: .zero, ballot: ballot)
            Self.promise(&candidate, 2, last: .zero, ballot: ballot)
        }
        Self.promise(&candidate, 8, last: .zero)
        Self.promise(&candidate, 9, last: .zero)
        #expect(candidate.recovery() == nil)
        Self.promise(&candidate, 3, last: .zero)
        #expect(candidate.recovery() == nil)
        Self.promise(&candidate, 1, last: .zero)
        #expect(candidate.recovery() == [])
    }

    /// Pages are taken in their order, once, and of this ballot; nothing is proposed before the last of
    /// a quorum is in (`R13`).
    @Test func everyPageOfAQuorumIsNeeded() throws {
        var candidate = try Self.candidate(of: 3)
        #expect(Self.promise(&candidate, 1, last: .zero) == [:])
        #expect(Self.promise(&candidate, 2, last: 4) == [2: 1])
        let first = [Self.row(1, 1, 1), Self.row(2, 1, 2)]
        let second = [Self.row(4, 1, 4)]
        #expect(Self.page(&candidate, 2, 3...4, second) == [:], "out of order")
        #expect(candidate.recovery() == nil)
        #expect(Self.page(&candidate, 3, 1...4, first) == [:], "of a member without promise")
        #expect(
            Self.page(&candidate, 2, 1...4, [], ballot: Ballot(round: 4, node: 1)) == [:],
            "of another ballot"
        )
        #expect(candidate.recovery() == nil)
        #expect(Self.page(&candidate, 2, 1...2, first) == [2: 3])
        #expect(Self.page(&candidate, 2, 1...2, first) == [:], "once more")
        #expect(candidate.recovery() == nil)
        #expect(Self.page(&candidate, 2, 3...4, second) == [:])
        #expect(candidate.recovery() == [Self.entry(1), Self.entry(2), .noop, Self.entry(4)])
    }

    /// Per slot the entry of the highest ballot is proposed, in whatever order it is found (`R6`), and
    /// a hole is closed (`R12`).
    @Test func theHighestBallotWinsInEverySlot() throws {
        let rows: [[AcceptedEntry]] = [
            [Self.row(1, 3, 31), Self.row(2, 1, 12)],
            [Self.row(1, 2, 21), Self.row(2, 4, 42), Self.row(4, 1, 14)],
            [Self.row(1, 1, 11), Self.row(2, 2, 22)],
        ]
        let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]]
        for order in orders {
            var candidate = try Self.candidate(of: 5)
            for node in [1, 2, 3] as [NodeID] { Self.promise(&candidate, node, last: 4) }
            for place in order {
                #expect(candidate.recovery() == nil)
                let node = try #require(NodeID(rawValue: UInt64(place) + 1))
                Self.page(&candidate, node, 1...4, rows[place])
            }
            #expect(
                candidate.recovery() == [Self.entry(31), Self.entry(42), .noop, Self.entry(14)]
            )
        }
    }

    /// Up to the highest watermark nothing is proposed (`R77`); above it, everything.
    @Test func whatIsCommittedIsNotProposed() throws {
        var candidate = try Self.candidate(of: 3)
        Self.promise(&candidate, 1, committed: 1, last: 4)
        #expect(Self.promise(&candidate, 2, committed: 3, last: 3) == [1: 4])
        #expect(candidate.committed == 3)
        #expect(candidate.recovery() == nil)
        Self.page(&candidate, 1, 4...4, [Self.row(4, 1, 4)])
        #expect(candidate.recovery() == [Self.entry(4)])
    }

    /// A promise that comes after the quorum's raised the first slot to propose in and not the entries:
    /// they would have been proposed in other slots than they were found in.
    @Test(arguments: [Slot.zero, 1, 2, 3, 4, 9])
    func aLatePromiseMovesTheEntriesWithTheirSlots(_ late: Slot) throws {
        var candidate = try Self.candidate(of: 3)
        Self.promise(&candidate, 1, last: 4)
        Self.promise(&candidate, 2, last: .zero)
        Self.promise(&candidate, 3, committed: late, last: late)
        Self.page(&candidate, 1, 1...4, (1...4).map { Self.row(Slot(rawValue: $0), 1, $0) })
        #expect(candidate.committed == late)
        let expected = (1...4).filter { $0 > late.rawValue }.map { Self.entry($0) }
        #expect(candidate.recovery() == expected)
    }

    private static func learning(from first: Slot, of members: Int) throws -> Candidate {
        let ids = try (1...members).map { try #require(NodeID(rawValue: UInt64($0))) }
        return Candidate(
            ballot: ballot,
            membership: try Membership(ids),
            learningFrom: first,
            now: .zero,
            limits: Limits()
        )
    }

    /// Up to C the entry of the highest ballot is what was chosen; above it, it is proposed.
    @Test func aCompleteQuorumShowsWhatWasChosen() throws {
        var candidate = try Self.learning(from: 2, of: 3)
        Self.promise(&candidate, 1, committed: 3, last: 4)
        #expect(Self.promise(&candidate, 2, committed: 1, last: 4) == [1: 2, 2: 2])
        Self.page(&candidate, 2, 2...4, [Self.row(2, 3, 32), Self.row(4, 1, 14)])
        #expect(candidate.recovery() == nil, "one member is no quorum")
        #expect(Self.promise(&candidate, 3, committed: 1, last: 3) == [3: 2])
        Self.page(&candidate, 3, 2...3, [Self.row(2, 2, 22), Self.row(3, 2, 23)])
        #expect(candidate.recovery() == [Self.entry(14)])
        #expect(candidate.chosen.map(\.entry) == [Self.entry(32), Self.entry(23)])
    }

    /// Nothing is proposed in a slot that is chosen, and no no-op above all: a quorum that shows nothing there
    /// cannot be one.
    @Test func aChosenSlotIsNeverClosed() throws {
        var candidate = try Self.learning(from: 1, of: 3)
        Self.promise(&candidate, 1, committed: 2, last: 2)
        Self.promise(&candidate, 2, last: 1)
        Self.promise(&candidate, 3, last: .zero)
        Self.page(&candidate, 2, 1...1, [Self.row(1, 1, 1)])
        #expect(candidate.recovery() == nil)
    }

    /// Who knows more than all who promise has nothing to learn of them.
    @Test func nothingIsLearnedTwice() throws {
        var candidate = try Self.learning(from: 9, of: 3)
        Self.promise(&candidate, 1, committed: 2, last: 3)
        #expect(Self.promise(&candidate, 2, committed: 1, last: 1) == [1: 3])
        Self.page(&candidate, 1, 3...3, [Self.row(3, 1, 3)])
        #expect(candidate.recovery() == [Self.entry(3)])
        #expect(candidate.chosen.isEmpty)
    }
}
