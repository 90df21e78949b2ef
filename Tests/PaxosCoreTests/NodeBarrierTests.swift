@testable import PaxosCore
import Testing

/// Barriers of a leader and of those that ask it.
@Suite struct NodeBarrierTests {
    private static func heartbeats(_ said: OneMember.Said) -> [Heartbeat] {
        said.immediate.compactMap { message in
            guard case .heartbeat(let heartbeat) = message.body, message.destination == 2 else {
                return nil
            }
            return heartbeat
        }
    }

    private static func reply(
        _ ballot: Ballot,
        _ round: UInt64,
        promised: Ballot? = nil
    ) -> Immediate {
        .heartbeatReply(
            HeartbeatReply(
                ballot: ballot,
                round: round,
                promised: promised ?? ballot,
                committed: .zero
            )
        )
    }

    /// A barrier waits for a round that began after it arrived; the one in flight does not count (`R70`).
    @Test func aBarrierWaitsForALaterRound() throws {
        let member = OneMember(members: [1, 2, 3])
        let led = try member.lead()
        let now = led.at + 5
        let idle = try #require(Self.heartbeats(try member.step(at: now)).first)
        let asked = try member.step(at: now) { $0.barriers = [member.barrier()] }
        let round = try #require(Self.heartbeats(asked).first).round
        #expect(round > idle.round)
        #expect(try member.hear(2, at: now, Self.reply(led.ballot, idle.round)).replies.isEmpty)
        let later = try member.step(at: now) { $0.barriers = [member.barrier()] }
        #expect(try #require(Self.heartbeats(later).first).round > round)
        let first = try member.hear(2, at: now, Self.reply(led.ballot, round))
        #expect(first.outcomes == [.barrier(.zero)])
        let second = try member.hear(3, at: now, Self.reply(led.ballot, round + 1))
        #expect(second.outcomes == [.barrier(.zero)])
    }

    /// However many a peer asks for, so many are kept; the rest it asks for again (`R62`).
    @Test func whatAPeerAsksForIsBounded() throws {
        let member = OneMember(members: [1, 2, 3])
        let led = try member.lead()
        for id in 0..<UInt64(3 * Readers.mostOfPeer) {
            try member.hear(2, at: led.at, .barrierRequest(RemoteBarrierRequest(id: id)))
        }
        let other = RemoteBarrierRequest(id: 1)
        let asked = try member.hear(3, at: led.at, .barrierRequest(other))
        var answered = [NodeID: Int]()
        let rounds = led.at + 5
        for round in 1...10_000 as ClosedRange<UInt64> where answered[3] == nil {
            for message in try member.hear(2, at: rounds, Self.reply(led.ballot, round)).immediate {
                if case .barrierReply = message.body {
                    answered[message.destination, default: 0] += 1
                }
            }
        }
        #expect(answered == [2: Readers.mostOfPeer, 3: 1], "\(asked.immediate.count)")
    }

    /// A reply that shows a higher promise, is of another ballot or of a round never begun, confirms
    /// nothing (`R52`, `R55`).
    @Test func onlyFollowersConfirm() throws {
        let member = OneMember(members: [1, 2, 3])
        let led = try member.lead()
        let asked = try member.step(at: led.at) { $0.barriers = [member.barrier()] }
        let round = try #require(Self.heartbeats(asked).last).round
        let higher = Ballot(round: led.ballot.round + 1, node: 3)
        for reply in [
            Self.reply(led.ballot, round, promised: higher),
            Self.reply(Ballot(round: 0, node: 1), round), Self.reply(led.ballot, round + 9),
        ] {
            #expect(try member.hear(2, at: led.at, reply).replies.isEmpty)
        }
        #expect(try member.hear(2, at: led.at, Self.reply(led.ballot, round)).replies.count == 1)
    }

    /// A follower asks the leader, again after a timeout, and answers its caller once its own log has got
    /// as far as the leader's answer.
    @Test func aFollowerAsksItsLeader() throws {
        let member = OneMember(members: [1, 2, 3])
        let ballot = Ballot(round: 4, node: 3)
        func heartbeat(_ committed: Slot) -> Immediate {
            .heartbeat(Heartbeat(ballot: ballot, round: 1, committed: committed))
        }
        #expect(try member.step { $0.barriers = [member.barrier()] }.messages.isEmpty)
        func asked(_ said: OneMember.Said) -> RemoteBarrierRequest? {
            for message in said.immediate where message.destination == 3 {
                if case .barrierRequest(let request) = message.body { return request }
            }
            return nil
        }
        let request = try #require(asked(try member.hear(3, heartbeat(0))))
        #expect(asked(try member.hear(3, at: 20, heartbeat(0))) == nil)
        #expect(asked(try member.hear(3, at: 30, heartbeat(0))) == request)
        let stray = RemoteBarrierReply(id: request.id &+ 1, slot: .zero)
        #expect(try member.hear(3, at: 30, .barrierReply(stray)).replies.isEmpty)
        let reply = RemoteBarrierReply(id: request.id, slot: 1)
        #expect(try member.hear(3, at: 30, .barrierReply(reply)).replies.isEmpty)
        let accept = Accept(
            ballot: ballot,
            run: EntryRun(first: 1, entries: [.noop]),
            committed: .zero
        )
        try member.hear(3, at: 30, .accept(accept))
        #expect(try member.hear(3, at: 31, heartbeat(1)).replies.isEmpty, "not durable (R60)")
        #expect(try member.step(at: 31, flush: 1).outcomes == [.barrier(1)])
    }

    /// Another node's barrier is answered to it, once per question.
    @Test func aLeaderAnswersOtherNodes() throws {
        let member = OneMember(members: [1, 2, 3])
        let led = try member.lead()
        let request = Immediate.barrierRequest(RemoteBarrierRequest(id: 7))
        let asked = try member.hear(3, at: led.at, request, request)
        let round = try #require(Self.heartbeats(asked).last).round
        let said = try member.hear(2, at: led.at, Self.reply(led.ballot, round))
        let reply = RemoteBarrierReply(id: 7, slot: .zero)
        #expect(said.immediate == [Addressed(destination: 3, body: .barrierReply(reply))])
    }

    /// The leader is deposed while its barrier is being confirmed: the barrier goes to the next leader,
    /// and what the old followers say late answers nothing.
    @Test func aBarrierOutlivesItsLeader() throws {
        let member = OneMember(members: [1, 2, 3])
        let led = try member.lead()
        let asked = try member.step(at: led.at) { $0.barriers = [member.barrier()] }
        let round = try #require(Self.heartbeats(asked).last).round
        let later = Ballot(round: led.ballot.round + 1, node: 3)
        let heartbeat = Heartbeat(ballot: later, round: 1, committed: .zero)
        let moved = try member.hear(3, at: led.at, .heartbeat(heartbeat))
        #expect(member.core.status.role == .follower)
        let request = moved.immediate.compactMap { message -> RemoteBarrierRequest? in
            guard case .barrierRequest(let request) = message.body else { return nil }
            return message.destination == 3 ? request : nil
        }
        #expect(request.count == 1)
        #expect(try member.hear(2, at: led.at, Self.reply(led.ballot, round)).replies.isEmpty)
        let reply = RemoteBarrierReply(id: try #require(request.first).id, slot: .zero)
        #expect(
            try member.hear(3, at: led.at, .barrierReply(reply)).outcomes == [.barrier(.zero)]
        )
    }

    /// A caller that gave up is told once, and nothing goes on for it.
    @Test func aCallerThatGaveUpIsDropped() throws {
        let member = OneMember(members: [1, 2, 3])
        let led = try member.lead()
        let barrier = member.barrier()
        let asked = try member.step(at: led.at) { $0.barriers = [barrier] }
        let round = try #require(Self.heartbeats(asked).last).round
        let gone = try member.step(at: led.at) { $0.cancellations = [barrier.waiter] }
        #expect(gone.outcomes == [.never(.cancelled)])
        #expect(member.core.readers.isEmpty)
        #expect(try member.hear(2, at: led.at, Self.reply(led.ballot, round)).replies.isEmpty)
    }
}
