@testable import PaxosCore
import Testing

/// What no correct node sends, and what is not meant for this one: counted, and nothing moves.
@Suite struct ImpossibleMessageTests {
    private static let far = Ballot(round: (1 << 32) + 2, node: 2)
    private static let own = Ballot(round: 1, node: 2)
    private static let other = Ballot(round: 1, node: 3)
    private static let beyond = Slot.limit

    private static func accept(
        _ ballot: Ballot = own,
        _ first: Slot = 1,
        count: Int = 1,
        committed: Slot = 0
    ) -> Message {
        let run = EntryRun(first: first, entries: Array(repeating: .noop, count: count))
        return .immediate(.accept(Accept(ballot: ballot, run: run, committed: committed)))
    }

    private static func heartbeat(_ ballot: Ballot, _ committed: Slot = 0) -> Message {
        .immediate(.heartbeat(Heartbeat(ballot: ballot, round: 1, committed: committed)))
    }

    private static func promise(_ committed: Slot, _ trimmed: Slot, _ last: Slot) -> Message {
        let promise = Promise(ballot: own, committed: committed, trimmed: trimmed, last: last)
        return .statement(.promise(promise))
    }

    private static func row(_ slot: Slot, _ ballot: Ballot = own) -> AcceptedEntry {
        AcceptedEntry(slot: slot, ballot: ballot, entry: .noop)
    }

    /// Spoken by n2 to a node that has promised 1.n2.
    static let impossible: [Message] = [
        // A ballot whose node is not the sender, or whose round is out of reach.
        .statement(.prepare(Prepare(ballot: other))), .statement(.prepare(Prepare(ballot: far))),
        accept(other), accept(far), heartbeat(other), heartbeat(far),
        .immediate(.commit(CommitNotice(ballot: other, committed: 0))),
        .immediate(.commit(CommitNotice(ballot: far, committed: 0))),
        .immediate(.farewell(Farewell(ballot: other))),
        .immediate(.farewell(Farewell(ballot: far))),
        .immediate(
            .heartbeatReply(HeartbeatReply(ballot: own, round: 1, promised: far, committed: 0))
        ),
        .immediate(.statusReply(StatusReply(id: 1, leader: far, promised: own, committed: 0))),
        .immediate(.statusReply(StatusReply(id: 1, leader: nil, promised: far, committed: 0))),
        .immediate(
            .reject(Reject(ballot: own, promised: far, committed: 0, reason: .promised))
        ),
        .immediate(.catchUp(CatchUp(from: 1, rows: [row(1, far)], committed: 1))),
        // Slots beyond the end of every log.
        accept(own, beyond), accept(own, Slot(rawValue: beyond.rawValue - 1), count: 2),
        .immediate(.barrierReply(RemoteBarrierReply(id: 1, slot: beyond))),
        heartbeat(own, beyond), promise(beyond, 0, beyond), promise(0, 0, beyond),
        .statement(.accepted(Accepted(ballot: own, slots: 1...beyond))),
        .immediate(.commit(CommitNotice(ballot: own, committed: beyond))),
        .immediate(
            .heartbeatReply(HeartbeatReply(ballot: own, round: 1, promised: own, committed: beyond))
        ),
        .immediate(.statusReply(StatusReply(id: 1, leader: nil, promised: own, committed: beyond))),
        .immediate(
            .reject(Reject(ballot: own, promised: own, committed: beyond, reason: .committed))
        ),
        .immediate(.page(PromisePage(ballot: own, from: 1, through: beyond, rows: []))),
        .immediate(.pageRequest(PageRequest(ballot: own, from: beyond))),
        .immediate(.catchUpRequest(CatchUpRequest(slots: 1...beyond))),
        .immediate(.catchUp(CatchUp(from: 1, rows: [], committed: beyond))),
        .immediate(.catchUp(CatchUp(from: 1, rows: [row(beyond)], committed: 1))),
        .immediate(.stateNotice(StateNotice(mark: StateMark(slot: beyond, form: 0, digest: 1)))),
        .immediate(.stateNotice(StateNotice(mark: StateMark(slot: 0, form: 0, digest: 1)))),
        // What contradicts itself.
        accept(own, .zero), accept(own, 1, committed: 1), accept(own, 3, committed: 7),
        promise(2, 0, 1), promise(0, 1, 1),
        .immediate(.catchUpRequest(CatchUpRequest(slots: 0...1))),
        .immediate(.page(PromisePage(ballot: own, from: 2, through: 3, rows: [row(1)]))),
        .immediate(.page(PromisePage(ballot: own, from: 2, through: 3, rows: [row(4)]))),
        .immediate(
            .forward(
                Forward(
                    token: Token(node: 2, boot: Boot(1), sequence: 0),
                    payloads: .one([]),
                    hops: 0
                )
            )
        ),
        .immediate(
            .forward(
                Forward(
                    token: Token(node: 2, boot: Boot(1), sequence: 1),
                    payloads: .batch([]),
                    hops: 0
                )
            )
        ),
    ]

    private static func member() throws -> OneMember {
        let member = OneMember(members: [1, 2, 3])
        try member.hear(2, .prepare(Prepare(ballot: own)))
        try member.drain()
        return member
    }

    /// Each is refused and counted, and moves nothing (`R80`).
    @Test func nothingMovesForTheImpossible() throws {
        let member = try Self.member()
        let before = member.core.status
        for (place, message) in Self.impossible.enumerated() {
            let said = try member.step {
                $0.messages = [
                    Envelope(
                        sender: Identities.identity(of: 2),
                        destination: 1,
                        message: message
                    )
                ]
            }
            #expect(said.messages.isEmpty, "\(message)")
            #expect(said.rows == nil, "\(message)")
            #expect(said.reads.isEmpty, "\(message)")
            var after = member.core.status
            #expect(after.counters.impossible == place + 1, "\(message)")
            after.counters = before.counters
            #expect(after == before, "\(message)")
            #expect(member.core.replica.highestSeen == Self.own, "\(message)")
        }
    }

    /// The last round and the last slot that are in reach are taken.
    @Test func theLastPossibleIsTaken() throws {
        let member = try Self.member()
        let ballot = Ballot(round: (1 << 32) + 1, node: 2)
        try member.hear(2, .prepare(Prepare(ballot: ballot)))
        #expect(member.core.status.promised == ballot)
        let last = Slot(rawValue: Slot.limit.rawValue - 1)
        try member.hear(
            2,
            .heartbeat(Heartbeat(ballot: ballot, round: 1, committed: last))
        )
        #expect(member.core.status.counters.impossible == 0)
        #expect(member.core.status.leader == 2)
    }

    /// Whose head does not fit is not looked at, whatever it says (`R65`, `R36`, `R37`, `R76`).
    @Test func nothingMovesForStrangers() throws {
        let member = try Self.member()
        let before = member.core.status
        let prepare = Message.statement(.prepare(Prepare(ballot: Ballot(round: 2, node: 2))))
        let strangers = [
            Identities.identity(of: 2, cluster: Identities.cluster("other")),
            Identities.identity(of: 9),
        ]
        let refused: [(NodeIdentity, Refused.Reason)] = [
            (
                Identities.identity(of: 2, incarnation: Incarnation(high: 0, low: 0)),
                .otherIncarnation
            ), (Identities.identity(of: 2, boot: 0), .rolledBack),
            (Identities.identity(of: 2, nonce: 2), .twin),
        ]
        for sender in strangers {
            let said = try member.step {
                $0.messages = [Envelope(sender: sender, destination: 1, message: prepare)]
            }
            #expect(said.messages.isEmpty, "a stranger gets no answer")
            #expect(said.rows == nil)
        }
        for (sender, reason) in refused {
            let refusal = Message.immediate(.refused(Refused(reason: .twin, holds: nil)))
            for message in [prepare, refusal] {
                let said = try member.step {
                    $0.messages = [Envelope(sender: sender, destination: 1, message: message)]
                }
                // A refusal is never answered.
                let answer = Addressed(
                    destination: NodeID(integerLiteral: 2),
                    body: Immediate.refused(
                        Refused(
                            reason: reason,
                            holds: reason == .otherIncarnation
                                ? nil : Identities.identity(of: 2).presence
                        )
                    )
                )
                #expect(said.immediate == (message == prepare ? [answer] : []))
                #expect(said.rows == nil)
            }
        }
        var after = member.core.status
        #expect(after.counters.foreign == 2)
        #expect(after.counters.refused == 6)
        #expect(after.refusedPeer == RefusedPeer(node: 2, reason: .twin))
        after.counters = before.counters
        after.refusedPeer = nil
        #expect(after == before)
    }
}
