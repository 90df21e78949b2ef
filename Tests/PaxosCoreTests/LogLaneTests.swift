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

    /// A question that stands behind more than the first one did is waited for as long as that takes.
    @Test func theLongestQueueCounts() {
        let eighth = Self.limits.pipelineBytes / 8
        var lane = LogLane()
        lane.ask(behind: 0, at: .zero)
        lane.ask(behind: 2 * eighth, at: Tick(1))
        lane.ask(behind: eighth, at: Tick(2))
        #expect(!Self.isDead(lane, after: 3 * Self.patience - 1))
        #expect(Self.isDead(lane, after: 3 * Self.patience))
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

    /// A follower whose way to the leader was dead goes straight again once that carries: it asks for as long as
    /// an answer is owed, also when nothing waits that would make it ask.
    @Test func aLaneThatIsWellAgainIsTaken() throws {
        let member = OneMember(members: [1, 2, 3])
        let heartbeat = Immediate.heartbeat(
            Heartbeat(ballot: Ballot(round: 4, node: 3), round: 1, committed: .zero)
        )
        var now: UInt64 = 0
        func follow(for ticks: UInt64, barrier: Bool = false) throws -> [OneMember.Said] {
            var said: [OneMember.Said] = []
            if barrier {
                said.append(try member.step(at: now) { $0.barriers = [member.barrier()] })
            }
            let end = now + ticks
            while now < end {
                now += 5
                said.append(try member.hear(3, at: now, heartbeat))
            }
            return said
        }
        func requests(_ said: [OneMember.Said]) -> [Addressed<RemoteBarrierRequest>] {
            said.flatMap(\.immediate).compactMap { message in
                guard case .barrierRequest(let request) = message.body else { return nil }
                return Addressed(destination: message.destination, body: request)
            }
        }
        let limits = Limits()
        _ = try follow(for: 5)
        let asked = requests(
            try follow(for: Self.patience + 3 * limits.electionTicks, barrier: true)
        )
        #expect(asked.first?.destination == 3)
        let last = try #require(asked.last)
        #expect(last.destination == 2, "its log lane is dead")
        let reply = RemoteBarrierReply(id: last.body.id, slot: .zero)
        #expect(try member.hear(2, at: now, .barrierReply(reply)).outcomes == [.barrier(.zero)])
        let probes = try follow(for: 2 * limits.electionTicks).flatMap(\.probes)
        let probe = try #require(probes.last { $0.destination == 3 })
        let answer = ProbeReply(id: probe.body.id, subject: .answers)
        _ = try member.hear(3, at: now, .probeReply(answer))
        let next = requests(try follow(for: 5, barrier: true))
        #expect(next.map(\.destination) == [3])
    }
}
