internal import PaxosCore
internal import Platform

extension Inbox.State {
    /// What a caller that waits for room takes beside its payload, about.
    private static let waitingBytes = 512

    /// Why everybody is turned away, if they are.
    var refusal: Refusal? {
        if case .closed(let refusal) = phase { refusal } else { nil }
    }

    /// Whoever waits here, with the time that each would.
    var waiting: [(WaiterID, Tick)] {
        appends.waiting.map { ($0.waiter, $0.deadline) } + overflow.map { ($0.waiter, $0.deadline) }
            + barriers.map { ($0.waiter, $0.deadline) } + trims.map { ($0.waiter, $0.deadline) }
            + cursors.map { ($0.waiter, $0.deadline) }
            + resolves.map { ($0.waiter, $0.deadline) }
            + transfers.map { ($0.waiter, $0.deadline) }
    }

    func hasRoom(for append: AppendRequest, limits: Limits) -> Bool {
        held.appends < limits.inboxAppends
            && (held.bytes == 0 || held.bytes + append.bytes <= limits.inboxBytes)
    }

    /// Whether those who wait for room may hold this as well.
    func mayWait(_ append: AppendRequest, limits: Limits) -> Bool {
        overflowBytes == 0
            || overflowBytes + append.bytes + Self.waitingBytes <= limits.waitingBytes
    }

    mutating func admit(_ append: AppendRequest) {
        held.appends += 1
        held.bytes += append.bytes
        waiters.letIn(append.waiter)
        appends.append(append)
    }

    /// Lets a caller wait for room.
    mutating func queue(_ append: AppendRequest) {
        overflowBytes += append.bytes + Self.waitingBytes
        overflow.append(append)
    }

    mutating func admitOverflow(limits: Limits) {
        while let append = overflow.first {
            if waiters.stage(of: append.waiter) == nil {
                _ = overflow.popFirst()
            } else if hasRoom(for: append, limits: limits) {
                _ = overflow.popFirst()
                overflowBytes -= append.bytes + Self.waitingBytes
                admit(append)
            } else {
                return
            }
        }
    }

    /// Takes those out whose time is up.
    mutating func takeExpired(by now: Tick, limits: Limits) -> [WaiterTable.Continuation] {
        deadline = .never
        var late: [WaiterID] = []
        for append in appends.waiting where waiters.stage(of: append.waiter) != nil {
            note(append, now, &late)
        }
        for append in overflow where waiters.stage(of: append.waiter) != nil {
            note(append, now, &late)
        }
        return late.compactMap { giveUp($0, limits: limits) }
    }

    private mutating func note(_ append: AppendRequest, _ now: Tick, _ late: inout [WaiterID]) {
        if append.deadline > now {
            deadline = min(deadline, append.deadline)
        } else {
            late.append(append.waiter)
        }
    }

    // MARK: - For the core

    mutating func takeArrivals(now tick: Tick, isDue: Bool, gathering: Gathering) -> Inbox.Taken? {
        let isAsked = !appends.isEmpty && !awaitsAppetite
        guard isAsked || hasMoreThanAppends || isDue else {
            // Those that gathered may have been cancelled.
            stopGathering()
            return nil
        }
        let now = MonotonicClock.now()
        let since = gathersSince ?? now
        // Those that the core has once had no room for have waited for others long enough.
        let gathers =
            isAsked && !isDue && !hasWordOfCallers && isFull == nil && failure == nil
            && gathering.holds(appends.count, since: since, at: now)
        if gathers {
            gathersSince = since
            wakingAppend = gathering.enough
        } else {
            stopGathering()
        }
        if gathers, !hasMoreThanAppends { return nil }
        if answered > 0 { sweep() }
        var arrivals = Arrivals(now: tick)
        waiters.handOver()
        arrivals.barriers = barriers.handOver()
        arrivals.trims = trims.handOver()
        arrivals.cursors = cursors.handOver()
        arrivals.confirmed = confirmed.handOver()
        arrivals.resolves = resolves.handOver()
        arrivals.transfers = transfers.handOver()
        arrivals.cancellations = cancellations.handOver()
        arrivals.completions = completions.handOver()
        arrivals.snapshots = snapshots.handOver()
        arrivals.messages = messages.handOver()
        messageBytes = 0
        arrivals.receipt = receipt.take()
        arrivals.isFull = isFull.take()
        arrivals.keepsAbove = keepsAbove.take()
        arrivals.snapshot = snapshot.take()
        arrivals.states = states.handOver()
        arrivals.failure = failure.take()
        arrivals.closeBy = closeBy.take()
        return Inbox.Taken(
            arrivals: arrivals,
            offersAppends: !gathers && !appends.isEmpty,
            explains: explains.handOver()
        )
    }

    mutating func takeAppends(_ appetite: Appetite, limits: Limits) -> [AppendRequest] {
        if answered > 0 { sweep() }
        let taken = appends.take(appetite)
        held.appends -= taken.count
        for append in taken { held.bytes -= append.bytes }
        waiters.handOver(appendsBefore: appends.first?.waiter)
        awaitsAppetite = !appends.isEmpty
        admitOverflow(limits: limits)
        if appends.isEmpty { deadline = .never }
        return taken
    }

    // MARK: - Who leaves by another way

    /// Takes everybody out who waits here, and what they brought.
    mutating func takeAll() -> [WaiterTable.Continuation] {
        var left = takeAllAppends()
        let calls = barriers.map(\.waiter) + trims.map(\.waiter) + cursors.map(\.waiter)
        for waiter in calls + resolves.map(\.waiter) + transfers.map(\.waiter) {
            if let continuation = waiters.take(waiter) { left.append(continuation) }
        }
        barriers = []
        trims = []
        cursors = []
        resolves = []
        transfers = []
        return left
    }

    /// Takes every append out, those too that wait for room.
    mutating func takeAllAppends() -> [WaiterTable.Continuation] {
        if appends.isEmpty, overflow.isEmpty { return [] }
        var left: [WaiterTable.Continuation] = []
        for append in appends.takeAll() {
            if let continuation = waiters.take(append.waiter) { left.append(continuation) }
        }
        for append in overflow {
            if let continuation = waiters.take(append.waiter) { left.append(continuation) }
        }
        waiters.handOver(appendsBefore: nil)
        overflow = []
        overflowBytes = 0
        held = Inbox.Held()
        deadline = .never
        awaitsAppetite = false
        if answered > 0 { sweep() }
        return left
    }

    /// Takes somebody out of whom the core has not heard, to be answered here. The room is free at once and
    /// goes to those who wait for it; what was asked for must not be kept for long either, since nobody
    /// bounds how many come and go while the core takes nothing.
    mutating func giveUp(_ waiter: WaiterID, limits: Limits) -> WaiterTable.Continuation? {
        let weight = waiters.weight(of: waiter)
        guard let continuation = waiters.take(waiter) else { return nil }
        answered += 1
        if let weight {
            answeredBytes += weight.bytes
            if weight.isLetIn {
                held.appends -= 1
                held.bytes -= weight.bytes
                // It may have been the one for which there was no room.
                awaitsAppetite = false
            } else {
                overflowBytes -= weight.bytes + Self.waitingBytes
            }
        }
        let calls =
            barriers.count + trims.count + cursors.count + resolves.count + transfers.count
        if answered > (appends.count + overflow.count + calls) / 2
            || answeredBytes > limits.inboxBytes / 4
        {
            sweep()
        }
        admitOverflow(limits: limits)
        return continuation
    }

    private mutating func sweep() {
        (answered, answeredBytes) = (0, 0)
        appends.removeAll { waiters.stage(of: $0.waiter) != .outside }
        overflow.removeAll { waiters.stage(of: $0.waiter) == nil }
        barriers.removeAll { waiters.stage(of: $0.waiter) == nil }
        trims.removeAll { waiters.stage(of: $0.waiter) == nil }
        cursors.removeAll { waiters.stage(of: $0.waiter) == nil }
        resolves.removeAll { waiters.stage(of: $0.waiter) == nil }
        transfers.removeAll { waiters.stage(of: $0.waiter) == nil }
    }
}

extension Array {
    /// Returns the elements and leaves an empty array that has room for as many.
    mutating func handOver() -> [Element] {
        if isEmpty { return [] }
        var empty: [Element] = []
        empty.reserveCapacity(count)
        swap(&self, &empty)
        return empty
    }
}
