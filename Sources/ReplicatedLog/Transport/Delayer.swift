internal import PaxosCore
internal import Platform

/// Holds delayed messages until their time, on a thread that lives while there are any.
final class Delayer: Sendable {
    private struct Held {
        let time: MonotonicInstant
        let envelope: Envelope
        let source: NodeID
        let port: Port
        let bytes: Int
    }

    private struct State {
        /// The next one last.
        var held: [Held] = []
        var bytes = 0
        var isRunning = false
    }

    private let state = Locked(State())
    private let parker = Parker()
    private let maxBytes: Int

    init(maxBytes: Int) {
        self.maxBytes = maxBytes
    }

    /// - Returns: False if there is no room, or no thread: the message is lost.
    func hold(
        _ envelope: Envelope,
        for delay: Duration,
        from source: NodeID,
        to port: Port
    ) -> Bool {
        let held = Held(
            time: MonotonicClock.now().advanced(by: delay),
            envelope: envelope,
            source: source,
            port: port,
            bytes: envelope.byteCount + MemoryLayout<Envelope>.stride
        )
        let (isTaken, isFirst) = state.withLock { state in
            guard state.bytes + held.bytes <= maxBytes else { return (false, false) }
            let place = state.held.firstIndex { $0.time <= held.time } ?? state.held.count
            state.held.insert(held, at: place)
            state.bytes += held.bytes
            defer { state.isRunning = true }
            return (true, !state.isRunning)
        }
        guard isTaken else { return false }
        guard isFirst else {
            parker.unpark()
            return true
        }
        do throws(PosixError) {
            _ = try PinnedThread(name: "rlog-mem-delay") { self.run() }
            return true
        } catch {
            state.withLock { $0 = State() }
            return false
        }
    }

    private func run() {
        while true {
            let now = MonotonicClock.now()
            let (due, next): (Held?, MonotonicInstant?) = state.withLock { state in
                guard let last = state.held.last else {
                    state.isRunning = false
                    return (nil, nil)
                }
                guard last.time <= now else { return (nil, last.time) }
                state.held.removeLast()
                state.bytes -= last.bytes
                return (last, nil)
            }
            if let due {
                due.port.offer([due.envelope], from: due.source)
            } else if let next {
                parker.park(until: next)
            } else {
                return
            }
        }
    }
}
