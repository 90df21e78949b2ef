import PaxosCore
import Testing

@Suite struct OneMemberTests {
    @Test func anAppendIsAnsweredAfterItsReceiptAndNotBefore() throws {
        let membership = try Membership([1])
        var core = NodeCore(
            node: 1,
            memberships: MembershipHistory(founding: membership),
            recovered: RecoveredState(
                boot: Boot(1),
                promised: .zero,
                lastRound: 0,
                committed: .zero,
                trimmed: .zero,
                last: .zero,
                checkpoint: .empty
            ),
            limits: Limits()
        )
        var first = core.step(Arrivals(now: .zero))
        let campaign = try take(first.write.take())
        #expect(campaign.rows.promised == Ballot(round: 1, node: 1))
        var arrivals = Arrivals(now: .zero)
        arrivals.receipt = campaign.markedDurable()
        arrivals.appends = [
            AppendRequest(
                waiter: WaiterID(index: 0, generation: 1),
                payloads: .one([1, 2, 3]),
                bytes: 3,
                deadline: .never
            )
        ]
        var second = core.step(arrivals)
        #expect(second.replies.isEmpty)
        let append = try take(second.write.take())
        #expect(append.rows.accepted.map { $0.run.slots } == [Slot(1)...Slot(1)])
        var third = Arrivals(now: .zero)
        third.receipt = append.markedDurable()
        let answered = core.step(third)
        #expect(answered.replies.map(\.outcome) == [.committed(first: 1, count: 1)])
        #expect(answered.delivered == [Delivered(slot: 1, payload: [1, 2, 3])])
    }
}

struct NothingWritten: Error {}

func take(_ batch: consuming WriteBatch?) throws -> WriteBatch {
    guard let batch = batch.take() else { throw NothingWritten() }
    return batch
}
