@testable import PaxosCore
import Testing

/// The way of an append through one member, and every way it may end.
@Suite struct NodeAppendTests {
    /// Without a leader the core takes nothing out of the inbox, and hears of nobody who gives up there (`R62`).
    @Test func nobodyLeavesTheInboxWithoutALeader() throws {
        let member = OneMember(members: [1, 2, 3])
        let patient = member.append(7)
        let hasty = (0..<5).map { _ in member.append(10, deadline: Tick(3)) }
        let cancelled = member.append(20)
        let asked = try member.step(at: 1, appends: [patient] + hasty + [cancelled])
        #expect(asked.taken == 0 && asked.replies.isEmpty)
        #expect(member.core.appetite == .none)
        let expired = try member.step(at: 3)
        #expect(expired.outcomes == Array(repeating: .never(.timedOut), count: 5))
        #expect(expired.taken == 0 && member.waiting == 2)
        let left = try member.step(at: 4) { $0.cancellations = [cancelled.waiter] }
        #expect(left.outcomes == [.never(.cancelled)])
        #expect(left.taken == 0 && member.waiting == 1)
    }

    @Test func anAppendIsAnsweredAfterItsReceiptAndNotBefore() throws {
        let member = OneMember()
        let campaign = try member.step()
        #expect(campaign.rows?.promised == Ballot(round: 1, node: 1))
        #expect(campaign.rows?.lastRound == 1)
        let append = try member.step(flush: 1, appends: [member.append(3)])
        #expect(append.replies.isEmpty)
        #expect(append.rows?.accepted.map(\.run.slots) == [1...1])
        #expect(try member.step().replies.isEmpty)
        let answered = try member.step(flush: 1)
        #expect(answered.outcomes == [.committed(first: 1, count: 1)])
        #expect(answered.delivered == [1])
    }

    /// Every append of a step shares one run, one write and one flush; nothing that is idle flushes.
    @Test func aStepWritesOnceAndAnIdleNodeNever() throws {
        let member = OneMember()
        try member.drain()
        let said = try member.step(appends: (0..<100).map { _ in member.append() })
        #expect(said.rows?.accepted.map(\.run.slots) == [1...100])
        #expect(said.taken == 100)
        #expect(member.store.waiting == 1)
        let answered = try member.step(flush: 1)
        #expect(answered.replies.count == 100)
        #expect(answered.rows == nil, "the watermark alone is not worth a flush")
        for now in 1...50 { #expect(try member.step(at: UInt64(now)).rows == nil) }
        let next = try member.step(appends: [member.append()])
        #expect(next.rows?.committed == 100, "it rides on the next write (R41)")
    }

    /// A receipt that comes in one step with the end of the caller's patience: the outcome is known.
    @Test func whatIsKnownIsNotCalledUnknown() throws {
        let member = OneMember()
        try member.drain()
        let cancelled = member.append()
        try member.step(appends: [cancelled, member.append(deadline: Tick(5))])
        let said = try member.step(at: 9, flush: 1) { $0.cancellations = [cancelled.waiter] }
        #expect(
            said.outcomes == [.committed(first: 1, count: 1), .committed(first: 2, count: 1)]
        )
    }

    @Test func anAppendThatWaitsTooLongIsNeverOrUnknown() throws {
        var limits = Limits()
        limits.pipelineSlots = 2
        let member = OneMember(limits: limits)
        try member.drain()
        let appends = (0..<3).map { _ in member.append(deadline: Tick(7)) }
        try member.step(appends: appends)
        #expect(member.core.nextDeadline == Tick(7))
        #expect(try member.step(at: 6).replies.isEmpty)
        let said = try member.step(at: 7)
        let token = { Token(node: 1, boot: Boot(1), sequence: $0) }
        #expect(said.replies.count == 3)
        for (sequence, append) in zip(UInt64(1)..., appends) {
            let outcome = said.replies.first { $0.waiter == append.waiter }?.outcome
            let expected: Reply.Outcome =
                sequence == 3 ? .never(.timedOut) : .unknown(token(sequence), .timedOut)
            #expect(outcome == expected)
        }
        // Nobody waits any more; that the write is overdue would be worth a word.
        #expect(member.core.nextDeadline == Tick(limits.electionTicks))
        let drained = try member.drain()
        #expect(drained.replies.isEmpty)
        #expect(drained.delivered == [1, 2])
    }

    /// A cancellation that comes twice, or for a waiter whose place was given on, ends nobody.
    @Test func aWaiterIsEndedOnce() throws {
        let member = OneMember()
        let append = member.append()
        let said = try member.step(appends: [append]) {
            $0.cancellations = [append.waiter, append.waiter]
        }
        #expect(said.outcomes == [.never(.cancelled)])
        let reused = WaiterID(index: append.waiter.index, generation: 2)
        let request = AppendRequest(
            waiter: reused,
            payloads: .one([]),
            bytes: 0,
            deadline: .never
        )
        let second = try member.step(appends: [request]) {
            $0.cancellations = [append.waiter]
        }
        #expect(second.replies.isEmpty)
        #expect(try member.drain().outcomes == [.committed(first: 1, count: 1)])
    }

    /// Full refuses appends, goes on with what is in flight, and ends (`R79`).
    @Test func fullRefusesAndRecovers() throws {
        let member = OneMember()
        try member.drain()
        try member.step(appends: [member.append()])
        let refused = try member.step(flush: 1, appends: [member.append()]) { $0.isFull = true }
        #expect(refused.outcomes == [.committed(first: 1, count: 1), .never(.full)])
        #expect(refused.taken == 0 && member.waiting == 0)
        #expect(member.core.status.isFull)
        #expect(try member.step { $0.barriers = [member.barrier()] }.outcomes == [.barrier(1)])
        try member.step(appends: [member.append()]) { $0.isFull = false }
        #expect(try member.drain().outcomes == [.committed(first: 2, count: 1)])
    }

    /// A batch waits until it has room as a whole, and nothing passes it.
    @Test func aBatchWaitsForRoomWhole() throws {
        var limits = Limits()
        limits.pipelineSlots = 4
        let member = OneMember(limits: limits)
        try member.drain()
        let batch = AppendRequest(
            waiter: WaiterID(index: 50, generation: 1),
            payloads: .batch([[1], [2]]),
            bytes: 2,
            deadline: .never
        )
        let said = try member.step(appends: [
            member.append(), member.append(), member.append(), batch, member.append(),
        ])
        #expect(said.rows?.accepted.map(\.run.slots) == [1...3])
        let answered = try member.step(flush: 1)
        #expect(answered.replies.count == 3)
        #expect(answered.rows?.accepted.map(\.run.slots) == [4...6])
        #expect(
            try member.step(flush: 1).outcomes
                == [.committed(first: 4, count: 2), .committed(first: 6, count: 1)]
        )
    }

    /// A member that needs others has nobody confirm it here: its barriers wait (`R52`, `R70`).
    @Test func aBarrierIsNotAnsweredUnconfirmed() throws {
        let trio = OneMember(members: [1, 2, 3])
        let barrier = trio.barrier()
        try trio.step { $0.barriers = [barrier] }
        let led = try trio.lead()
        #expect(trio.core.status.role == .leader)
        #expect(try trio.step(at: led.at, flush: trio.store.waiting).replies.isEmpty)
        let cancelled = try trio.step(at: led.at) { $0.cancellations = [barrier.waiter] }
        #expect(cancelled.outcomes == [.never(.cancelled)])
    }

    /// A barrier of a new leader waits until everything that phase 1 found is committed (`R54`).
    @Test func aBarrierWaitsForWhatPhaseOneFound() throws {
        let member = OneMember(
            disk: OneMember.disk([OneMember.command(1), OneMember.command(2)], committed: 0)
        )
        let elected = try member.step { $0.barriers = [member.barrier()] }
        #expect(elected.replies.isEmpty)
        let leading = try member.step(flush: 1)
        #expect(member.core.status.role == .leader)
        #expect(leading.rows?.accepted.map(\.run.slots) == [1...2])
        #expect(leading.replies.isEmpty)
        #expect(try member.step(flush: 1).outcomes == [.barrier(2)])
    }
}
