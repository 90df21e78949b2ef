@testable import PaxosCore
import Testing

/// Tokens that no member made for the process this node has met: each would take a session in the replicated
/// state, or end one (`R80`).
@Suite struct InventedTokenTests {
    private static func forward(
        _ node: NodeID,
        boot: UInt64 = 1,
        _ sequence: UInt64 = 1,
        hops: UInt8 = 0
    ) -> Forward {
        Forward(
            token: Token(node: node, boot: Boot(boot), sequence: sequence),
            payloads: .one([9]),
            hops: hops
        )
    }

    /// What n2 says to the leader n1. A later boot that is passed on may be one that this node has not met.
    static let inventions: [(forward: Forward, isImpossible: Bool)] = [
        (forward(9, hops: 1), true),
        (forward(9), true),
        (forward(3), true),
        (forward(2, hops: 1), true),
        (forward(3, hops: 2), true),
        (forward(2, boot: 2), true),
        (forward(2, boot: .max), true),
        (forward(2, boot: 0), true),
        (forward(3, boot: .max, hops: 1), false),
        (forward(3, boot: 2, hops: 1), false),
        (forward(1, hops: 1), false),
    ]

    /// A leader proposes none of them, and a follower passes none on.
    @Test(arguments: [true, false]) func anInventedTokenGoesNowhere(_ leads: Bool) throws {
        let member = OneMember(members: [1, 2, 3])
        var at: UInt64 = 0
        if leads {
            at = try member.lead().at
        } else {
            let ballot = Ballot(round: 4, node: 3)
            try member.hear(3, .heartbeat(Heartbeat(ballot: ballot, round: 1, committed: 0)))
        }
        for invention in Self.inventions {
            let before = member.core.status.counters
            let said = try member.hear(2, at: at, .forward(invention.forward))
            #expect(said.rows == nil, "\(invention)")
            #expect(said.messages.isEmpty, "\(invention)")
            let after = member.core.status.counters
            let impossible = after.impossible - before.impossible
            #expect(impossible == (invention.isImpossible ? 1 : 0), "\(invention)")
            #expect(after.total == before.total + 1, "\(invention)")
        }
        #expect(member.core.status.last == .zero)
    }

    /// What n3 passes on of n2 is proposed, of the process that was met.
    @Test func whatAMemberPassesOnIsProposed() throws {
        let member = OneMember(members: [1, 2, 3])
        let led = try member.lead()
        try member.hear(3, at: led.at, .forward(Self.forward(2, boot: 1, hops: 1)))
        #expect(member.core.status.last == 1)
        #expect(member.core.status.counters.total == 0)
    }

    /// Story: boots begin with 1. A token of none, once in the log, made a checkpoint that nobody could read any more,
    /// so that no member could be opened again (`R80`).
    @Test func aTokenOfNoBootIsImpossible() throws {
        let member = OneMember(members: [1, 2, 3])
        let led = try member.lead()
        try member.hear(3, at: led.at, .forward(Self.forward(2, boot: 0, hops: 1)))
        let token = Token(node: 2, boot: Boot(0), sequence: 1)
        try member.hear(3, at: led.at, .settle(Settle(token: token, hops: 0)))
        #expect(member.core.status.last == .zero)
        #expect(member.core.status.counters.impossible == 2)
    }

    /// Story: the last sequence there is, asked about, ended the process by an overflow.
    @Test func aQuestionAboutTheLastSequenceIsImpossible() throws {
        let member = OneMember(members: [1, 2, 3])
        let led = try member.lead()
        for sequence in [0, UInt64.max, UInt64.max - 1] {
            let token = Token(node: 2, boot: Boot(1), sequence: sequence)
            try member.hear(
                2,
                at: led.at,
                .probe(Probe(id: 1, subject: .forwards(token, count: 2)))
            )
        }
        #expect(member.core.status.counters.impossible == 3)
    }
}
