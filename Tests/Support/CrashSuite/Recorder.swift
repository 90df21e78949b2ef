import CrashHistory
import NodeProcesses
import Platform

/// Writes the history while it happens.
final class Recorder: Sendable {
    private struct State {
        var history = History()
        var counts: [String: Int] = [:]
        var faults: [String] = []
        var lastSlot: UInt64 = 0
    }

    private let state = Locked(State())

    static var now: UInt64 { MonotonicClock.now().nanoseconds }

    /// Before the request is sent. Answers the place that `end` takes.
    func begin(_ payloads: [String], expected: UInt64? = nil) -> Int {
        state.withLock { state in
            let append = History.Append(payloads, begun: Self.now, expected: expected)
            state.history.appends.append(append)
            return state.history.appends.count - 1
        }
    }

    /// After the answer was read; `nil` if none came.
    func end(_ append: Int, _ reply: Reply?) {
        let outcome: History.Outcome
        switch reply?.outcome {
        case "committed":
            guard let slots = reply?.slots else {
                return report("an acknowledgement without slots")
            }
            outcome = .committed(slots)
        case "never": outcome = .never
        case "unknown", nil: outcome = .unknown
        case let other?: return report("an append has the outcome \(other)")
        }
        state.withLock { state in
            if case .committed(let slots) = outcome {
                state.lastSlot = max(state.lastSlot, slots.upperBound)
            }
            state.history.appends[append].outcome = outcome
            state.history.appends[append].token = reply?.token
            state.history.appends[append].ended = Self.now
        }
    }

    /// What a member says of an append by its token. False if that is no last word.
    @discardableResult
    func resolve(_ append: Int, _ reply: Reply?) -> Bool {
        let outcome: History.Outcome?
        switch reply?.outcome {
        case "committed": outcome = reply?.slots.map { .committed($0) }
        case "never": outcome = .never
        default: return false
        }
        let resolution = History.Resolution(append: append, outcome: outcome)
        state.withLock { $0.history.resolutions.append(resolution) }
        count("resolved")
        return true
    }

    func barrier(begun: UInt64, slot: UInt64) {
        state.withLock { $0.history.barriers.append(.init(begun: begun, slot: slot)) }
    }

    /// Something that is wrong whatever the history says.
    func report(_ text: String) {
        state.withLock { $0.faults.append(text) }
    }

    func count(_ what: String, _ more: Int = 1) {
        state.withLock { $0.counts[what, default: 0] += more }
    }

    /// The last slot that anybody was told of.
    var lastSlot: UInt64 { state.withLock { $0.lastSlot } }
    var history: History { state.withLock { $0.history } }
    var reports: [String] { state.withLock { $0.faults } }
    var counts: [String: Int] { state.withLock { $0.counts } }

    /// Appends begun, acknowledged, never, and of unknown outcome.
    var appends: (all: Int, acknowledged: Int, never: Int, unknown: Int) {
        state.withLock { state in
            var tally = (all: state.history.appends.count, acknowledged: 0, never: 0, unknown: 0)
            for append in state.history.appends {
                switch append.outcome {
                case .committed: tally.acknowledged += 1
                case .never: tally.never += 1
                case .unknown: tally.unknown += 1
                }
            }
            return tally
        }
    }
}
