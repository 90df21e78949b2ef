import LogCommands
import Platform

/// Until when an end waits for what. Its waits follow each other and share one deadline.
struct EndTimes: Hashable, Sendable {
    /// How long an end may take, from the end of the input or the signal to the last answer.
    static let patience = Duration.seconds(3)
    /// Of it, requests have half, at the end of the input.
    private static let requestShare = Duration.milliseconds(1_500)
    /// What is left for answers is what the node leaves, and this at least.
    private static let answerShare = Duration.milliseconds(500)

    /// Requests are waited for.
    let requests: MonotonicInstant
    /// What is in flight is waited for.
    let shutdown: MonotonicInstant
    /// Answers are waited for, and everything is over.
    let answers: MonotonicInstant

    /// - Parameter begin: When somebody wanted the end.
    init(from begin: MonotonicInstant) {
        requests = begin.advanced(by: Self.requestShare)
        shutdown = begin.advanced(by: Self.patience - Self.answerShare)
        answers = begin.advanced(by: Self.patience)
    }
}

/// The end of a process: its times run from when it was wanted first, whoever wants it after that.
final class EndClock: Sendable {
    private let begun = Locked<EndTimes?>(nil)

    /// The times of the end, which begins now if it has not begun.
    func begin(at now: MonotonicInstant = MonotonicClock.now()) -> EndTimes {
        begun.withLock { begun in
            let times = begun ?? EndTimes(from: now)
            begun = times
            return times
        }
    }
}
