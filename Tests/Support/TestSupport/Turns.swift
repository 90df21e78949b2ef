import Foundation
import Platform

/// Who has a turn, and who waits for one.
final class Turns: Sendable {
    static let shared = Turns()

    private typealias Waiting = CheckedContinuation<Void, Never>

    private struct State {
        var running: [Turn.Kind: Int] = [:]
        var waiting: [Turn.Kind: [Waiting]] = [:]

        /// How many of a kind may run beside those that do.
        func left(_ kind: Turn.Kind) -> Int {
            if running[.alone, default: 0] > 0 { return 0 }
            switch kind {
            case .longest: return 1 - count(kind)
            case .heavy: return 2 - count(kind)
            case .computing: return max(1, Turns.processors / 2) - count(kind)
            case .shared: return 2 * Turns.processors - count(kind)
            case .alone: return running.values.allSatisfy { $0 == 0 } ? 1 : 0
            }
        }

        func count(_ kind: Turn.Kind) -> Int { running[kind, default: 0] }

        /// Those whose turn it is now; who wants to be alone comes last, so that the others have to end once only.
        mutating func admitted() -> [Waiting] {
            var admitted: [Waiting] = []
            for kind in Turn.Kind.allCases {
                while left(kind) > 0, let one = waiting[kind]?.first {
                    waiting[kind]?.removeFirst()
                    running[kind, default: 0] += 1
                    admitted.append(one)
                }
            }
            return admitted
        }
    }

    /// With `TEST_TURNS=1` each test says how long it took since it had its turn.
    static let isTold = ProcessInfo.processInfo.environment["TEST_TURNS"] != nil
    static let processors = ProcessInfo.processInfo.activeProcessorCount

    private let state = Locked(State())

    func take(_ kind: Turn.Kind) async {
        await withCheckedContinuation { (waiting: Waiting) in
            resume { $0.waiting[kind, default: []].append(waiting) }
        }
    }

    func give(back kind: Turn.Kind) {
        resume { $0.running[kind, default: 0] -= 1 }
    }

    private func resume(after change: (inout State) -> Void) {
        let admitted = state.withLock { state in
            change(&state)
            return state.admitted()
        }
        for one in admitted { one.resume() }
    }
}
