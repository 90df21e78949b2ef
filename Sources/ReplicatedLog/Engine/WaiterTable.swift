internal import PaxosCore

/// The callers that wait, by the id the core knows them under.
///
/// A place is reserved before the caller suspends, so that its cancellation has a name from the start;
/// it is given back when the caller is resumed, and its next user gets another generation. Taking a
/// continuation out is the only way to resume it, so each is resumed exactly once.
struct WaiterTable {
    /// How far a wait has come.
    enum Stage {
        /// The caller has not suspended yet.
        case reserved
        /// It was cancelled before it suspended.
        case cancelledEarly
        /// It is suspended, and the core has not heard of it.
        case outside
        /// It is suspended, and the core will reply.
        case inside
    }

    typealias Continuation = UnsafeContinuation<Reply.Outcome, Never>

    private struct Place {
        var generation: UInt32 = 0
        var stage: Stage?
        var continuation: Continuation?
    }

    private var places: [Place] = []
    private var free: [UInt32] = []

    /// How many callers wait.
    var count: Int { places.count - free.count }

    mutating func reserve() -> WaiterID {
        if let index = free.popLast() {
            places[Int(index)].generation &+= 1
            places[Int(index)].stage = .reserved
            return WaiterID(index: index, generation: places[Int(index)].generation)
        }
        places.append(Place(stage: .reserved))
        return WaiterID(index: UInt32(places.count - 1), generation: 0)
    }

    func stage(of waiter: WaiterID) -> Stage? {
        let place = places[Int(waiter.index)]
        return place.generation == waiter.generation ? place.stage : nil
    }

    mutating func move(_ waiter: WaiterID, to stage: Stage) {
        places[Int(waiter.index)].stage = stage
    }

    mutating func suspend(_ waiter: WaiterID, _ continuation: Continuation) {
        places[Int(waiter.index)].stage = .outside
        places[Int(waiter.index)].continuation = continuation
    }

    /// Gives a place back and returns what resumes its caller; `nil` if it was resumed before.
    mutating func take(_ waiter: WaiterID) -> Continuation? {
        guard stage(of: waiter) != nil else { return nil }
        places[Int(waiter.index)].stage = nil
        free.append(waiter.index)
        return places[Int(waiter.index)].continuation.take()
    }
}
