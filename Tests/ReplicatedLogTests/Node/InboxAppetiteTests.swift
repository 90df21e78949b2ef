import TestSupport
import Testing

@testable import PaxosCore
@testable import Platform
@testable import ReplicatedLog

/// Appends that the core does not take at once: they wait in the inbox and nowhere else.
@Suite(.shared) struct InboxAppetiteTests {
    private let inbox: Inbox

    init() {
        var limits = Limits()
        limits.inboxAppends = 4
        inbox = Inbox(limits: limits, clock: TickClock(), parker: Parker())
    }

    /// So many callers, who are in one after the other.
    private func append(_ count: Int, bytes: Int = 2) async throws -> [Task<Reply.Outcome, Never>] {
        var callers: [Task<Reply.Outcome, Never>] = []
        let begin = waiting
        for number in 1...count {
            callers.append(InboxTests.cancellable(bytes, in: inbox))
            try await eventually("it waits") { waiting == begin + number }
        }
        return callers
    }

    private var waiting: Int { inbox.state.withLock { $0.waiters.count } }

    private func slots(_ count: Int) -> Appetite { Appetite(slots: count, bytes: .max) }

    private func arrive() {
        inbox.complete(ReadCompletion(id: ReadID(rawValue: 7), result: .failure(.closed)))
    }

    private func answer(_ waiters: [WaiterID]) {
        inbox.reply(waiters.map { Reply(waiter: $0, outcome: .never(.full)) })
    }

    /// No step is made for those that the core has no room for, whoever comes behind them; whatever else arrives
    /// makes one, and they are to be had in it.
    @Test func whoIsLeftIsOfferedWithWhateverArrivesNext() async throws {
        var callers = try await append(3)
        #expect(InboxTests.step(inbox, slots(1))?.appends.map(\.index) == [0])
        #expect(inbox.held == Inbox.Held(appends: 2, bytes: 4))
        #expect(InboxTests.step(inbox, slots(9)) == nil)
        callers += try await append(1)
        #expect(InboxTests.step(inbox, slots(9)) == nil)
        arrive()
        let step = try #require(InboxTests.step(inbox, slots(2)))
        #expect(step.completions == 1)
        #expect(step.appends.map(\.index) == [1, 2])
        #expect(InboxTests.step(inbox, slots(9)) == nil)
        #expect(InboxTests.step(inbox, slots(9), isDue: true)?.appends.map(\.index) == [3])
        #expect(inbox.held == Inbox.Held())
        // All were taken: the next one makes a step.
        callers += try await append(1)
        #expect(InboxTests.step(inbox, slots(1))?.appends.map(\.index) == [4])
        answer((0..<5).map { WaiterID(index: $0, generation: 0) })
        for caller in callers { #expect(await caller.value == .never(.full)) }
    }

    /// Those that were let in while others were taken are to be had at once.
    @Test func whoWaitedForRoomIsOfferedNext() async throws {
        let callers = try await append(7)
        #expect(inbox.state.withLock { $0.overflow.count } == 3)
        let first = try #require(InboxTests.step(inbox, slots(4))?.appends)
        #expect(first.count == 4)
        let second = try #require(InboxTests.step(inbox, slots(4))?.appends)
        #expect(second.count == 3)
        answer(first + second)
        for caller in callers { #expect(await caller.value == .never(.full)) }
        #expect(waiting == 0)
    }

    /// Behind one that was too large and has gone there may be one that is not: it is worth a step.
    @Test func whoStandsBehindOneThatWasTooLargeIsOffered() async throws {
        let large = try await append(1, bytes: 9)
        let small = try await append(1, bytes: 1)
        let appetite = Appetite(slots: 5, bytes: 5)
        #expect(InboxTests.step(inbox, appetite)?.appends == [])
        #expect(InboxTests.step(inbox, appetite) == nil)
        large[0].cancel()
        #expect(await large[0].value == .never(.cancelled))
        #expect(InboxTests.step(inbox, appetite)?.appends.map(\.index) == [1])
        answer([WaiterID(index: 1, generation: 0)])
        #expect(await small[0].value == .never(.full))
        #expect(inbox.held == Inbox.Held())
    }

    /// Who was taken is the core's to answer, who was not is answered here: never more than one of the two.
    @Test func whoIsCancelledIsAnsweredOnOneSide() async throws {
        let callers = try await append(2)
        #expect(InboxTests.step(inbox, slots(1))?.appends.count == 1)
        for caller in callers { caller.cancel() }
        #expect(await callers[1].value == .never(.cancelled))
        try await eventually("the core is to hear of it") {
            inbox.state.withLock { $0.cancellations.count } == 1
        }
        #expect(InboxTests.step(inbox)?.cancellations.map(\.index) == [0])
        answer([WaiterID(index: 0, generation: 0)])
        #expect(await callers[0].value == .never(.full))
    }

    /// Its caller has gone, and somebody else may have the place under which the core would know it.
    @Test func aBarrierThatWasCancelledIsNotHandedOver() async throws {
        let inbox = inbox
        let callers = try await append(2)
        let barrier = Task {
            let ticket = Ticket()
            return await withTaskCancellationHandler {
                await withUnsafeContinuation { continuation in
                    inbox.submit(ticket, continuation: continuation, barrierBy: .never)
                }
            } onCancel: {
                inbox.cancel(ticket)
            }
        }
        try await eventually("it waits") { waiting == 3 }
        barrier.cancel()
        #expect(await barrier.value == .never(.cancelled))
        guard let taken = inbox.take(now: .zero, isDue: false) else {
            Issue.record("there are appends")
            return inbox.end(.closed)
        }
        let barriers = taken.arrivals.barriers.count
        #expect(barriers == 0)
        inbox.end(.closed)
        for caller in callers { #expect(await caller.value == .never(.closed)) }
    }

    /// Whoever waits in vain is told so, also who waits for room; who was taken is not.
    @Test func whoWaitsInVainIsRefused() async throws {
        let callers = try await append(7)
        #expect(InboxTests.step(inbox, slots(2))?.appends.count == 2)
        inbox.refuse(.full)
        for caller in callers.dropFirst(2) { #expect(await caller.value == .never(.full)) }
        #expect(inbox.held == Inbox.Held())
        #expect(waiting == 2)
        #expect(InboxTests.step(inbox) == nil)
        let later = try await append(1)
        #expect(InboxTests.step(inbox, slots(9))?.appends.count == 1)
        inbox.reply(
            ([0, 1, 6] as [UInt32]).map {
                let waiter = WaiterID(index: $0, generation: $0 == 6 ? 1 : 0)
                return Reply(waiter: waiter, outcome: .never(.closed))
            }
        )
        for caller in callers.prefix(2) + later { #expect(await caller.value == .never(.closed)) }
    }

    /// Nothing but receipts comes to a node that is alone: they alone make room, and every step that makes some
    /// takes those who wait for it. None of them comes again to wake it.
    @Test func aNodeThatIsAloneGoesOnWithEachReceipt() async throws {
        let directory = try NodeDirectory { limits in
            limits.pipelineSlots = 2
            limits.appendTimeout = .seconds(60)
        }
        let node = try await directory.make()
        let callers = (0..<50).map { number in Task { try await node.append(payload(number)) } }
        try await eventually("all are in") { node.inbox.held.appends == 50 }
        try await running(node) { node in
            var slots: Set<Slot> = []
            for caller in callers { slots.insert(try await caller.value) }
            #expect(slots == Set((1...50).map { Slot(rawValue: $0) }))
        }
    }
}
