import Testing

@testable import PaxosCore

/// What the log up to a slot did, made of an earlier base and the rows since.
@Suite struct BaseTests {
    private static let members = Identities.membership([1, 2, 3])

    private static func command(
        _ node: NodeID,
        _ boot: UInt64,
        _ sequence: UInt64,
        _ payload: [UInt8],
        index: UInt32 = 0,
        of count: UInt32 = 1
    ) -> Entry {
        let token = Token(node: node, boot: Boot(boot), sequence: sequence)
        return .command(Command(token: token, index: index, count: count, payload: payload))
    }

    /// A batch in 3 and 4, one torn in 6 by 7, a repetition in 8, a void in 9, a later boot in 10.
    private static let entries: [Entry] = [
        command(1, 1, 1, [1]), command(2, 1, 1, Array(1...11)),
        command(1, 1, 2, [3], index: 0, of: 2), command(1, 1, 2, [4], index: 1, of: 2),
        .noop, command(3, 1, 7, [6], index: 0, of: 2), command(2, 1, 3, [7]),
        command(1, 1, 1, [1]), .void(Token(node: 3, boot: Boot(1), sequence: 9)),
        command(1, 2, 1, [10]), command(2, 1, 2, [11], index: 0, of: 2),
        command(2, 1, 2, [12], index: 1, of: 2),
    ]

    private static func row(_ position: Int) -> AcceptedEntry {
        let ballot = Ballot(round: UInt64(position == 4 ? 9 : 2), node: 2)
        return AcceptedEntry(
            slot: Slot(rawValue: UInt64(position + 1)),
            ballot: ballot,
            entry: entries[position]
        )
    }

    private static func base(_ start: Base = .founding(members), through slot: UInt64) -> Base {
        var replay = BaseReplay(from: start)
        while replay.decided.rawValue < slot {
            replay.feed(row(Int(replay.next.rawValue) - 1), towards: Slot(rawValue: slot))
        }
        return replay.base
    }

    @Test func itHoldsWhatTheLogDidUpToItsSlot() {
        let base = Self.base(through: 10)
        #expect(base.slot == 10)
        #expect(base.ballot == Ballot(round: 9, node: 2))
        #expect(base.membership == Self.members && base.membershipSlot == 0)
        let sessions = base.state.sessions
        #expect(sessions.map(\.node) == [1, 2, 3])
        #expect(sessions.map(\.boot) == [Boot(2), Boot(1), Boot(1)])
        #expect(sessions[1].delivered.ranges == [1...1, 3...3])
        #expect(sessions[2].delivered.ranges == [9...9])
        #expect(Self.base(through: 4).ballot == Ballot(round: 2, node: 2))
    }

    /// Wherever it is cut, what follows is the same: bases are never within a batch.
    @Test func itIsTheSameInOneGoAndInParts() {
        let whole = Self.base(through: 12)
        for cut in UInt64(1)...11 {
            let part = Self.base(through: cut)
            #expect(part.slot.rawValue == ([3, 11].contains(cut) ? cut + 1 : cut))
            #expect(Self.base(part, through: 12) == whole)
        }
    }

    /// What is not known yet of the next batch changes nothing.
    @Test func theBeginningOfTheNextBatchIsNoPartOfIt() {
        var replay = BaseReplay(from: Self.base(through: 10))
        let before = replay.base
        replay.feed(Self.row(10))
        #expect(replay.decided == 10 && replay.base == before && replay.next == 12)
    }

    /// Whatever stands behind a torn batch, what there is of it is decided before that: a base never takes in
    /// more than was asked for.
    @Test func aTornBatchIsDecidedWithoutWhatFollows() {
        let token = Token(node: 1, boot: Boot(1), sequence: 1)
        let followers: [Entry] = [
            Self.command(2, 1, 1, [7]), .noop, .membership(Self.members), .void(token),
            Self.command(2, 1, 1, [7], index: 0, of: 2),
            Self.command(2, 1, 1, [7], index: 1, of: 2),
        ]
        for follower in followers {
            var replay = BaseReplay(from: .founding(Self.members))
            let entries = (0..<2).map { Self.command(1, 1, 1, [5], index: $0, of: 3) } + [follower]
            for (offset, entry) in entries.enumerated() {
                let slot = Slot(rawValue: UInt64(offset + 1))
                let row = AcceptedEntry(slot: slot, ballot: .zero, entry: entry)
                replay.feed(row, towards: 2)
            }
            #expect(replay.decided == 2 && replay.base.state == LogState())
        }
    }

    @Test func theDigestIsOfWhatHasEffect() {
        let digests = (UInt64(1)...12).map { Self.base(through: $0).digest }
        // Slots 5, 6, 8 and 9 hold nothing effective.
        #expect(digests[4] == digests[3] && digests[5] == digests[3])
        #expect(digests[7] == digests[6] && digests[8] == digests[6])
        #expect(Set(digests).count == 6)
        var other = BaseReplay(from: .founding(Self.members))
        other.feed(AcceptedEntry(slot: 1, ballot: .zero, entry: Self.command(1, 1, 1, [2])))
        #expect(other.base.digest != digests[0])
    }

    /// Of whatever stands in the log, with effect or without.
    @Test func thePrefixIsOfEveryEntry() {
        let bases = (UInt64(1)...12).map { Self.base(through: $0) }
        #expect(Set(bases.map(\.prefix)).count == Set(bases.map(\.slot)).count)
        #expect(bases[11].checkpoint.digest == bases[11].prefix)
        var delivery = Delivery(resuming: bases[8].checkpoint)
        delivery.feed(Self.row(9).entry) { _ in }
        #expect(delivery.checkpoint == bases[9].checkpoint)
    }

    @Test func aMembershipEntryIsKept() throws {
        let named = try Membership([1, 2])
        var replay = BaseReplay(from: .founding(Self.members))
        replay.feed(Self.row(0))
        replay.feed(AcceptedEntry(slot: 2, ballot: .zero, entry: .membership(named)))
        #expect(replay.base.membership == named && replay.base.membershipSlot == 2)
    }

    @Test func theBytesComeBackAndNothingElseIsTaken() {
        for base in [Base.founding(Self.members), Self.base(through: 12)] {
            let bytes = base.encoded()
            #expect(Base(decoding: bytes) == base)
            for count in bytes.indices { #expect(Base(decoding: Array(bytes[..<count])) == nil) }
            #expect(Base(decoding: bytes + [0]) == nil)
            for position in bytes.indices {
                var damaged = bytes
                damaged[position] ^= 0x80
                // Total, and never taken for what it was.
                #expect(Base(decoding: damaged) != base)
            }
        }
    }
}
