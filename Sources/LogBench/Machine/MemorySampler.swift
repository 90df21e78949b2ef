import LogCommands
import Platform

/// The most anonymous resident memory of this process, looked at twenty times a second.
final class MemorySampler: Sendable {
    private struct State {
        var peak: UInt64 = 0
        var isOver = false
    }

    private let state = Locked(State())
    private let parker = Parker()

    init() {
        let state = state
        let parker = parker
        _ = try? PinnedThread(name: "rlog-memory", stackBytes: 1 << 17) {
            while true {
                let resident = ProcessUsage.now().anonymousResidentBytes ?? 0
                let isOver = state.withLock { state in
                    if !state.isOver { state.peak = max(state.peak, resident) }
                    return state.isOver
                }
                if isOver { return }
                _ = parker.park(timeout: .milliseconds(50))
            }
        }
    }

    /// Ends the sampling; nil where the system does not tell.
    func end() -> UInt64? {
        let resident = ProcessUsage.now().anonymousResidentBytes
        let peak = state.withLock { state in
            state.isOver = true
            return state.peak
        }
        parker.unpark()
        return resident.map { max($0, peak) }
    }
}
