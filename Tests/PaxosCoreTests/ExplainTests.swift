@testable import PaxosCore
import Testing

/// What a node says of what does not go on.
@Suite struct ExplainTests {
    private static func causes(
        _ member: OneMember,
        _ subject: Explanation.Subject
    ) -> [Explanation.Cause] {
        member.core.explanations.filter { $0.subject == subject }.map(\.cause)
    }

    private static func beat(
        _ member: OneMember,
        _ led: (ballot: Ballot, at: UInt64),
        at now: UInt64
    )
        throws
    {
        for node in [2, 3] as [NodeID] {
            let reply = HeartbeatReply(
                ballot: led.ballot,
                round: 1,
                promised: led.ballot,
                committed: member.core.status.committed,
                floor: member.core.status.committed
            )
            try member.hear(node, at: now, .heartbeatReply(reply))
        }
    }

    /// What goes on needs no reason.
    @Test func aHealthyNodeExplainsNothing() throws {
        let alone = OneMember()
        try alone.step(appends: [alone.append()])
        try alone.drain()
        #expect(alone.core.explanations == [])
        let member = OneMember(members: [1, 2, 3])
        let led = try member.lead()
        try Self.beat(member, led, at: led.at)
        #expect(member.core.explanations == [])
    }

    @Test func whyThereIsNoLeader() throws {
        let founder = OneMember(members: [1, 2, 3], isMet: false)
        #expect(Self.causes(founder, .leadership) == [.notMet([2, 3])])
        let member = OneMember(members: [1, 2, 3])
        try member.step(at: 200)
        #expect(Self.causes(member, .leadership) == [.noQuorum(heard: [], needed: 2)])
        let status = StatusReply(id: 1, leader: nil, promised: .zero, committed: 0)
        try member.hear(2, at: 200, .statusReply(status))
        #expect(Self.causes(member, .leadership) == [.electing])
        let round = try member.awaitStatusRound(from: 200)
        let answer = StatusReply(id: round.id, leader: nil, promised: .zero, committed: 0)
        try member.hear(2, at: round.at, .statusReply(answer))
        let ballot = try #require(member.core.status.ballot)
        try member.step(at: round.at, flush: member.store.waiting)
        #expect(
            Self.causes(member, .leadership) == [.campaigning(ballot, awaited: [2, 3])]
        )
        try member.step(at: round.at) { $0.failure = OneMember.failure() }
        #expect(Self.causes(member, .leadership) == [.storeFailed(OneMember.failure())])
    }

    @Test func whyASlotIsNotCommitted() throws {
        let member = OneMember(members: [1, 2, 3])
        let led = try member.lead()
        try Self.beat(member, led, at: led.at)
        try member.step(at: led.at, appends: [member.append()])
        #expect(Self.causes(member, .commitment) == [.notAccepted(1, by: [1, 2, 3])])
        try member.step(at: led.at, flush: member.store.waiting)
        #expect(Self.causes(member, .commitment) == [.notAccepted(1, by: [2, 3])])
        try member.step(at: led.at) { $0.isFull = true }
        #expect(Self.causes(member, .commitment).first == .full)

        let follower = OneMember(members: [1, 2, 3])
        let ballot = Ballot(round: 4, node: 3)
        try follower.hear(3, .heartbeat(Heartbeat(ballot: ballot, round: 1, committed: 5)))
        #expect(Self.causes(follower, .commitment) == [.fetching(1...5)])
    }

    @Test func whyTheLogIsNotTrimmed() throws {
        let member = OneMember(members: [1, 2, 3])
        let led = try member.lead()
        try member.step(at: led.at, appends: [member.append()])
        try member.step(at: led.at, flush: member.store.waiting)
        try member.hear(2, at: led.at, .accepted(Accepted(ballot: led.ballot, slots: 1...1)))
        #expect(Self.causes(member, .trimming) == [], "nobody has asked")
        try member.step(at: led.at, flush: member.store.waiting) {
            $0.trims = [member.trim(through: 1)]
        }
        let held = Self.causes(member, .trimming)
        #expect(held.count == 1)
        switch held.first {
        case .heldByMember, .heldByMembers: break
        default: Issue.record("\(held)")
        }
    }

    @Test func whyAMemberIsNotCounted() throws {
        let member = OneMember(members: [1, 2, 3])
        let led = try member.lead()
        #expect(Self.causes(member, .member(3)) == [.silent(seconds: nil)])
        let reply = HeartbeatReply(
            ballot: led.ballot,
            round: 1,
            promised: led.ballot,
            committed: 0,
            isFull: true
        )
        try member.hear(3, at: led.at, .heartbeatReply(reply))
        #expect(Self.causes(member, .member(3)) == [.full])
        try member.hear(2, at: led.at + 200, .heartbeatReply(reply))
        #expect(Self.causes(member, .member(3)) == [.silent(seconds: 2)])
    }

    /// One line each, with what to do.
    @Test func eachReasonIsOneLine() {
        let causes: [Explanation.Cause] = [
            .notRunning, .storeFailed(OneMember.failure()), .ending, .notMet([2]),
            .noQuorum(heard: [], needed: 2), .noQuorum(heard: [2, 3], needed: 3), .electing,
            .campaigning(Ballot(round: 1, node: 1), awaited: [2]), .diskOverdue, .noLeader,
            .notAccepted(4, by: [2, 3]), .undecided(4...5), .fetching(4...9), .unobtainable(4),
            .full, .handingOver(2), .heldByMember(2), .heldByMembers,
            .heldByDelivery(3), .heldBySnapshot(3), .damaged, .silent(seconds: nil),
            .silent(seconds: 4), .refused(.twin), .refusesThis(.rolledBack), .workUnanswered,
            .behind(slots: 90),
        ]
        for cause in causes {
            let text = "\(Explanation(.member(3), cause))"
            #expect(!text.contains("\n") && text.hasPrefix("member 3: ") && text.contains("; "))
            #expect(!cause.name.isEmpty && !cause.name.contains(" "))
        }
        #expect(Set(causes.map(\.name)).count == causes.count - 2)
        #expect(
            "\(Explanation(.leadership, .noQuorum(heard: [2], needed: 3)))"
                == "no leader: nobody but member 2 is heard, and a quorum is 3; "
                + "start more members, or mend the links to them"
        )
    }
}
