import Testing

@testable import PaxosCore

/// Bases that a member must not take, or not as they seem.
@Suite struct BaseRefusalTests {
    private static let ballot = Ballot(round: 4, node: 3)

    private static func behind() throws -> OneMember {
        let entries = (1...4).map { OneMember.command(UInt64($0)) }
        let member = OneMember(disk: OneMember.disk(entries, committed: 4), members: [1, 2, 3])
        try member.drain()
        return member
    }

    private static func base(_ slot: Slot, session: [(Boot, ClosedRange<UInt64>)]) throws -> Base {
        var state = LogState()
        for (boot, sequences) in session {
            for sequence in sequences {
                state.consume(Token(node: 1, boot: boot, sequence: sequence))
            }
        }
        return Base(
            slot: slot,
            ballot: Ballot(round: 9, node: 2),
            membership: try Membership([1, 2, 3]),
            membershipSlot: .zero,
            state: state,
            prefix: PrefixDigest(7),
            digest: 8
        )
    }

    private static func whole(
        _ slot: Slot,
        session: [(Boot, ClosedRange<UInt64>)] = [(Boot(1), 1...4)]
    ) throws -> BaseChunk {
        EncodedBase(try base(slot, session: session)).chunk(at: 0, atMost: 1 << 20)
    }

    /// Nobody was asked for anything, and nobody has said that more than 4 is committed: one message must not make a
    /// member believe that it has the whole of a log (`R80`).
    @Test(arguments: [Slot(rawValue: (1 << 62) - 2), 21])
    func aBaseBeyondWhatIsMissingMovesNothing(_ slot: Slot) throws {
        let member = try Self.behind()
        try member.hear(3, .heartbeat(Heartbeat(ballot: Self.ballot, round: 1, committed: 4)))
        for missing in [Slot(4), 20] {
            try member.hear(
                3,
                .heartbeat(Heartbeat(ballot: Self.ballot, round: 1, committed: missing))
            )
            let said = try member.hear(2, .baseChunk(try Self.whole(slot)))
            #expect(said.rows?.base == nil)
            try member.step(flush: member.store.waiting)
            #expect(member.core.delivered == 4)
        }
    }

    /// An own session of a later boot: the node is an old copy, and of what it waits for nothing is known.
    @Test func aLaterBootOfItsOwnSaysNothingOfAnAppend() throws {
        let member = try Self.behind()
        try member.hear(3, .heartbeat(Heartbeat(ballot: Self.ballot, round: 1, committed: 4)))
        try member.step(appends: [member.append()])
        try member.hear(3, .heartbeat(Heartbeat(ballot: Self.ballot, round: 2, committed: 20)))
        try member.hear(3, .catchUp(CatchUp(from: 5, rows: [], committed: 20, trimmed: 12)))
        try member.hear(3, .baseChunk(try Self.whole(12, session: [(Boot(3), 1...1)])))
        let said = try member.step(flush: member.store.waiting)
        #expect(said.outcomes.isEmpty, "\(said.outcomes)")
    }

    /// A contradiction in the step in which the last piece came: what the node has is kept, to be compared.
    @Test func whoHasFallenInstallsNothing() throws {
        let member = try Self.behind()
        try member.hear(3, .heartbeat(Heartbeat(ballot: Self.ballot, round: 1, committed: 20)))
        try member.hear(3, .catchUp(CatchUp(from: 5, rows: [], committed: 20, trimmed: 12)))
        let chunk = try Self.whole(12)
        let other = AcceptedEntry(
            slot: 4,
            ballot: Self.ballot,
            entry: OneMember.command(99),
            isChosen: true
        )
        let said = try member.step { arrivals in
            arrivals.messages = [
                member.from(3, .baseChunk(chunk)),
                member.from(2, .catchUp(CatchUp(from: 4, rows: [other], committed: 20))),
            ]
        }
        #expect(member.core.rolledBack != nil)
        #expect(said.rows?.base == nil)
    }
}
