internal import PaxosCore
internal import Synchronization

/// The callers that wait, by the id the core knows them under.
///
/// A caller takes a place when it suspends and gives it back when it is resumed; the next user gets
/// another generation. Taking a continuation out is the only way to resume it, so each is resumed
/// exactly once.
struct WaiterTable {
    /// How far a wait has come.
    enum Stage {
        /// The core has not heard of the caller.
        case outside
        /// The core will reply.
        case inside
    }

    typealias Continuation = UnsafeContinuation<Reply.Outcome, Never>

    private struct Place {
        var generation: UInt32 = 0
        /// Where the caller stands among those who were let in: with which handing over the core hears of a
        /// barrier, how many appends it hears of before this one. With none as long as it waits for room.
        var turn = UInt64.max
        /// What the caller's append weighs in the inbox; `nil` for a barrier.
        var bytes: Int?
        /// While the caller waits.
        var continuation: Continuation?
    }

    private var places: [Place] = []
    private var free: [UInt32] = []
    /// How often everything but appends has been handed to the core.
    private var handings: UInt64 = 0
    /// How many appends were let in, and how many of them have left: they leave in that order.
    private var appendsIn: UInt64 = 0
    private var appendsOut: UInt64 = 0

    /// How many callers wait.
    var count: Int { places.count - free.count }

    /// Lets a caller wait under the name that its ticket gets; `nil` if it was cancelled before.
    ///
    /// - Parameter bytes: Of the caller's append; `nil` for a barrier.
    mutating func add(
        _ continuation: Continuation,
        as ticket: borrowing Ticket,
        bytes: Int?
    ) -> WaiterID? {
        let waiter = place(continuation, bytes: bytes)
        if ticket.name(waiter) { return waiter }
        _ = take(waiter)
        return nil
    }

    private mutating func place(_ continuation: Continuation, bytes: Int?) -> WaiterID {
        guard let index = free.popLast() else {
            places.append(Place(bytes: bytes, continuation: continuation))
            return WaiterID(index: UInt32(places.count - 1), generation: 0)
        }
        let generation = places[Int(index)].generation &+ 1
        places[Int(index)] = Place(
            generation: generation,
            bytes: bytes,
            continuation: continuation
        )
        return WaiterID(index: index, generation: generation)
    }

    func stage(of waiter: WaiterID) -> Stage? {
        let place = places[Int(waiter.index)]
        guard place.generation == waiter.generation, place.continuation != nil else { return nil }
        return place.turn < (place.bytes == nil ? handings : appendsOut) ? .inside : .outside
    }

    /// What a caller takes of the inbox who has not been heard of; `nil` for a barrier.
    func weight(of waiter: WaiterID) -> (bytes: Int, isLetIn: Bool)? {
        let place = places[Int(waiter.index)]
        return place.bytes.map { ($0, place.turn != .max) }
    }

    /// The core will hear of the caller when it comes to its turn.
    mutating func letIn(_ waiter: WaiterID) {
        let index = Int(waiter.index)
        guard places[index].bytes != nil else {
            places[index].turn = handings
            return
        }
        places[index].turn = appendsIn
        appendsIn += 1
    }

    /// The core hears of everybody who was let in, appends apart.
    mutating func handOver() { handings += 1 }

    /// The core hears of the appends that were let in before this one, which waits; of all, if none does.
    mutating func handOver(appendsBefore first: WaiterID?) {
        appendsOut = first.map { places[Int($0.index)].turn } ?? appendsIn
    }

    /// Gives a place back and returns what resumes its caller; `nil` if it was resumed before.
    mutating func take(_ waiter: WaiterID) -> Continuation? {
        let index = Int(waiter.index)
        guard places[index].generation == waiter.generation,
            let continuation = places[index].continuation.take()
        else { return nil }
        free.append(waiter.index)
        return continuation
    }
}

/// Stands for a call until it is handed in, and names its waiter from then on, so that it can be
/// cancelled at any time. Costs no lock.
struct Ticket: ~Copyable, Sendable {
    /// Neither is a waiter's name: no table has so many places.
    private static let blank = UInt64.max
    private static let cancelled = UInt64.max - 1

    private let content = Atomic(Ticket.blank)

    /// Names the waiter; false if the call was cancelled before.
    func name(_ waiter: WaiterID) -> Bool {
        content.compareExchange(
            expected: Self.blank,
            desired: UInt64(waiter.generation) << 32 | UInt64(waiter.index),
            ordering: .acquiringAndReleasing
        ).exchanged
    }

    /// Whom to cancel; `nil` if the call was not handed in: then it never will be.
    func cancel() -> WaiterID? {
        let (isFirst, found) = content.compareExchange(
            expected: Self.blank,
            desired: Self.cancelled,
            ordering: .acquiringAndReleasing
        )
        guard !isFirst, found != Self.cancelled else { return nil }
        return WaiterID(
            index: UInt32(truncatingIfNeeded: found),
            generation: UInt32(found >> 32)
        )
    }
}
