internal import Platform

/// The stages of a node's life, each entered once: opened, running, ended.
final class Lifecycle: Sendable {
    private enum Stage {
        case opened
        case running
        case ended
    }

    private struct State {
        var stage = Stage.opened
        /// What ended the node first, if it did not end in order.
        var cause: LogRunError?
        /// The store is being closed by somebody.
        var isEnding = false
        var waiters: [UnsafeContinuation<Void, Never>] = []
    }

    private let state = Locked(State())

    /// The threads have ended and the directory is free.
    var isOver: Bool { state.withLock { $0.stage == .ended } }

    /// What ended the node first: what follows from it is not told in its place (`R87`).
    var cause: LogRunError? { state.withLock { $0.cause } }

    func fail(_ cause: LogRunError) {
        state.withLock { $0.cause = $0.cause ?? cause }
    }

    /// True for the one caller that may run the node.
    func claimRun() -> Bool {
        state.withLock { state in
            guard state.stage == .opened, !state.isEnding else { return false }
            state.stage = .running
            return true
        }
    }

    /// True for the one caller that may close a node which was never run.
    func claimEnd() -> Bool {
        state.withLock { state in
            guard state.stage == .opened, !state.isEnding else { return false }
            state.isEnding = true
            return true
        }
    }

    /// The threads have ended and the directory is free.
    func markEnded() {
        let waiters = state.withLock { state in
            state.stage = .ended
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }

    func ended() async {
        await withUnsafeContinuation { continuation in
            let isOver = state.withLock { state in
                if state.stage != .ended { state.waiters.append(continuation) }
                return state.stage == .ended
            }
            if isOver { continuation.resume() }
        }
    }
}
