import LogCommands
import Platform

/// Lets so many at a time do something, in the order in which they came.
final class Turns: Sendable {
    private struct Waiter {
        let name: UInt64
        let continuation: UnsafeContinuation<Bool, Never>
    }

    private struct State {
        var free: Int
        var waiting: [Waiter] = []
        var next: UInt64 = 0
        /// Who was cancelled and does not wait yet, or has its turn.
        var cancelled: Set<UInt64> = []
    }

    private let state: Locked<State>

    init(_ count: Int) {
        state = Locked(State(free: count))
    }

    /// Waits for a turn, which is to be given back.
    ///
    /// - Returns: False, without a turn, if the task is cancelled meanwhile.
    func take() async -> Bool {
        let name = state.withLock { state in
            state.next += 1
            return state.next
        }
        let hasTurn = await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                let outcome = state.withLock { state -> Bool? in
                    if state.cancelled.contains(name) { return false }
                    guard state.free > 0 else {
                        state.waiting.append(Waiter(name: name, continuation: continuation))
                        return nil
                    }
                    state.free -= 1
                    return true
                }
                if let outcome { continuation.resume(returning: outcome) }
            }
        } onCancel: {
            let waiter = state.withLock { state -> Waiter? in
                guard let place = state.waiting.firstIndex(where: { $0.name == name }) else {
                    state.cancelled.insert(name)
                    return nil
                }
                return state.waiting.remove(at: place)
            }
            waiter?.continuation.resume(returning: false)
        }
        state.withLock { state in _ = state.cancelled.remove(name) }
        return hasTurn
    }

    func give() {
        let next = state.withLock { state -> Waiter? in
            guard state.waiting.isEmpty else { return state.waiting.removeFirst() }
            state.free += 1
            return nil
        }
        next?.continuation.resume(returning: true)
    }
}
