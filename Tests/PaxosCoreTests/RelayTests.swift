@testable import PaxosCore
import Testing

/// The way to the leader through a peer.
@Suite struct RelayTests {
    private static let ballot = Ballot(round: 4, node: 3)

    private static func statuses(_ said: OneMember.Said) -> [Addressed<StatusReply>] {
        said.immediate.compactMap { message in
            guard case .statusReply(let reply) = message.body else { return nil }
            return Addressed(destination: message.destination, body: reply)
        }
    }

    private static func heartbeat(_ committed: Slot) -> Immediate {
        .heartbeat(Heartbeat(ballot: ballot, round: 1, committed: committed))
    }

    private static func accept(_ slot: Slot) -> Immediate {
        let entry = OneMember.command(slot.rawValue)
        let run = EntryRun(first: slot, entries: [entry])
        return .accept(Accept(ballot: ballot, run: run, committed: slot.previous))
    }

    /// Whose appends are passed on is told what is committed when this node knows it, as long as they come.
    @Test func whoHearsNoLeaderIsToldAtOnce() throws {
        let member = OneMember(members: [1, 2, 3])
        try member.hear(3, Self.heartbeat(0))
        let token = Token(node: 2, boot: Boot(1), sequence: 1)
        let forward = Forward(token: token, payloads: .one([9]), hops: 0)
        try member.hear(2, at: 1, .forward(forward))
        try member.hear(3, at: 1, Self.accept(1))
        #expect(Self.statuses(try member.step(at: 2, flush: 1)).isEmpty)
        let told = Self.statuses(try member.hear(3, at: 3, Self.heartbeat(1)))
        #expect(told.map(\.destination) == [2])
        #expect(told.map(\.body.committed) == [1])
        #expect(Self.statuses(try member.hear(3, at: 4, Self.heartbeat(1))).isEmpty, "once")
        try member.hear(3, at: 90, Self.accept(2))
        try member.step(at: 90, flush: member.store.waiting)
        #expect(Self.statuses(try member.hear(3, at: 91, Self.heartbeat(2))).isEmpty, "no more")
    }

    /// Who is told fetches what it lacks, in the same step.
    @Test func whoIsToldFetchesAtOnce() throws {
        let member = OneMember(members: [1, 2, 3])
        let status = StatusReply(id: 0, leader: Self.ballot, promised: Self.ballot, committed: 1)
        let said = try member.hear(2, at: 1, .statusReply(status))
        let request = Immediate.catchUpRequest(CatchUpRequest(slots: 1...1))
        #expect(said.immediate.contains(Addressed(destination: 2, body: request)))
    }
}
