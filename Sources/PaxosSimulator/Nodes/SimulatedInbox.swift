package import PaxosCore

/// Where appends wait until a core takes them, in a process without threads: what the engine's inbox does with
/// them, all in the one call that steps the core.
package struct SimulatedInbox {
    private var backlog = Backlog()
    /// Appends that the core has taken.
    package private(set) var taken = 0
    /// An append has waited behind a step that the core would have taken: nothing in a step makes room once its appetite
    /// is told.
    package private(set) var isStarved = false

    package init() {}

    /// Appends that wait.
    package var count: Int { backlog.count }

    /// The earliest time at which somebody who waits here waits no more.
    package var nextDeadline: Tick { backlog.waiting.map(\.deadline).min() ?? .never }

    /// True if this one waits here.
    package func holds(_ waiter: WaiterID) -> Bool {
        backlog.waiting.contains { $0.waiter == waiter }
    }

    package mutating func add(_ append: AppendRequest) {
        backlog.append(append)
    }

    /// Steps a core with what has arrived and with as many appends as it takes. Whoever leaves the inbox by another
    /// way is answered here: the core has not heard of it.
    package mutating func step(_ core: inout NodeCore, _ arrivals: consuming Arrivals) -> Output {
        var replies: [Reply] = []
        var others: [WaiterID] = []
        for waiter in arrivals.cancellations {
            let isHere = end(.cancelled, &replies) { $0.waiter == waiter }
            if !isHere { others.append(waiter) }
        }
        arrivals.cancellations = others
        let now = arrivals.now
        if nextDeadline <= now { end(.timedOut, &replies) { $0.deadline <= now } }
        let step = core.begin(arrivals)
        let appends = backlog.take(step.appetite)
        taken += appends.count
        var output = core.finish(step, taking: appends)
        if let refusal = output.refusal {
            end(refusal, &replies) { _ in true }
        } else if let first = backlog.first, core.appetite.takes(first) {
            isStarved = true
        }
        output.replies += replies
        return output
    }

    /// Answers those that leave; true if there were any.
    @discardableResult
    private mutating func end(
        _ refusal: Refusal,
        _ replies: inout [Reply],
        _ leaves: (AppendRequest) -> Bool
    ) -> Bool {
        let gone = backlog.waiting.filter(leaves)
        guard !gone.isEmpty else { return false }
        replies += gone.map { Reply(waiter: $0.waiter, outcome: .never(refusal)) }
        backlog.removeAll(where: leaves)
        return true
    }
}
