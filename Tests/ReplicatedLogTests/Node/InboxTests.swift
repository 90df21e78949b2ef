import Testing

@testable import PaxosCore
@testable import Platform
@testable import ReplicatedLog

/// The inbox by itself, with no driver that drains it.
@Suite struct InboxTests {
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

    private static func submit(
        _ ticket: borrowing Ticket,
        to inbox: Inbox,
        deadline: Tick = .never
    ) async -> Reply.Outcome {
        await withUnsafeContinuation { continuation in
            inbox.submit(ticket, waits: true, continuation: continuation) { waiter in
                AppendRequest(
                    waiter: waiter,
                    payloads: .one([1, 2]),
                    bytes: 2,
                    deadline: deadline
                )
            }
        }
    }

    private var waiting: Int { inbox.state.withLock { $0.waiters.count } }
    private var kept: Int { inbox.state.withLock { $0.appends.count + $0.overflow.count } }

    private func taken() -> [WaiterID]? {
        guard let arrivals = inbox.take(now: .zero, isDue: false, least: 1) else { return nil }
        return arrivals.appends.map(\.waiter)
    }

    private func cancelled() -> [WaiterID] {
        guard let arrivals = inbox.take(now: .zero, isDue: false, least: 1) else { return [] }
        return arrivals.cancellations
    }

    /// Story: see `NodeOverloadTests.cancelledAppendsMakeRoom`.
    @Test func theRoomOfCancelledAppendsGoesToThoseWhoWait() async throws {
        let early = [append(), append()]
        try await eventually("two are in") { inbox.share.appends == 2 }
        let late = append()
        try await eventually("one waits") { kept == 3 }
        for task in early { task.cancel() }
        for task in early { #expect(await task.value == .never(.cancelled)) }
        #expect(taken()?.count == 1)
        #expect(inbox.share.appends == 1)
        #expect(inbox.share.bytes == 2)
        late.cancel()
        try await eventually("the core hears of it") {
            inbox.state.withLock { $0.cancellations.count } == 1
        }
        var share = InboxShare()
        share.appends = 1
        share.bytes = 2
        let waiter = try #require(cancelled().first)
        inbox.reply([Reply(waiter: waiter, outcome: .never(.cancelled))], drained: share)
        #expect(await late.value == .never(.cancelled))
        // A second reply finds nobody.
        inbox.reply([Reply(waiter: waiter, outcome: .never(.closed))], drained: InboxShare())
        #expect(inbox.share == InboxShare())
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
        #expect(inbox.share == InboxShare())
        #expect(waiting == 0)
        #expect(await append().value == .never(.closed))
        #expect(waiting == 0)
    }

    @Test func whoWaitsForRoomIsExpired() async throws {
        let early = [append(), append()]
        try await eventually("two are in") { inbox.share.appends == 2 }
        let short = append(Tick(5))
        try await eventually("one waits") { kept == 3 }
        let long = append(Tick(9))
        try await eventually("two wait") { kept == 4 }
        #expect(inbox.overflowDeadline == Tick(5))
        inbox.expireOverflow(now: Tick(5))
        #expect(await short.value == .never(.timedOut))
        #expect(inbox.overflowDeadline == Tick(9))
        inbox.expireOverflow(now: Tick(10))
        #expect(await long.value == .never(.timedOut))
        #expect(inbox.overflowDeadline == .never)
        inbox.end(.closed)
        for task in early { _ = await task.value }
        #expect(waiting == 0)
    }

    @Test func cancelledBeforeItIsHandedInItIsNeverTaken() async throws {
        let ticket = Ticket()
        inbox.cancel(ticket)
        inbox.cancel(ticket)
        #expect(await Self.submit(ticket, to: inbox) == .never(.cancelled))
        #expect(taken() == nil)
        #expect(waiting == 0)
        #expect(inbox.share == InboxShare())
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
        try await eventually("another waits in its place") { inbox.share.appends == 1 }
        inbox.cancel(ticket.value)
        #expect(waiting == 1)
        #expect(taken()?.map(\.index) == [0])
        inbox.cancel(ticket.value)
        #expect(cancelled().isEmpty)
        inbox.reply(
            [Reply(waiter: WaiterID(index: 0, generation: 1), outcome: .never(.closed))],
            drained: InboxShare(appends: 1, bytes: 2)
        )
        #expect(await second.value == .never(.closed))
    }

    /// More than are answered at once, in the order of the replies, with room for those who wait.
    @Test func everyReplyFindsItsCaller() async throws {
        var limits = Limits()
        limits.inboxAppends = 300
        let inbox = Inbox(limits: limits, clock: TickClock(), parker: Parker())
        let callers = (0..<400).map { _ in
            Task { await Self.submit(Ticket(), to: inbox) }
        }
        try await eventually("all wait") { inbox.state.withLock { $0.waiters.count } == 400 }
        var answered = 0
        while answered < 400 {
            guard let arrivals = inbox.take(now: .zero, isDue: false, least: 1) else {
                Issue.record("nobody was let in")
                return inbox.end(.closed)
            }
            let appends = arrivals.appends
            let replies = appends.enumerated().map { place, append in
                Reply(
                    waiter: append.waiter,
                    outcome: .committed(
                        first: Slot(rawValue: UInt64(answered + place + 1)),
                        count: 1
                    )
                )
            }
            answered += appends.count
            let share = InboxShare(appends: appends.count, bytes: 2 * appends.count)
            inbox.reply(replies, drained: share)
        }
        var slots: Set<Slot> = []
        for caller in callers {
            guard case .committed(let slot, 1) = await caller.value else {
                Issue.record("a caller got another's answer")
                continue
            }
            slots.insert(slot)
        }
        #expect(slots.count == 400)
        #expect(inbox.share == InboxShare())
        #expect(inbox.state.withLock { $0.waiters.count } == 0)
    }

    /// Story: a deadline was rounded down to a tick that began too early.
    @Test func deadlinesAreNeverEarly() {
        let clock = TickClock()
        for milliseconds in [0, 1, 9, 15, 25, 1_000] {
            for _ in 0..<2_000 {
                let called = MonotonicClock.now()
                let deadline = clock.deadline(milliseconds: milliseconds)
                let begin = clock.instant(of: deadline)
                let wanted = called.advanced(by: .milliseconds(milliseconds))
                #expect(begin.map { $0 >= wanted } == true)
            }
        }
        #expect(clock.deadline(after: .seconds(-5)) <= clock.deadline(milliseconds: 0))
        #expect(clock.deadline(milliseconds: .max) == .never)
        _ = clock.deadline(after: Duration(secondsComponent: .max, attosecondsComponent: 0))
    }
}

/// A ticket that is used from several places.
private final class SharedTicket: Sendable {
    let value = Ticket()
}
