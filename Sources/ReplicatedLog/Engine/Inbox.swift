internal import PaxosCore
internal import Platform

/// Where everything that concerns a node arrives: appends and barriers of callers, messages of peers, receipts
/// and reads of the store. The driver swaps it out and steps the core with all of it, but for appends: of those
/// the core is handed as many as it takes, and the others wait here. They wait nowhere else.
///
/// An append costs one short critical section and no hop (`R63`). The inbox is bounded in appends and
/// in bytes: what the core has not taken still counts. An append beyond the bound waits in
/// `overflow`, which is bounded in bytes too: beyond that it is refused as overloaded. Barriers are not
/// bounded: each holds no more than its caller holds anyway.
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
        /// The driver looks at deadlines.
        var isDriven = false
        var appends = Backlog()
        var barriers: [BarrierRequest] = []
        var trims: [TrimRequest] = []
        var cursors: [CursorRequest] = []
        var confirmed: [CursorMove] = []
        var resolves: [ResolveRequest] = []
        var transfers: [TransferCall] = []
        var explains: [Explains] = []
        var cancellations: [WaiterID] = []
        var completions: [ReadCompletion] = []
        var snapshots: [SnapshotCompletion] = []
        var messages: [Envelope] = []
        /// Bytes of `messages`.
        var messageBytes = 0
        /// Messages that were dropped for want of room.
        var droppedMessages: UInt64 = 0
        var receipt: DurabilityReceipt?
        var isFull: Bool?
        var keepsAbove: Slot?
        var snapshot: Slot?
        var states: [StateMark] = []
        var failure: StoreFailure?
        var closeBy: Tick?
        var waiters = WaiterTable()
        var overflow = Ring<AppendRequest>()
        /// What those hold that wait in `overflow`.
        var overflowBytes = 0
        /// No append that waits here has an earlier deadline.
        var deadline = Tick.never
        /// What those hold that wait in `appends`.
        var held = Held()
        /// The first of `appends` is more than the core takes: it is of no use to look again before a step makes
        /// room, or that one leaves.
        var awaitsAppetite = false
        /// The append that wakes the driver, counted from the last time it took them.
        var wakingAppend = 1
        /// Since when appends stay here to be joined by others.
        var gathersSince: MonotonicInstant?
        /// How many of `appends`, `overflow`, `barriers`, `trims`, `cursors` and `resolves` were answered since the last
        /// sweep, and what their payloads still take.
        var answered = 0
        var answeredBytes = 0

        var hasMoreThanAppends: Bool {
            receipt != nil || !messages.isEmpty || !completions.isEmpty
                || !snapshots.isEmpty || hasWordOfCallers
                || isFull != nil || failure != nil || !confirmed.isEmpty || !states.isEmpty
        }

        mutating func stopGathering() {
            wakingAppend = 1
            gathersSince = nil
        }

        /// Callers want something beside appends, and not before them.
        var hasWordOfCallers: Bool {
            !barriers.isEmpty || !trims.isEmpty || !cursors.isEmpty || !resolves.isEmpty
                || !transfers.isEmpty || !explains.isEmpty || !cancellations.isEmpty
                || closeBy != nil
        }
    }

    typealias Explains = UnsafeContinuation<[Explanation], Never>

    /// What appends take of the inbox's bounds.
    struct Held: Equatable {
        var appends = 0
        var bytes = 0
    }

    /// What a step of the core begins with.
    struct Taken: ~Copyable {
        var arrivals: Arrivals
        /// Appends are to be had as well.
        var offersAppends = false
        /// Who wants to know why something does not go on.
        var explains: [Explains] = []
    }

    private static let repliesAtOnce = 64

    let state = Locked(State())
    private let limits: Limits
    private let clock: TickClock
    let parker: Parker
    private let early: EarlyDeadlines

    init(limits: Limits, clock: TickClock, parker: Parker) {
        self.limits = limits
        self.clock = clock
        self.parker = parker
        early = EarlyDeadlines(clock: clock)
    }

    // MARK: - Callers

    /// Hands an append in, under the waiter's name that it gets. If there is no room it waits, or is
    /// turned away if it would not, or if too much waits already.
    func submit(
        _ ticket: borrowing Ticket,
        bytes: Int,
        waits: Bool,
        continuation: WaiterTable.Continuation,
        append: (WaiterID) -> AppendRequest
    ) {
        var isEarly = false
        let (refusal, wakes) = state.withLock { state -> (Refusal?, Bool) in
            if let refusal = state.refusal { return (refusal, false) }
            isEarly = !state.isDriven
            guard let waiter = state.waiters.add(continuation, as: ticket, bytes: bytes) else {
                return (.cancelled, false)
            }
            let append = append(waiter)
            // The driver may be asleep for longer than this append waits.
            let isEarliest = append.deadline < state.deadline
            if state.overflow.isEmpty, state.hasRoom(for: append, limits: limits) {
                if isEarliest { state.deadline = append.deadline }
                state.admit(append)
                return (nil, isEarliest || state.appends.count == state.wakingAppend)
            }
            guard waits, state.mayWait(append, limits: limits) else {
                _ = state.waiters.take(waiter)
                return (.overloaded, false)
            }
            if isEarliest { state.deadline = append.deadline }
            state.queue(append)
            return (nil, isEarliest)
        }
        if let refusal { continuation.resume(returning: .never(refusal)) }
        if wakes { parker.unpark() }
        if isEarly { early.watch(self) }
    }

    /// Hands in what takes no room but for its caller.
    func submit(
        _ ticket: borrowing Ticket,
        _ continuation: WaiterTable.Continuation,
        _ add: (inout State, WaiterID) -> Void
    ) {
        var isEarly = false
        let refusal = state.withLock { state -> Refusal? in
            if let refusal = state.refusal { return refusal }
            isEarly = !state.isDriven
            guard let waiter = state.waiters.add(continuation, as: ticket, bytes: nil) else {
                return .cancelled
            }
            state.waiters.letIn(waiter)
            add(&state, waiter)
            return nil
        }
        if let refusal { continuation.resume(returning: .never(refusal)) }
        parker.unpark()
        if isEarly { early.watch(self) }
    }

    /// A caller's task was cancelled. What the core has not seen is answered here.
    func cancel(_ ticket: borrowing Ticket) {
        guard let waiter = ticket.cancel() else { return }
        let continuation = state.withLock { state -> WaiterTable.Continuation? in
            switch state.waiters.stage(of: waiter) {
            case .outside:
                return state.giveUp(waiter, limits: limits)
            case .inside:
                state.cancellations.append(waiter)
            case nil:
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

    /// From here on the driver looks at deadlines.
    func drive() {
        state.withLock { $0.isDriven = true }
        early.changed()
    }

    /// Answers those whose time ran out before anybody drove the node, and returns when the next one's
    /// does; `never` if nobody waits, or somebody drives it.
    func expireEarly(now: Tick) -> Tick {
        var expired: [WaiterTable.Continuation] = []
        let next = state.withLock { state -> Tick in
            guard !state.isDriven, state.refusal == nil else { return .never }
            var next = Tick.never
            for (waiter, deadline) in state.waiting {
                guard state.waiters.stage(of: waiter) != nil else { continue }
                if deadline > now {
                    next = min(next, deadline)
                } else if let continuation = state.giveUp(waiter, limits: limits) {
                    expired.append(continuation)
                }
            }
            return next
        }
        for continuation in expired { continuation.resume(returning: .never(.timedOut)) }
        return next
    }

    /// Everything that has arrived, appends apart: they are to be had next, as many as the core takes then, unless
    /// they gather. `nil` if there is nothing to step the core with. Whose time is up is answered.
    func take(now tick: Tick, isDue: Bool, gathering: Gathering = Gathering()) -> Taken? {
        var expired: [WaiterTable.Continuation] = []
        let taken = state.withLock { state -> Taken? in
            if state.deadline <= tick { expired = state.takeExpired(by: tick, limits: limits) }
            return state.takeArrivals(now: tick, isDue: isDue, gathering: gathering)
        }
        for continuation in expired { continuation.resume(returning: .never(.timedOut)) }
        return taken
    }

    /// As many appends as the core takes, in the order in which they came: from here on it answers them. Those that
    /// waited for room come in their places.
    func take(_ appetite: Appetite) -> [AppendRequest] {
        state.withLock { $0.takeAppends(appetite, limits: limits) }
    }

    /// Tells everybody whose append the core has not taken why it never will.
    func refuse(_ refusal: Refusal) {
        let refused = state.withLock { $0.takeAllAppends() }
        for continuation in refused { continuation.resume(returning: .never(refusal)) }
    }

    /// Resumes every caller the core has replied to. Returns how many waited until then, if it resumes any.
    ///
    /// A few at a time: the first go on while the others are looked up, and nobody who comes with the
    /// next append waits long for the lock.
    @discardableResult
    func reply(_ replies: [Reply]) -> Int? {
        var callers: Int?
        var resumed: [(WaiterTable.Continuation, Reply.Outcome)] = []
        resumed.reserveCapacity(min(replies.count, Self.repliesAtOnce))
        var rest = replies[...]
        while !rest.isEmpty {
            let some = rest.prefix(Self.repliesAtOnce)
            rest = rest.dropFirst(some.count)
            state.withLock { state in
                if callers == nil { callers = state.waiters.count }
                for reply in some {
                    if let continuation = state.waiters.take(reply.waiter) {
                        resumed.append((continuation, reply.outcome))
                    }
                }
            }
            for (continuation, outcome) in resumed { continuation.resume(returning: outcome) }
            resumed.removeAll(keepingCapacity: true)
        }
        return callers
    }

    /// When the time of an append that waits here may be up, `never` if none waits; and since when appends gather,
    /// for which nobody but the time may wake the driver.
    var alarms: (deadline: Tick, gathersSince: MonotonicInstant?) {
        state.withLock { ($0.deadline, $0.gathersSince) }
    }

    /// The core has said its last word: whoever is still here is refused, and so is whoever comes.
    func end(_ refusal: Refusal) {
        let left = state.withLock { state -> [WaiterTable.Continuation] in
            state.phase = .closed(refusal)
            return state.takeAll()
        }
        for continuation in left { continuation.resume(returning: .never(refusal)) }
        endExplaining()
        early.changed()
    }

    func complete(_ completion: ReadCompletion) {
        state.withLock { $0.completions.append(completion) }
        parker.unpark()
    }

    func complete(_ completion: SnapshotCompletion) {
        state.withLock { $0.snapshots.append(completion) }
        parker.unpark()
    }

    /// The host's machine was this behind a slot.
    func note(_ mark: StateMark) {
        state.withLock { $0.states.append(mark) }
        parker.unpark()
    }

    /// Messages of peers. What exceeds the inbox's bound in bytes is dropped, as if it had been lost on
    /// the way; liveness is small and always let in (`R61`, `R62`).
    func receive(_ envelopes: [Envelope]) {
        let wakes = state.withLock { state -> Bool in
            guard case .running = state.phase else { return false }
            for envelope in envelopes {
                let bytes = envelope.byteCount
                if envelope.lane == .log, state.messageBytes + bytes > limits.inboxBytes,
                    state.messageBytes > 0
                {
                    state.droppedMessages += 1
                    continue
                }
                state.messages.append(envelope)
                state.messageBytes += bytes
            }
            return true
        }
        if wakes { parker.unpark() }
    }

    /// Messages that were dropped for want of room.
    var droppedMessages: UInt64 { state.withLock { $0.droppedMessages } }

    /// What the appends in it take of the inbox's bounds.
    var held: Held { state.withLock { $0.held } }
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
