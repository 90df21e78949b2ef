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
            let waiter = inbox.reserve()
            let request = AppendRequest(
                waiter: waiter,
                payloads: .one([1, 2]),
                bytes: 2,
                deadline: deadline
            )
            return await withTaskCancellationHandler {
                await withUnsafeContinuation { continuation in
                    inbox.submit(request, waits: true, continuation: continuation)
                }
            } onCancel: {
                inbox.cancel(waiter)
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

    @Test func cancelledBeforeItSuspendsItIsNeverTaken() async throws {
        let waiter = inbox.reserve()
        inbox.cancel(waiter)
        inbox.cancel(waiter)
        let outcome = await withUnsafeContinuation { continuation in
            inbox.submit(
                AppendRequest(waiter: waiter, payloads: .one([]), bytes: 0, deadline: .never),
                waits: true,
                continuation: continuation
            )
        }
        #expect(outcome == .never(.cancelled))
        #expect(taken() == nil)
        // Late, of a place that has another user now.
        let next = inbox.reserve()
        #expect(next.index == waiter.index)
        inbox.cancel(waiter)
        #expect(inbox.state.withLock { $0.waiters.stage(of: next) } == .reserved)
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
