/// Who waits for what, by opaque id: each is replied to exactly once, whatever comes first of outcome,
/// deadline, cancellation, shutdown and failure.
///
/// The table is as long as the most that ever waited at once. Deadlines cost nothing until the earliest
/// of them may have passed; then one pass over the table finds those that have.
struct Waiters: Sendable {
    enum State: Hashable {
        /// Nobody, or somebody who has been replied to.
        case none
        /// A barrier or a trim.
        case waiting
        /// An append that has left the inbox under this sequence of this boot's tokens.
        case proposed(sequence: UInt64)
    }

    private struct Entry {
        var generation: UInt32 = 0
        var state = State.none
        var deadline = Tick.never
    }

    private var entries: [Entry] = []
    private var earliest = Tick.never

    /// The earliest deadline there may be.
    var nextDeadline: Tick { earliest }

    mutating func add(_ waiter: WaiterID, _ state: State = .waiting, deadline: Tick) {
        let index = Int(waiter.index)
        while entries.count <= index { entries.append(Entry()) }
        precondition(entries[index].state == .none, "a waiter is added once")
        entries[index] = Entry(
            generation: waiter.generation,
            state: state,
            deadline: deadline
        )
        earliest = min(earliest, deadline)
    }

    func state(of waiter: WaiterID) -> State {
        let index = Int(waiter.index)
        guard index < entries.count, entries[index].generation == waiter.generation else {
            return .none
        }
        return entries[index].state
    }

    /// Ends a waiter's wait and returns how far that had come.
    mutating func remove(_ waiter: WaiterID) -> State {
        let state = state(of: waiter)
        if state != .none { entries[Int(waiter.index)].state = .none }
        return state
    }

    /// The waiters whose deadline is not later than `now`.
    mutating func expired(by now: Tick) -> [WaiterID] {
        guard earliest <= now else { return [] }
        var expired: [WaiterID] = []
        earliest = .never
        for (index, entry) in entries.enumerated() where entry.state != .none {
            if entry.deadline <= now {
                expired.append(
                    WaiterID(index: UInt32(index), generation: entry.generation)
                )
            } else {
                earliest = min(earliest, entry.deadline)
            }
        }
        return expired
    }

    /// Everybody who waits.
    var all: [WaiterID] {
        entries.enumerated().compactMap { index, entry in
            entry.state == .none
                ? nil : WaiterID(index: UInt32(index), generation: entry.generation)
        }
    }
}
