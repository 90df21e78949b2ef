internal import DequeModule
internal import PaxosCore
internal import Platform

/// Where everything that concerns a node arrives: appends and barriers of callers, receipts and reads of
/// the store. The driver swaps it out and steps the core with all of it.
///
/// An append costs two short critical sections and no hop (`R63`). The inbox is bounded in appends and
/// in bytes; what the core has not given a slot yet still counts. An append beyond the bound waits in
/// `overflow`, holding no more than its caller holds anyway; so does a barrier.
final class Inbox: Sendable {
    enum Phase: Equatable {
        /// Nobody drains the inbox yet.
        case open
        case running
        /// No reply comes from the core any more.
        case closed(Refusal)
    }

    struct State: ~Copyable {
        var phase = Phase.open
        var appends: [AppendRequest] = []
        var barriers: [BarrierRequest] = []
        var cancellations: [WaiterID] = []
        var completions: [ReadCompletion] = []
        var receipt: DurabilityReceipt?
        var isFull: Bool?
        var failure: StoreFailure?
        var closeBy: Tick?
        var waiters = WaiterTable()
        var overflow = Deque<AppendRequest>()
        /// No append in `overflow` has an earlier deadline.
        var overflowDeadline = Tick.never
        var usedAppends = 0
        var usedBytes = 0
        /// The append that wakes the driver, counted from the last time it took them.
        var wakingAppend = 1
        /// How many of `appends`, `overflow` and `barriers` were answered since the last sweep.
        var answered = 0

        var hasArrivals: Bool { !appends.isEmpty || hasMoreThanAppends }

        var hasMoreThanAppends: Bool {
            receipt != nil || !barriers.isEmpty || !cancellations.isEmpty || !completions.isEmpty
                || isFull != nil || failure != nil || closeBy != nil
        }
    }

    let state = Locked(State())
    private let limits: Limits
    private let clock: TickClock
    private let parker: Parker

    init(limits: Limits, clock: TickClock, parker: Parker) {
        self.limits = limits
        self.clock = clock
        self.parker = parker
    }

    // MARK: - Callers

    func reserve() -> WaiterID {
        state.withLock { $0.waiters.reserve() }
    }

    /// Hands an append in. If there is no room it waits, or is turned away if it would not.
    func submit(
        _ append: AppendRequest,
        waits: Bool,
        continuation: WaiterTable.Continuation
    ) {
        let (refusal, wakes) = state.withLock { state -> (Refusal?, Bool) in
            let hasRoom = state.overflow.isEmpty && state.hasRoom(for: append, limits: limits)
            let refusal =
                state.refusal(of: append.waiter) ?? (hasRoom || waits ? nil : .overloaded)
            if let refusal {
                _ = state.waiters.take(append.waiter)
                return (refusal, false)
            }
            state.waiters.suspend(append.waiter, continuation)
            if hasRoom {
                state.admit(append)
                return (nil, state.appends.count == state.wakingAppend)
            }
            // The driver may be asleep for longer than this append waits.
            let isEarliest = append.deadline < state.overflowDeadline
            if isEarliest { state.overflowDeadline = append.deadline }
            state.overflow.append(append)
            return (nil, isEarliest)
        }
        if let refusal { continuation.resume(returning: .never(refusal)) }
        if wakes { parker.unpark() }
    }

    func submit(_ barrier: BarrierRequest, continuation: WaiterTable.Continuation) {
        let refusal = state.withLock { state -> Refusal? in
            if let refusal = state.refusal(of: barrier.waiter) {
                _ = state.waiters.take(barrier.waiter)
                return refusal
            }
            state.waiters.suspend(barrier.waiter, continuation)
            state.barriers.append(barrier)
            return nil
        }
        if let refusal { continuation.resume(returning: .never(refusal)) }
        parker.unpark()
    }

    /// A caller's task was cancelled. What the core has not seen is answered here.
    func cancel(_ waiter: WaiterID) {
        let continuation = state.withLock { state -> WaiterTable.Continuation? in
            switch state.waiters.stage(of: waiter) {
            case .reserved:
                state.waiters.move(waiter, to: .cancelledEarly)
            case .outside:
                let continuation = state.waiters.take(waiter)
                state.noteAnswered(limits: limits)
                return continuation
            case .inside:
                state.cancellations.append(waiter)
            case .cancelledEarly, nil:
                break
            }
            return nil
        }
        continuation?.resume(returning: .never(.cancelled))
        // Also if it was answered here: what it leaves may have let in somebody else.
        parker.unpark()
    }

    /// Shut down until then; a later call can only bring the time forward.
    func close(by deadline: Tick) {
        state.withLock { state in
            state.closeBy = min(state.closeBy ?? .never, deadline)
        }
        parker.unpark()
    }

    // MARK: - Driver

    func begin() {
        state.withLock { $0.phase = .running }
    }

    /// Everything that has arrived, or `nil` if nothing has, or nothing but fewer than `least` appends.
    func take(now: Tick, isDue: Bool, least: Int) -> Arrivals? {
        state.withLock { state -> Arrivals? in
            guard state.hasArrivals || isDue else { return nil }
            if !isDue, state.appends.count < least, !state.hasMoreThanAppends {
                state.wakingAppend = least
                return nil
            }
            state.wakingAppend = 1
            var arrivals = Arrivals(now: now)
            state.enterCore(limits: limits)
            arrivals.appends = state.appends.handOver()
            arrivals.barriers = state.barriers.handOver()
            arrivals.cancellations = state.cancellations.handOver()
            arrivals.completions = state.completions.handOver()
            arrivals.receipt = state.receipt.take()
            arrivals.isFull = state.isFull.take()
            arrivals.failure = state.failure.take()
            arrivals.closeBy = state.closeBy.take()
            return arrivals
        }
    }

    /// Resumes every caller the core has replied to, and lets in those that waited for room.
    func reply(_ replies: [Reply], drained: InboxShare) {
        if replies.isEmpty, drained.appends == 0 { return }
        var resumed: [(WaiterTable.Continuation, Reply.Outcome)] = []
        resumed.reserveCapacity(replies.count)
        state.withLock { state in
            for reply in replies {
                if let continuation = state.waiters.take(reply.waiter) {
                    resumed.append((continuation, reply.outcome))
                }
            }
            state.usedAppends -= drained.appends
            state.usedBytes -= drained.bytes
            state.admitOverflow(limits: limits)
        }
        for (continuation, outcome) in resumed { continuation.resume(returning: outcome) }
    }

    /// The earliest deadline of an append that waits for room; `never` if none does.
    var overflowDeadline: Tick {
        state.withLock { $0.overflowDeadline }
    }

    /// Answers the appends that waited for room longer than they would.
    func expireOverflow(now: Tick) {
        let expired = state.withLock { state -> [WaiterTable.Continuation] in
            guard state.overflowDeadline <= now else { return [] }
            var expired: [WaiterTable.Continuation] = []
            var kept = Deque<AppendRequest>()
            for append in state.overflow {
                if append.deadline > now {
                    kept.append(append)
                } else if let continuation = state.waiters.take(append.waiter) {
                    expired.append(continuation)
                }
            }
            state.overflow = kept
            state.overflowDeadline = kept.map(\.deadline).min() ?? .never
            state.admitOverflow(limits: limits)
            return expired
        }
        for continuation in expired { continuation.resume(returning: .never(.timedOut)) }
    }

    /// The core has said its last word: whoever is still here is refused, and so is whoever comes.
    func end(_ refusal: Refusal) {
        let left = state.withLock { state -> [WaiterTable.Continuation] in
            state.phase = .closed(refusal)
            var left: [WaiterTable.Continuation] = []
            let waiting =
                state.appends.map(\.waiter) + state.overflow.map(\.waiter)
                + state.barriers.map(\.waiter)
            for waiter in waiting {
                if let continuation = state.waiters.take(waiter) { left.append(continuation) }
            }
            for append in state.appends { state.giveBack(append) }
            state.appends = []
            state.barriers = []
            state.overflow = []
            return left
        }
        for continuation in left { continuation.resume(returning: .never(refusal)) }
    }

    func complete(_ completion: ReadCompletion) {
        state.withLock { $0.completions.append(completion) }
        parker.unpark()
    }

    /// What the inbox holds of its bounds.
    var share: InboxShare {
        state.withLock { state in
            var share = InboxShare()
            share.appends = state.usedAppends
            share.bytes = state.usedBytes
            return share
        }
    }
}

extension Inbox: StoreObserver {
    func durable(_ receipt: consuming DurabilityReceipt) {
        deposit(receipt)
        parker.unpark()
    }

    private func deposit(_ receipt: consuming DurabilityReceipt) {
        var newer: DurabilityReceipt? = consume receipt
        state.withLock { state in
            guard let newer = newer.take() else { return }
            if var older = state.receipt.take() {
                older.merge(newer)
                state.receipt = consume older
            } else {
                state.receipt = consume newer
            }
        }
    }

    func failed(_ failure: StoreFailure) {
        state.withLock { $0.failure = failure }
        parker.unpark()
    }

    func full(_ isFull: Bool) {
        state.withLock { $0.isFull = isFull }
        parker.unpark()
    }
}

extension Array {
    /// Returns the elements and leaves an empty array that has room for as many.
    fileprivate mutating func handOver() -> [Element] {
        if isEmpty { return [] }
        var empty: [Element] = []
        empty.reserveCapacity(count)
        swap(&self, &empty)
        return empty
    }
}
