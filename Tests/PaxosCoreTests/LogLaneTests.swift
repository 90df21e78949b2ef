@testable import PaxosCore
import Testing

/// When a log lane counts as dead: never for its width.
@Suite struct LogLaneTests {
    private static let limits = Limits()
    private static let patience = Candidate.patience * Limits().electionTicks

    private static func isDead(_ lane: LogLane, after ticks: UInt64, doublings: Int = 0) -> Bool {
        lane.isDead(at: Tick(ticks), limits: limits, doublings: doublings)
    }

    @Test func aLaneThatOwesNothingIsNotDead() {
        var lane = LogLane()
        #expect(!Self.isDead(lane, after: 1 << 40))
        lane.ask(behind: 0, at: .zero)
        lane.answer(at: Tick(5))
        #expect(!Self.isDead(lane, after: 1 << 40))
    }

    @Test func theFirstQuestionWithoutAnAnswerCounts() {
        var lane = LogLane()
        lane.ask(behind: 0, at: .zero)
        lane.ask(behind: 0, at: Tick(Self.patience - 1))
        #expect(!Self.isDead(lane, after: Self.patience - 1))
        #expect(Self.isDead(lane, after: Self.patience))
    }

    /// What stands before a question, and what arrives before its answer, is waited for (`R83`).
    @Test func bytesAreWaitedFor() {
        let eighth = Self.limits.pipelineBytes / 8
        var behind = LogLane()
        behind.ask(behind: 3 * eighth, at: .zero)
        #expect(!Self.isDead(behind, after: 4 * Self.patience - 1))
        #expect(Self.isDead(behind, after: 4 * Self.patience))
        var passed = LogLane()
        passed.ask(behind: 0, at: .zero)
        for _ in 0..<3 { passed.pass(eighth) }
        #expect(!Self.isDead(passed, after: 4 * Self.patience - 1))
        #expect(Self.isDead(passed, after: 4 * Self.patience))
    }

    /// No more than a queue holds, or a lane that carries one way only would never be found out.
    @Test func endlessBytesAreNotWaitedFor() {
        var lane = LogLane()
        lane.ask(behind: 0, at: .zero)
        for _ in 0..<100 { lane.pass(Self.limits.pipelineBytes) }
        #expect(Self.isDead(lane, after: 17 * Self.patience))
    }

    /// A batch of 4 MB on a link of 0.3 MB/s, ten times over in vain on one that is narrower still.
    @Test func aNarrowLinkIsNotDead() {
        var lane = LogLane()
        lane.ask(behind: 4 << 20, at: .zero)
        let ticks = UInt64((4 << 20) / 3_000)
        #expect(!Self.isDead(lane, after: ticks))
        #expect(!Self.isDead(lane, after: 10 * ticks, doublings: 3))
    }

    @Test func whatIsForgottenIsNotOwed() {
        var lane = LogLane()
        lane.ask(behind: 0, at: .zero)
        lane.forget()
        #expect(!lane.isOwed)
        #expect(!Self.isDead(lane, after: 1 << 40))
    }
}
