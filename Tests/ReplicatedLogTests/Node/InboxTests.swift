import TestSupport
import Testing

@testable import PaxosCore
@testable import Platform
@testable import ReplicatedLog

/// The inbox by itself, with no driver that drains it.
@Suite(.shared) struct InboxTests {
    let inbox: Inbox

    init() {
        var limits = Limits()
        limits.inboxAppends = 2
        inbox = Inbox(limits: limits, clock: TickClock(), parker: Parker())
    }

    private func append(_ deadline: Tick = .never) -> Task<Reply.Outcome, Never> {
        let inbox = inbox
        return Task {
            let ticket = Ticket()
            return await withTaskCancellationHandler {
                await Self.submit(ticket, to: inbox, deadline: deadline)
            } onCancel: {
                inbox.cancel(ticket)
            }
        }
    }

    static func submit(
        _ ticket: borrowing Ticket,
        to inbox: Inbox,
        bytes: Int = 2,
        deadline: Tick = .never
    ) async -> Reply.Outcome {
        await withUnsafeContinuation { continuation in
            inbox.submit(
                ticket,
                bytes: bytes,
                waits: true,
                continuation: continuation
            ) { waiter in
                AppendRequest(
                    waiter: waiter,
                    payloads: .one([UInt8](repeating: 1, count: bytes)),
                    bytes: bytes,
                    deadline: deadline
                )
            }
        }
    }

    private var waiting: Int { inbox.state.withLock { $0.waiters.count } }
    private var kept: Int { inbox.state.withLock { $0.appends.count + $0.overflow.count } }

    /// What a step of a core gets out of an inbox.
    struct Step: Equatable {
        var appends: [WaiterID] = []
        var cancellations: [WaiterID] = []
        var completions = 0
    }

    static let everything = Appetite(slots: .max, bytes: .max)

    /// As the driver does it; `nil` if there is nothing to step the core with.
    static func step(
        _ inbox: Inbox,
        _ appetite: Appetite = everything,
        at now: Tick = .zero,
        isDue: Bool = false,
        gathering: Gathering = Gathering()
    ) -> Step? {
        guard let taken = inbox.take(now: now, isDue: isDue, gathering: gathering) else {
            return nil
        }
        var step = Step()
        if taken.offersAppends { step.appends = inbox.take(appetite).map(\.waiter) }
        step.cancellations = taken.arrivals.cancellations
        step.completions = taken.arrivals.completions.count
        return step
    }

    private func taken(_ appetite: Appetite = everything) -> [WaiterID]? {
        Self.step(inbox, appetite)?.appends
    }

    private func cancelled() -> [WaiterID] { Self.step(inbox)?.cancellations ?? [] }

    /// Story: see `NodeOverloadTests.cancelledAppendsMakeRoom`.
    @Test func theRoomOfCancelledAppendsGoesToThoseWhoWait() async throws {
        let early = [append(), append()]
        try await eventually("two are in") { inbox.held.appends == 2 }
        let late = append()
        try await eventually("one waits") { kept == 3 }
        for task in early { task.cancel() }
        for task in early { #expect(await task.value == .never(.cancelled)) }
        #expect(inbox.held == Inbox.Held(appends: 1, bytes: 2))
        #expect(taken()?.count == 1)
        #expect(inbox.held == Inbox.Held())
        late.cancel()
        try await eventually("the core hears of it") {
            inbox.state.withLock { $0.cancellations.count } == 1
        }
        let waiter = try #require(cancelled().first)
        inbox.reply([Reply(waiter: waiter, outcome: .never(.cancelled))])
        #expect(await late.value == .never(.cancelled))
        // A second reply finds nobody.
        inbox.reply([Reply(waiter: waiter, outcome: .never(.closed))])
        #expect(waiting == 0)
    }

    /// Story: what a cancelled caller had wanted to append stayed until its deadline.
    @Test func nothingIsKeptForThoseWhoHaveGone() async throws {
        let held = [append(), append(), append()]
        try await eventually("all are there") { kept == 3 }
        for _ in 0..<50 {
            let task = append()
            try await eventually("it waits") { waiting == 4 }
            task.cancel()
            #expect(await task.value == .never(.cancelled))
            #expect(kept <= 6)
        }
        inbox.end(.closed)
        for task in held { #expect(await task.value == .never(.closed)) }
        #expect(inbox.held == Inbox.Held())
        #expect(waiting == 0)
        #expect(await append().value == .never(.closed))
        #expect(waiting == 0)
    }

    /// In the inbox and outside; the core hears of neither.
    @Test func whoWaitsTooLongIsExpired() async throws {
        inbox.drive()
        let early = [append(), append(Tick(7))]
        try await eventually("two are in") { inbox.held.appends == 2 }
        let short = append(Tick(5))
        try await eventually("one waits") { kept == 3 }
        let long = append(Tick(9))
        try await eventually("two wait") { kept == 4 }
        #expect(taken(.none) == [])
        #expect(inbox.alarms.deadline == Tick(5))
        #expect(Self.step(inbox, at: Tick(4)) == nil, "the core takes none")
        #expect(Self.step(inbox, at: Tick(5)) == nil)
        #expect(await short.value == .never(.timedOut))
        #expect(inbox.alarms.deadline == Tick(7))
        // One that leaves makes room, and it is worth looking again.
        #expect(Self.step(inbox, .none, at: Tick(8)) == Step())
        #expect(await early[1].value == .never(.timedOut))
        #expect(inbox.held.appends == 2)
        #expect(inbox.alarms.deadline == Tick(9))
        _ = Self.step(inbox, .none, at: Tick(10))
        #expect(await long.value == .never(.timedOut))
        #expect(inbox.alarms.deadline == .never)
        inbox.end(.closed)
        #expect(await early[0].value == .never(.closed))
        #expect(waiting == 0)
    }

    @Test func cancelledBeforeItIsHandedInItIsNeverTaken() async throws {
        let ticket = Ticket()
        inbox.cancel(ticket)
        inbox.cancel(ticket)
        #expect(await Self.submit(ticket, to: inbox) == .never(.cancelled))
        #expect(taken() == nil)
        #expect(waiting == 0)
        #expect(inbox.held == Inbox.Held())
    }

    /// A ticket of a caller who was answered names nobody any more, though the place has another user.
    @Test func cancelledLateItTouchesNobodyElse() async throws {
        let inbox = inbox
        let ticket = SharedTicket()
        let first = Task { await Self.submit(ticket.value, to: inbox) }
        try await eventually("it waits") { waiting == 1 }
        inbox.cancel(ticket.value)
        #expect(await first.value == .never(.cancelled))
        let second = append()
        try await eventually("another waits in its place") { inbox.held.appends == 1 }
        inbox.cancel(ticket.value)
        #expect(waiting == 1)
        #expect(taken()?.map(\.index) == [0])
        inbox.cancel(ticket.value)
        #expect(cancelled().isEmpty)
        inbox.reply([Reply(waiter: WaiterID(index: 0, generation: 1), outcome: .never(.closed))])
        #expect(await second.value == .never(.closed))
    }

    /// Appends that gather stay where they are while other things are handed over; one that is cancelled
    /// goes at once, and whatever else callers want takes all along.
    @Test func appendsThatGatherStay() async throws {
        let gathering = GatheringTests.forAnHour()
        var known: [WaiterID] = []
        func handed(isDue: Bool = false) -> [Int]? {
            guard let step = Self.step(inbox, isDue: isDue, gathering: gathering) else {
                return nil
            }
            known += step.appends
            return [step.appends.count, step.completions, step.cancellations.count]
        }
        let early = [append(), append()]
        try await eventually("two are in") { inbox.held.appends == 2 }
        #expect(handed() == nil)
        inbox.complete(ReadCompletion(id: ReadID(rawValue: 7), result: .failure(.closed)))
        #expect(handed() == [0, 1, 0])
        early[0].cancel()
        #expect(await early[0].value == .never(.cancelled), "the core has not heard of it")
        #expect(handed(isDue: true) == [1, 0, 0], "a deadline of the core")
        let late = append()
        try await eventually("another is in") { inbox.held.appends == 1 }
        early[1].cancel()
        try await eventually("the core is to hear of it") {
            inbox.state.withLock { !$0.cancellations.isEmpty }
        }
        #expect(handed() == [1, 0, 1])
        #expect(inbox.alarms.gathersSince == nil)
        inbox.reply(known.map { Reply(waiter: $0, outcome: .never(.closed)) })
        #expect(await early[1].value == .never(.closed))
        #expect(await late.value == .never(.closed))
        // Story: the last one that gathered was cancelled, and the driver looked again and again for nothing.
        let last = append()
        try await eventually("it is in") { inbox.held.appends == 1 }
        #expect(handed() == nil)
        #expect(inbox.alarms.gathersSince != nil)
        last.cancel()
        #expect(await last.value == .never(.cancelled))
        #expect(handed() == nil)
        #expect(inbox.alarms.gathersSince == nil)
    }

    /// Story: a caller that waited for much room went, and those after it who needed little waited on.
    @Test func whoStandsBehindACancelledCallerIsLetIn() async throws {
        var limits = Limits()
        limits.inboxBytes = 10
        let inbox = Inbox(limits: limits, clock: TickClock(), parker: Parker())
        let first = Task { await Self.submit(Ticket(), to: inbox, bytes: 8) }
        try await eventually("it is in") { inbox.held.appends == 1 }
        #expect(Self.step(inbox, .none) == Step())
        let big = Task {
            let ticket = Ticket()
            return await withTaskCancellationHandler {
                await Self.submit(ticket, to: inbox, bytes: 8)
            } onCancel: {
                inbox.cancel(ticket)
            }
        }
        try await eventually("it waits") { inbox.state.withLock { $0.overflow.count } == 1 }
        let small = Task { await Self.submit(Ticket(), to: inbox, bytes: 1) }
        try await eventually("another waits") { inbox.state.withLock { $0.overflow.count } == 2 }
        let last = Task { await Self.submit(Ticket(), to: inbox, bytes: 1) }
        try await eventually("all wait") { inbox.state.withLock { $0.overflow.count } == 3 }
        big.cancel()
        #expect(await big.value == .never(.cancelled))
        #expect(inbox.held == Inbox.Held(appends: 3, bytes: 10))
        // Let in by the cancellation, and not with the core yet: answered here.
        inbox.end(.closed)
        #expect(await first.value == .never(.closed))
        #expect(await small.value == .never(.closed))
        #expect(await last.value == .never(.closed))
        #expect(inbox.held == Inbox.Held())
    }

    static func cancellable(_ bytes: Int, in inbox: Inbox) -> Task<Reply.Outcome, Never> {
        Task {
            let ticket = Ticket()
            return await withTaskCancellationHandler {
                await Self.submit(ticket, to: inbox, bytes: bytes)
            } onCancel: {
                inbox.cancel(ticket)
            }
        }
    }

    /// Story: one that had given up behind another one, which stayed, went on taking its room, until half of
    /// all had gone or somebody drove the node.
    @Test func whoHasGoneBehindAnotherOneTakesNoRoom() async throws {
        var limits = Limits()
        limits.inboxBytes = 100
        let inbox = Inbox(limits: limits, clock: TickClock(), parker: Parker())
        var stay: [Task<Reply.Outcome, Never>] = []
        for count in 1...3 {
            stay.append(Self.cancellable(10, in: inbox))
            try await eventually("it is in") { inbox.held.appends == count }
        }
        let gone = Self.cancellable(60, in: inbox)
        try await eventually("it is full") { inbox.held.bytes == 90 }
        stay.append(Self.cancellable(50, in: inbox))
        try await eventually("one waits") { inbox.state.withLock { $0.overflow.count } == 1 }
        gone.cancel()
        #expect(await gone.value == .never(.cancelled))
        #expect(inbox.held == Inbox.Held(appends: 4, bytes: 80))
        // What it had brought is not kept either: it is more than a quarter of what there is room for.
        #expect(inbox.state.withLock { $0.appends.count } == 4)
        inbox.end(.closed)
        for task in stay { #expect(await task.value == .never(.closed)) }
        #expect(inbox.held == Inbox.Held())
        #expect(inbox.state.withLock { $0.overflowBytes } == 0)
    }

    /// Story: 1,500 appends of 400 KB handed in at once were kept, all of them.
    @Test func whatWaitsForRoomIsBoundedInBytes() async throws {
        var limits = Limits()
        limits.inboxBytes = 10_000
        limits.waitingBytes = 10_000
        let inbox = Inbox(limits: limits, clock: TickClock(), parker: Parker())
        let outcomes = Locked<[Reply.Outcome]>([])
        let callers = (0..<100).map { _ in
            Task {
                let outcome = await Self.cancellable(2_000, in: inbox).value
                outcomes.withLock { $0.append(outcome) }
            }
        }
        // Five are in, and three wait, which have a little more than their payloads.
        try await eventually("the others are answered") {
            outcomes.withLock { $0.count } == 92
        }
        #expect(outcomes.withLock { $0.allSatisfy { $0 == .never(.overloaded) } })
        #expect(inbox.state.withLock { $0.overflow.count } == 3)
        #expect(inbox.held == Inbox.Held(appends: 5, bytes: 10_000))
        inbox.end(.closed)
        for caller in callers { await caller.value }
        #expect(inbox.state.withLock { $0.overflowBytes } == 0)
        #expect(inbox.held == Inbox.Held())
    }

    /// Let in when others are taken, it is not with the core yet.
    @Test func whoIsLetInBehindOthersIsCancelledHere() async throws {
        let inbox = inbox
        let early = [append(), append()]
        try await eventually("two are in") { inbox.held.appends == 2 }
        let late = append()
        try await eventually("one waits") { kept == 3 }
        let waiters = try #require(taken())
        #expect(inbox.held.appends == 1)
        late.cancel()
        #expect(await late.value == .never(.cancelled))
        #expect(cancelled().isEmpty)
        inbox.reply(waiters.map { Reply(waiter: $0, outcome: .never(.full)) })
        for task in early { #expect(await task.value == .never(.full)) }
        #expect(inbox.held == Inbox.Held())
        #expect(waiting == 0)
    }

    /// More than are answered at once, while as many again wait for room.
    @Test func everyReplyFindsItsCaller() async throws {
        var limits = Limits()
        limits.inboxAppends = 300
        let inbox = Inbox(limits: limits, clock: TickClock(), parker: Parker())
        let callers = (1...400).map { number in
            (number, Task { await Self.submit(Ticket(), to: inbox, bytes: number) })
        }
        try await eventually("all wait") { inbox.state.withLock { $0.waiters.count } == 400 }
        var answered = 0
        while answered < 400 {
            guard let taken = inbox.take(now: .zero, isDue: false), taken.offersAppends else {
                Issue.record("nobody was let in")
                return inbox.end(.closed)
            }
            let appends = inbox.take(Appetite(slots: 70, bytes: .max))
            // Those that are left wait for the next step, which something else brings.
            inbox.complete(ReadCompletion(id: ReadID(rawValue: 7), result: .failure(.closed)))
            // Each is told its own number, which it has as so many bytes.
            let replies = appends.map { append in
                let slot = Slot(rawValue: UInt64(append.bytes))
                return Reply(waiter: append.waiter, outcome: .committed(first: slot, count: 1))
            }
            answered += appends.count
            inbox.reply(replies)
        }
        for (number, caller) in callers {
            let slot = Slot(rawValue: UInt64(number))
            #expect(await caller.value == .committed(first: slot, count: 1))
        }
        #expect(inbox.held == Inbox.Held())
        #expect(inbox.state.withLock { $0.waiters.count } == 0)
    }

    /// Story: a deadline was rounded down to a tick that began too early.
    @Test func deadlinesAreNeverEarly() {
        let clock = TickClock()
        for milliseconds in [0, 1, 9, 15, 25, 1_000] {
            for _ in 0..<2_000 {
                let called = MonotonicClock.now()
                let deadline = clock.deadline(after: .milliseconds(milliseconds))
                let begin = clock.instant(of: deadline)
                let wanted = called.advanced(by: .milliseconds(milliseconds))
                #expect(begin.map { $0 >= wanted } == true)
            }
        }
        #expect(clock.deadline(after: .seconds(-5)) <= clock.deadline(after: .zero))
        let never = clock.deadline(after: Duration(secondsComponent: .max, attosecondsComponent: 0))
        #expect(never > clock.deadline(after: .seconds(1 << 32)))
    }
}

/// A ticket that is used from several places.
private final class SharedTicket: Sendable {
    let value = Ticket()
}
