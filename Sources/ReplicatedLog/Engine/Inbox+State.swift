internal import PaxosCore

extension Inbox.State {
    /// What a caller that waits for room takes beside its payload, about.
    private static let waitingBytes = 512

    /// Why everybody is turned away, if they are.
    var refusal: Refusal? {
        if case .closed(let refusal) = phase { refusal } else { nil }
    }

    /// Whoever waits here, with the time that each would.
    var waiting: [(WaiterID, Tick)] {
        appends.map { ($0.waiter, $0.deadline) } + overflow.map { ($0.waiter, $0.deadline) }
            + barriers.map { ($0.waiter, $0.deadline) } + trims.map { ($0.waiter, $0.deadline) }
    }

    func hasRoom(for append: AppendRequest, limits: Limits) -> Bool {
        usedAppends < limits.inboxAppends
            && (usedBytes == 0 || usedBytes + append.bytes <= limits.inboxBytes)
    }

    /// Whether those who wait for room may hold this as well.
    func mayWait(_ append: AppendRequest, limits: Limits) -> Bool {
        overflowBytes == 0
            || overflowBytes + append.bytes + Self.waitingBytes <= limits.waitingBytes
    }

    mutating func admit(_ append: AppendRequest) {
        usedAppends += 1
        usedBytes += append.bytes
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

    /// Takes those out of the wait for room whose time is up.
    mutating func takeExpiredOverflow(now: Tick) -> [WaiterTable.Continuation] {
        var expired: [WaiterTable.Continuation] = []
        var kept = Ring<AppendRequest>()
        for append in overflow where waiters.stage(of: append.waiter) != nil {
            if append.deadline > now {
                kept.append(append)
            } else if let continuation = waiters.take(append.waiter) {
                overflowBytes -= append.bytes + Self.waitingBytes
                expired.append(continuation)
            }
        }
        overflow = kept
        overflowDeadline = kept.map(\.deadline).min() ?? .never
        return expired
    }

    /// Takes everybody out who waits here, and what they brought.
    mutating func takeAll() -> [WaiterTable.Continuation] {
        var left: [WaiterTable.Continuation] = []
        for append in appends where waiters.stage(of: append.waiter) == .outside {
            usedAppends -= 1
            usedBytes -= append.bytes
        }
        for (waiter, _) in waiting {
            if let continuation = waiters.take(waiter) { left.append(continuation) }
        }
        appends = []
        barriers = []
        trims = []
        overflow = []
        overflowBytes = 0
        (answered, answeredBytes) = (0, 0)
        return left
    }

    /// What is handed to the core is answered by the core from here on; what was answered already is
    /// dropped.
    mutating func enterCore(limits: Limits) {
        if answered > 0 { sweep() }
        waiters.handOver()
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
                usedAppends -= 1
                usedBytes -= weight.bytes
            } else {
                overflowBytes -= weight.bytes + Self.waitingBytes
            }
        }
        if answered > (appends.count + overflow.count + barriers.count + trims.count) / 2
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
