@testable import PaxosCore
import Testing

/// How much of the inbox the core takes, step by step.
@Suite struct AppetiteTests {
    private static let ballot = Ballot(round: 4, node: 3)

    static func limits(slots: Int, bytes: Int = 8 << 20) -> Limits {
        var limits = Limits()
        limits.pipelineSlots = slots
        limits.pipelineBytes = bytes
        return limits
    }

    private static func appetite(slots: Int, bytes: Int, next: Slot) -> Appetite {
        Appetite(slots: slots, bytes: bytes, open: .next(with: slots, of: next))
    }

    private static func heartbeat(_ round: UInt64 = 1, _ committed: Slot = 0, isFull: Bool = false)
        -> Immediate
    {
        .heartbeat(
            Heartbeat(ballot: ballot, round: round, committed: committed, isFull: isFull)
        )
    }

    /// It shrinks with what is proposed and grows with receipts, in slots and in bytes; whoever waits goes on in
    /// the very step that makes room, though nothing else arrives.
    @Test func aReceiptMakesRoom() throws {
        let member = OneMember(limits: Self.limits(slots: 4, bytes: 100))
        #expect(member.core.appetite == .none)
        try member.drain()
        #expect(member.core.appetite == Self.appetite(slots: 4, bytes: 100, next: 1))
        let appends = (0..<9).map { _ in member.append(30) }
        #expect(try member.step(appends: appends).taken == 3)
        #expect(member.core.appetite == Self.appetite(slots: 1, bytes: 10, next: 4))
        #expect(try member.step().taken == 0)
        #expect(try member.step(flush: 1).taken == 3)
        #expect(try member.step(flush: 1).taken == 3)
        #expect(try member.step(flush: 1).outcomes.count == 3)
        #expect(member.core.appetite == Self.appetite(slots: 4, bytes: 100, next: 10))
        // Small ones end at the slots.
        let small = (0..<5).map { _ in member.append() }
        #expect(try member.step(appends: small).taken == 4)
    }

    /// A leader of others goes on when a quorum has accepted.
    @Test func acceptancesMakeRoom() throws {
        let member = OneMember(members: [1, 2, 3], limits: Self.limits(slots: 2))
        let led = try member.lead()
        try member.step(at: led.at, flush: member.store.waiting)
        let appends = (0..<3).map { _ in member.append() }
        #expect(try member.step(at: led.at, appends: appends).taken == 2)
        #expect(try member.step(at: led.at, flush: 1).taken == 0)
        let accepted = Accepted(ballot: led.ballot, slots: 1...2)
        #expect(try member.hear(2, at: led.at, .accepted(accepted)).taken == 1)
    }

    /// An append that comes in the step that brings the leader goes in that step; a follower hands on one
    /// pipeline and no more before something is decided.
    @Test func aFollowerHandsOnAPipeline() throws {
        let member = OneMember(members: [1, 2, 3], limits: Self.limits(slots: 2))
        #expect(try member.step(appends: (0..<4).map { _ in member.append() }).taken == 0)
        let found = try member.step(appends: [member.append()]) {
            $0.messages = [member.from(3, Self.heartbeat())]
        }
        #expect(found.taken == 2)
        #expect(member.core.appetite.slots == 0)
        let entries = (1...2 as ClosedRange<UInt64>).map { sequence in
            let token = Token(node: 1, boot: Boot(1), sequence: sequence)
            return Entry.command(Command(token: token, payload: [1]))
        }
        let accept = Accept(
            ballot: Self.ballot,
            run: EntryRun(first: 1, entries: entries),
            committed: .zero
        )
        try member.hear(3, .accept(accept))
        #expect(try member.step(flush: 1).taken == 0)
        let decided = try member.hear(3, Self.heartbeat(2, 2))
        #expect(decided.outcomes.count == 2)
        #expect(decided.taken == 2)
        #expect(member.waiting == 1)
    }

    /// What other nodes forward comes first, and goes in the same Accept.
    @Test func whatIsForwardedComesFirst() throws {
        let member = OneMember(members: [1, 2, 3], limits: Self.limits(slots: 2))
        let led = try member.lead()
        try member.step(at: led.at, flush: member.store.waiting)
        let token = Token(node: 2, boot: Boot(1), sequence: 1)
        let forward = Forward(token: token, payloads: .one([9]), hops: 0)
        let said = try member.step(at: led.at, appends: [member.append(), member.append()]) {
            $0.messages = [member.from(2, .forward(forward))]
        }
        #expect(said.taken == 1)
        let accepts = said.immediate.compactMap { message in
            if case .accept(let accept) = message.body { accept } else { nil }
        }
        #expect(accepts.map(\.run.slots) == [1...2, 1...2])
        let commands = accepts.first?.run.entries.compactMap { entry in
            if case .command(let command) = entry { command.token.node } else { nil }
        }
        #expect(commands == [2, 1])
    }

    /// A batch is taken whole or not at all, and nothing passes it.
    @Test func aBatchIsTakenWhole() throws {
        let member = OneMember(limits: Self.limits(slots: 4))
        try member.drain()
        let batch = AppendRequest(
            waiter: WaiterID(index: 50, generation: 1),
            payloads: .batch([[1], [2]]),
            bytes: 2,
            deadline: .never
        )
        let first = (0..<3).map { _ in member.append() }
        #expect(try member.step(appends: first + [batch, member.append()]).taken == 3)
        #expect(member.core.appetite.slots == 1)
        #expect(try member.step(flush: 1).taken == 2)
    }

    /// Nothing is taken in vain: whoever waits is told why, and so is whoever comes later.
    @Test func whoeverWaitsInVainIsTold() throws {
        let full = OneMember(members: [1, 2, 3])
        try full.step(appends: [full.append()])
        let said = try full.hear(3, Self.heartbeat(isFull: true))
        #expect(said.outcomes == [.never(.full)])
        #expect(try full.step(appends: [full.append()]).outcomes == [.never(.full)])

        let closing = OneMember(limits: Self.limits(slots: 2))
        try closing.drain()
        let appends = (0..<3).map { _ in closing.append() }
        // What has room when the end is called for still gets a slot.
        let called = try closing.step(appends: appends) { $0.closeBy = Tick(10) }
        #expect(called.taken == 2)
        #expect(called.outcomes == [.never(.closed)])
        #expect(closing.core.appetite == .none)
        #expect(try closing.drain().outcomes.count == 2)
    }

    /// What was not taken is the inbox's to answer: the core knows nobody of that name.
    @Test func whoIsNotTakenIsUnknownToTheCore() throws {
        let member = OneMember(members: [1, 2, 3])
        let append = member.append(deadline: Tick(3))
        try member.step(appends: [append])
        var arrivals = Arrivals(now: Tick(3))
        arrivals.cancellations = [append.waiter]
        let step = member.core.begin(arrivals)
        #expect(member.core.finish(step).replies.isEmpty)
        #expect(try member.step(at: 3).outcomes == [.never(.timedOut)])
    }

    @Test func moreThanItTakesTraps() async {
        await #expect(processExitsWith: .failure) {
            let member = OneMember(limits: AppetiteTests.limits(slots: 2))
            try member.drain()
            let step = member.core.begin(Arrivals(now: .zero))
            _ = member.core.finish(step, taking: (0..<3).map { _ in member.append() })
        }
    }

    @Test func aStepThatIsNotFinishedTraps() async {
        await #expect(processExitsWith: .failure) {
            let member = OneMember()
            _ = member.core.begin(Arrivals(now: .zero))
            _ = member.core.begin(Arrivals(now: .zero))
        }
    }
}
