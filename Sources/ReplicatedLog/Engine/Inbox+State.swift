internal import DequeModule
internal import PaxosCore

extension Inbox.State {
    /// Why everybody is turned away, if they are.
    var refusal: Refusal? {
        if case .closed(let refusal) = phase { refusal } else { nil }
    }

    /// Whoever waits here, with the time that each would.
    var waiting: [(WaiterID, Tick)] {
        appends.map { ($0.waiter, $0.deadline) } + overflow.map { ($0.waiter, $0.deadline) }
            + barriers.map { ($0.waiter, $0.deadline) }
    }

    func hasRoom(for append: AppendRequest, limits: Limits) -> Bool {
        usedAppends < limits.inboxAppends
            && (usedBytes == 0 || usedBytes + append.bytes <= limits.inboxBytes)
    }

    mutating func admit(_ append: AppendRequest) {
        usedAppends += 1
        usedBytes += append.bytes
        waiters.letIn(append.waiter)
        appends.append(append)
    }

    mutating func admitOverflow(limits: Limits) {
        while let append = overflow.first {
            if waiters.stage(of: append.waiter) == nil {
                overflow.removeFirst()
            } else if hasRoom(for: append, limits: limits) {
                overflow.removeFirst()
                admit(append)
            } else {
                return
            }
        }
    }

    mutating func giveBack(_ append: AppendRequest) {
        usedAppends -= 1
        usedBytes -= append.bytes
    }

    /// What is handed to the core is answered by the core from here on; what was answered already is
    /// dropped, and the room it took is given to those who wait for room.
    mutating func enterCore(limits: Limits) {
        if answered > 0 { sweep(limits: limits) }
        waiters.handOver()
    }

    /// Somebody was answered here: what they asked for must not be kept for long, since nobody bounds
    /// how many come and go while the core takes nothing.
    mutating func noteAnswered(limits: Limits) {
        answered += 1
        if answered > (appends.count + overflow.count + barriers.count) / 2 {
            sweep(limits: limits)
        } else {
            // It may have been the first of those who wait, and the next needs less.
            admitOverflow(limits: limits)
        }
    }

    private mutating func sweep(limits: Limits) {
        answered = 0
        var kept: [AppendRequest] = []
        kept.reserveCapacity(appends.count)
        for append in appends {
            if waiters.stage(of: append.waiter) == .outside {
                kept.append(append)
            } else {
                giveBack(append)
            }
        }
        appends = kept
        overflow.removeAll { waiters.stage(of: $0.waiter) == nil }
        barriers.removeAll { waiters.stage(of: $0.waiter) == nil }
        admitOverflow(limits: limits)
    }
}
