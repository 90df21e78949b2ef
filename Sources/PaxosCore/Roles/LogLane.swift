/// The way that the work takes to one member and back, as far as its answers tell.
///
/// Each lane may have a connection of its own (`R61`), so a member that is heard may still be out of reach of
/// everything that grows with the log, or answer into nothing. Only what came back through the log lane tells
/// that it works. A while without an answer does not tell that it is dead: a question stands behind what was
/// sent before it, and its answer behind what arrives before it (`R83`).
struct LogLane: Sendable {
    private struct Question {
        let at: Tick
        /// What it and its answer stand behind.
        var bytes: Int
    }

    /// The first since the last answer.
    private var question: Question?
    /// When something was asked or answered last.
    private(set) var stirred = Tick.zero
    /// When something was answered last.
    private(set) var answered: Tick?

    /// True while an answer is awaited.
    var isOwed: Bool { question != nil }

    /// - Parameter bytes: What is on its way to the member already.
    mutating func ask(behind bytes: Int, at now: Tick) {
        stirred = now
        // The first may be lost with what it stood behind: it is the last whose answer is awaited.
        question = Question(at: question?.at ?? now, bytes: max(question?.bytes ?? 0, bytes))
    }

    mutating func answer(at now: Tick) {
        stirred = now
        answered = now
        question = nil
    }

    /// So many bytes came from the member, of which none answers anything.
    mutating func pass(_ bytes: Int) { question?.bytes += bytes }

    /// What was asked is not waited for any more.
    mutating func forget() { question = nil }

    /// True if no answer is to come: one is owed for as long as a candidate waits for a page, and once more for
    /// each eighth of a pipeline before it. By default that is a page at a time.
    func isDead(at now: Tick, limits: Limits, doublings: Int) -> Bool {
        guard let question else { return false }
        let bytes = UInt64(min(question.bytes, 2 * limits.pipelineBytes))
        let patience = Candidate.patience * limits.electionTicks
        let ticks = patience + patience * 8 * bytes / UInt64(limits.pipelineBytes)
        return now >= question.at.advanced(by: ticks << UInt64(doublings))
    }
}
