@testable import PaxosCore
import Testing

/// Stores without room, the own one and those of others (`R79`).
@Suite struct RoomTests {
    private static let ballot = Ballot(round: 4, node: 3)

    private static func answer(
        _ ballot: Ballot,
        committed: Slot = 0,
        isFull: Bool = false
    ) -> Immediate {
        .heartbeatReply(
            HeartbeatReply(
                ballot: ballot,
                round: 1,
                promised: ballot,
                committed: committed,
                isFull: isFull
            )
        )
    }

    private static func farewells(_ said: OneMember.Said) -> [Farewell] {
        said.immediate.compactMap { message in
            if case .farewell(let farewell) = message.body { farewell } else { nil }
        }
    }

    private static func heartbeats(_ said: OneMember.Said) -> [Heartbeat] {
        said.immediate.compactMap { message in
            if case .heartbeat(let heartbeat) = message.body { heartbeat } else { nil }
        }
    }

    private static func forward(_ node: NodeID, hops: UInt8 = 0) -> Forward {
        Forward(
            token: Token(node: node, boot: Boot(1), sequence: 1),
            payloads: .one([9]),
            hops: hops
        )
    }

    /// To the one that has committed most, of those with room that have answered.
    @Test func aFullLeaderHandsOver() throws {
        let member = OneMember(members: [1, 2, 3, 4, 5])
        let led = try Self.lead(member)
        try member.hear(2, at: led.at, Self.answer(led.ballot, committed: 3))
        try member.hear(3, at: led.at, Self.answer(led.ballot, committed: 9, isFull: true))
        try member.hear(4, at: led.at, Self.answer(led.ballot, committed: 5))
        let said = try member.step(at: led.at) { $0.isFull = true }
        let farewell = Farewell(ballot: led.ballot, successor: 4)
        #expect(Self.farewells(said) == Array(repeating: farewell, count: 4))
        #expect(member.core.status.role == .follower)
    }

    private static func lead(_ member: OneMember) throws -> (ballot: Ballot, at: UInt64) {
        let round = try member.awaitStatusRound()
        for peer in [2, 3] as [NodeID] {
            let status = StatusReply(id: round.id, leader: nil, promised: .zero, committed: 0)
            try member.hear(peer, at: round.at, .statusReply(status))
        }
        let ballot = try #require(member.core.status.ballot)
        try member.step(at: round.at, flush: member.store.waiting)
        for peer in [2, 3] as [NodeID] {
            let promise = Promise(ballot: ballot, committed: 0, trimmed: 0, last: 0)
            try member.hear(peer, at: round.at, .promise(promise))
        }
        #expect(member.core.status.role == .leader)
        return (ballot, round.at)
    }

    /// Without a quorum that has room nobody would do better: it stays, says so, and refuses what has not left
    /// an inbox for good, and what was forwarded for now.
    @Test(arguments: [true, false])
    func aQuorumWithoutRoomRefuses(_ isOwnFull: Bool) throws {
        let member = OneMember(members: [1, 2, 3])
        let led = try member.lead()
        try member.step(at: led.at, flush: member.store.waiting)
        try member.hear(2, at: led.at, Self.answer(led.ballot, isFull: true))
        let reject = Reject(ballot: led.ballot, promised: led.ballot, committed: 0, reason: .full)
        if isOwnFull {
            try member.step(at: led.at) { $0.isFull = true }
        } else {
            try member.hear(3, at: led.at, .reject(reject))
        }
        #expect(member.core.status.role == .leader)
        let said = try member.step(at: led.at + 5, appends: [member.append()])
        #expect(said.outcomes == [.never(.full)])
        #expect(said.taken == 0 && member.waiting == 0)
        #expect(Self.heartbeats(said).map(\.isFull) == [true, true])
        let forward = Self.forward(2)
        let refused = try member.hear(2, at: led.at + 6, .forward(forward))
        let refusal = Immediate.forwardRefused(ForwardRefused(token: forward.token))
        #expect(refused.immediate.contains(Addressed(destination: 2, body: refusal)))
        // Room again.
        try member.hear(2, at: led.at + 7, Self.answer(led.ballot))
        if isOwnFull { return }
        let taken = try member.step(at: led.at + 8, appends: [member.append()])
        #expect(taken.outcomes.isEmpty && taken.rows?.accepted.count == 1)
    }

    /// Whoever is not heard has no room to offer: with a dead member the other two are no quorum if one of them
    /// is the full leader.
    @Test func whoIsNotHeardIsNoRoom() throws {
        let member = OneMember(members: [1, 2, 3])
        let led = try member.lead()
        try member.step(at: led.at, flush: member.store.waiting)
        let now = led.at + Limits().electionTicks
        try member.hear(2, at: now - 1, Self.answer(led.ballot))
        let said = try member.step(at: now, appends: [member.append()]) { $0.isFull = true }
        #expect(Self.farewells(said).isEmpty)
        #expect(member.core.status.role == .leader)
        #expect(said.outcomes == [.never(.full)])
    }

    /// Who has given way as often as it may, and led for long since, hands over when it is full.
    @Test(arguments: [true, false])
    func whoHasLedForLongHandsOver(_ isLong: Bool) throws {
        let member = OneMember(members: [1, 2, 3])
        var at: UInt64 = 0
        var ballot: Ballot?
        while ballot == nil {
            let round = try member.awaitStatusRound(from: at)
            at = round.at
            let fitter = StatusReply(
                id: round.id,
                leader: nil,
                promised: .zero,
                committed: 20,
                recent: 10
            )
            try member.hear(2, at: at, .statusReply(fitter))
            ballot = member.core.status.ballot
        }
        let led = try #require(ballot)
        try member.step(at: at, flush: member.store.waiting)
        let promise = Promise(ballot: led, committed: 0, trimmed: 0, last: 0)
        try member.hear(2, at: at, .promise(promise))
        let end = at + (isLong ? 10 : 2) * Limits().electionTicks
        while at < end {
            at += 1
            try member.hear(2, at: at, Self.answer(led))
            try member.hear(3, at: at, Self.answer(led))
            try member.step(at: at, flush: member.store.waiting)
        }
        #expect(member.core.status.role == .leader)
        let said = try member.step(at: at) { $0.isFull = true }
        #expect(Self.farewells(said).isEmpty == !isLong)
    }

    /// A full leader says so when nobody else can lead, not before anybody has answered.
    @Test func aNewLeaderDoesNotSayItIsFullAtOnce() throws {
        let member = OneMember(members: [1, 2, 3])
        try member.step { $0.isFull = true }
        let led = try member.lead()
        let said = try member.step(at: led.at + 5)
        #expect(Self.heartbeats(said).map(\.isFull) == [false, false])
        let handed = try member.hear(2, at: led.at + 6, Self.answer(led.ballot))
        #expect(Self.farewells(handed).map(\.successor) == [2, 2])
    }

    /// Who follows a leader without room, or has none itself, refuses what has not left its inbox.
    @Test(arguments: [true, false])
    func aFollowerRefusesWhatNobodyTakes(_ isOwnFull: Bool) throws {
        let member = OneMember(members: [1, 2, 3])
        let heartbeat = Heartbeat(
            ballot: Self.ballot,
            round: 1,
            committed: 0,
            isFull: !isOwnFull
        )
        try member.hear(3, .heartbeat(heartbeat))
        if isOwnFull { try member.step { $0.isFull = true } }
        let said = try member.step(appends: [member.append()])
        #expect(said.outcomes == [.never(.full)])
        #expect(said.messages.isEmpty)
        if isOwnFull { try member.step { $0.isFull = false } }
        let room = Heartbeat(ballot: Self.ballot, round: 2, committed: 0)
        try member.hear(3, .heartbeat(room))
        let sent = try member.step(appends: [member.append()])
        #expect(sent.outcomes.isEmpty)
        #expect(sent.taken == 1)
    }

    /// A refusal of what was forwarded ends the wait and not the append: it may have been forwarded before, to a
    /// leader that has it chosen. Of a node that does not lead it means nothing.
    @Test func aRefusedForwardIsUnknown() throws {
        let member = OneMember(members: [1, 2, 3])
        try member.hear(3, .heartbeat(Heartbeat(ballot: Self.ballot, round: 1, committed: 0)))
        try member.step(appends: [member.append()])
        let token = Token(node: 1, boot: Boot(1), sequence: 1)
        let refusal = Immediate.forwardRefused(ForwardRefused(token: token))
        #expect(try member.hear(2, refusal).replies.isEmpty)
        #expect(try member.hear(3, refusal).outcomes == [.unknown(token, .full)])
        #expect(try member.hear(3, refusal).replies.isEmpty)
    }

    /// What waits in a leader's queue is refused to whoever sent it.
    @Test func aQueuedForwardIsRefusedTheWayItCame() throws {
        var limits = Limits()
        limits.pipelineSlots = 2
        let member = OneMember(members: [1, 2, 3], limits: limits)
        let led = try member.lead()
        try member.step(at: led.at, flush: member.store.waiting)
        try member.step(at: led.at, appends: [member.append(), member.append()])
        try member.hear(2, at: led.at, Self.answer(led.ballot, isFull: true))
        // Of n3 through n2.
        try member.hear(2, at: led.at, .forward(Self.forward(3, hops: 1)))
        let said = try member.step(at: led.at) { $0.isFull = true }
        let refusal = Immediate.forwardRefused(ForwardRefused(token: Self.forward(3).token))
        #expect(said.immediate.contains(Addressed(destination: 2, body: refusal)))
    }

    /// Who passed an append on passes its refusal back.
    @Test func aRefusalGoesBackThroughThePeer() throws {
        let member = OneMember(members: [1, 2, 3])
        try member.hear(3, .heartbeat(Heartbeat(ballot: Self.ballot, round: 1, committed: 0)))
        try member.hear(2, .forward(Self.forward(2)))
        let refusal = Immediate.forwardRefused(ForwardRefused(token: Self.forward(2).token))
        let said = try member.hear(3, refusal)
        #expect(said.immediate.contains(Addressed(destination: 2, body: refusal)))
    }

    /// A full member leaves it to one with room to lead, three times.
    @Test func whoIsFullGivesWay() throws {
        let member = OneMember(members: [1, 2, 3])
        try member.step { $0.isFull = true }
        var at: UInt64 = 0
        for attempt in 1...4 {
            let round = try member.awaitStatusRound(from: at)
            at = round.at
            let status = StatusReply(id: round.id, leader: nil, promised: .zero, committed: 0)
            try member.hear(2, at: at, .statusReply(status))
            #expect(member.core.status.role == (attempt == 4 ? .candidate : .follower))
        }
    }
}
