@testable import PaxosCore
import Testing

/// A member that is given what the log did in the place of rows, from both sides.
@Suite struct BaseTransferTests {
    private static let ballot = Ballot(round: 4, node: 3)

    /// A member that has four slots, the commands of which are its own, of boot 1.
    private static func behind(_ limits: Limits = Limits()) throws -> OneMember {
        let entries = (1...4).map { OneMember.command(UInt64($0)) }
        let disk = OneMember.disk(entries, committed: 4)
        let member = OneMember(disk: disk, members: [1, 2, 3], limits: limits)
        try member.drain()
        return member
    }

    private static var small: Limits {
        var limits = Limits()
        limits.pageBytes = 100
        return limits
    }

    /// What twelve slots did: those of the member, and what others appended.
    private static func base(
        _ slot: Slot = 12,
        own: ClosedRange<UInt64> = 1...4,
        boot: UInt64 = 1
    ) throws -> Base {
        var state = LogState()
        for sequence in own {
            state.consume(Token(node: 1, boot: Boot(boot), sequence: sequence))
        }
        state.consume(Token(node: 2, boot: Boot(1), sequence: 9))
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

    private static func heartbeat(_ committed: Slot, round: UInt64 = 1) -> Immediate {
        .heartbeat(Heartbeat(ballot: ballot, round: round, committed: committed))
    }

    private static let trimmed = Immediate.catchUp(
        CatchUp(from: 5, rows: [], committed: 20, trimmed: 12)
    )

    private static func requests(_ said: OneMember.Said) -> [Addressed<BaseRequest>] {
        said.immediate.compactMap { message in
            guard case .baseRequest(let request) = message.body else { return nil }
            return Addressed(destination: message.destination, body: request)
        }
    }

    private static func chunks(_ said: OneMember.Said) -> [BaseChunk] {
        said.immediate.compactMap { message in
            if case .baseChunk(let chunk) = message.body { chunk } else { nil }
        }
    }

    /// The member asks n3 for a base.
    private static func asking(_ limits: Limits = Limits()) throws -> OneMember {
        let member = try behind(limits)
        try member.hear(3, heartbeat(20))
        let asked = try member.hear(3, trimmed)
        #expect(requests(asked) == [Addressed(destination: 3, body: BaseRequest())])
        return member
    }

    private static func committed(_ said: OneMember.Said) -> [Slot] {
        said.immediate.compactMap { message in
            if case .heartbeatReply(let reply) = message.body { reply.committed } else { nil }
        }
    }

    /// Base, promise, watermark and checkpoint go in one write. Before it is durable nothing is said of what it stands
    /// for; then the member goes on behind it, and its subscribers have a gap.
    @Test func oneWriteHoldsItAll() throws {
        let member = try Self.asking()
        let base = try Self.base()
        let whole = EncodedBase(base).chunk(at: 0, atMost: 1 << 20)
        let taken = try member.hear(3, .baseChunk(whole))
        #expect(taken.rows?.base == base)
        #expect(taken.rows?.promised == base.ballot, "chosen under no higher one (R43)")
        #expect(taken.rows?.committed == 12)
        #expect(taken.rows?.checkpoint == base.checkpoint)
        #expect(taken.passed == nil)
        let other = Ballot(round: 11, node: 3)
        let early = try member.hear(3, Self.heartbeat(20, round: 2))
        #expect(Self.committed(early) == [4])
        let prepared = try member.hear(3, .prepare(Prepare(ballot: other)))
        #expect(prepared.statements.isEmpty)
        #expect(member.core.delivered == 4)
        let durable = try member.step(flush: member.store.waiting)
        let promise = Promise(ballot: other, committed: 12, trimmed: 12, last: 12)
        #expect(durable.statements.map(\.body) == [.promise(promise)], "behind the base")
        #expect(durable.passed == 12)
        #expect(member.core.delivered == 12)
        #expect(member.core.status.trimmed == 12)
        #expect(Self.committed(try member.hear(3, Self.heartbeat(20, round: 3))) == [12])
    }

    /// What has come is not asked for again, whoever is asked; what somebody else sends of it counts.
    @Test func itGoesOnWhereItBroke() throws {
        let member = try Self.asking(Self.small)
        let bytes = EncodedBase(try Self.base())
        let first = bytes.chunk(at: 0, atMost: 100)
        let next = BaseRequest(slot: 12, digest: first.digest, offset: 100)
        let more = try member.hear(3, .baseChunk(first))
        #expect(Self.requests(more) == [Addressed(destination: 3, body: next)])
        let again = try member.hear(3, .baseChunk(first))
        #expect(Self.requests(again).isEmpty, "it came twice")
        let asked = try member.hear(3, Self.trimmed)
        #expect(Self.requests(asked) == [Addressed(destination: 3, body: next)])
        let last = try member.hear(2, .baseChunk(bytes.chunk(at: 100, atMost: 1 << 20)))
        #expect(last.rows?.base == (try Self.base()))
    }

    /// What has begun to come need not be what the next member has: it begins anew with that.
    @Test func nobodyWaitsForARestThatIsGone() throws {
        let member = try Self.asking(Self.small)
        try member.hear(2, .baseChunk(EncodedBase(try Self.base(14)).chunk(at: 0, atMost: 100)))
        let older = EncodedBase(try Self.base()).chunk(at: 0, atMost: 1 << 20)
        #expect(try member.hear(3, .baseChunk(older)).rows?.base?.slot == 12)
    }

    /// A base that ends where the member has got is dropped, however late it comes; and so are rows below one.
    @Test func whatIsOlderIsDropped() throws {
        let member = try Self.asking()
        let own = EncodedBase(try Self.base(4)).chunk(at: 0, atMost: 1 << 20)
        #expect(try member.hear(3, .baseChunk(own)).rows == nil)
        let whole = EncodedBase(try Self.base()).chunk(at: 0, atMost: 1 << 20)
        try member.hear(3, .baseChunk(whole))
        try member.step(flush: member.store.waiting)
        let row = AcceptedEntry(
            slot: 5,
            ballot: Self.ballot,
            entry: OneMember.command(50),
            isChosen: true
        )
        let late = try member.hear(2, .catchUp(CatchUp(from: 5, rows: [row], committed: 20)))
        #expect(late.rows == nil)
        #expect(try member.hear(3, .baseChunk(whole)).rows == nil)
    }

    /// A base of a log that never had what was delivered here is another history (`R37`).
    @Test func anotherHistoryStopsTheNode() throws {
        let member = try Self.asking()
        let other = EncodedBase(try Self.base(own: 1...3)).chunk(at: 0, atMost: 1 << 20)
        let said = try member.hear(3, .baseChunk(other))
        #expect(said.rows?.base == nil)
        #expect(member.core.rolledBack?.cause == .otherEntry)
    }

    /// What is not a base moves nothing.
    @Test func whatIsNoBaseIsCounted() throws {
        let member = try Self.asking()
        let whole = EncodedBase(try Self.base()).chunk(at: 0, atMost: 1 << 20)
        var bytes = whole.bytes
        bytes[20] ^= 1
        let flipped = BaseChunk(
            slot: 12,
            digest: whole.digest,
            total: whole.total,
            offset: 0,
            bytes: bytes
        )
        #expect(try member.hear(3, .baseChunk(flipped)).rows == nil)
        #expect(member.core.status.counters.impossible == 1)
    }

    /// An append that has had its effect up to the base is told so, and one that has not goes on waiting.
    @Test(arguments: [true, false])
    func whoWaitsIsToldTheTruth(_ isPassed: Bool) throws {
        let member = try Self.behind()
        try member.hear(3, Self.heartbeat(4))
        let forwarded = try member.step(appends: [member.append()])
        #expect(
            forwarded.immediate.contains { if case .forward = $0.body { true } else { false } }
        )
        try member.hear(3, Self.heartbeat(20, round: 2))
        try member.hear(3, Self.trimmed)
        // Its boot is the second.
        let base = isPassed ? try Self.base(own: 1...1, boot: 2) : try Self.base()
        try member.hear(3, .baseChunk(EncodedBase(base).chunk(at: 0, atMost: 1 << 20)))
        let said = try member.step(flush: member.store.waiting)
        let token = Token(node: 1, boot: Boot(2), sequence: 1)
        #expect(said.outcomes == (isPassed ? [.unknown(token, .passed)] : []))
    }

    /// One whose token the base has voided never has effect: nothing is sent again.
    @Test func whoseTokenIsVoidedIsToldNever() throws {
        let member = try Self.behind()
        try member.hear(3, Self.heartbeat(4))
        try member.step(appends: [member.append()])
        try member.hear(3, Self.heartbeat(20, round: 2))
        try member.hear(3, Self.trimmed)
        var state = try Self.base().state
        state.void(Token(node: 1, boot: Boot(2), sequence: 1))
        let plain = try Self.base()
        let base = Base(
            slot: plain.slot,
            ballot: plain.ballot,
            membership: plain.membership,
            membershipSlot: plain.membershipSlot,
            state: state,
            prefix: plain.prefix,
            digest: plain.digest
        )
        try member.hear(3, .baseChunk(EncodedBase(base).chunk(at: 0, atMost: 1 << 20)))
        #expect(try member.step(flush: member.store.waiting).outcomes == [.never(.voided)])
    }

    /// A candidate that lacks what a member of its quorum has trimmed does not lead before it has learned that, and not
    /// before its base is durable (`R16`).
    @Test func aCandidateLearnsBeforeItLeads() throws {
        let member = try Self.behind()
        let round = try member.awaitStatusRound()
        let status = StatusReply(id: round.id, leader: nil, promised: .zero, committed: .zero)
        try member.hear(2, at: round.at, .statusReply(status))
        let ballot = try #require(member.core.status.ballot)
        try member.step(at: round.at, flush: member.store.waiting)
        let promise = Promise(ballot: ballot, committed: 14, trimmed: 12, last: 14)
        let promised = try member.hear(2, at: round.at, .promise(promise))
        #expect(member.core.status.role == .candidate)
        #expect(
            promised.immediate.contains {
                if case .catchUpRequest = $0.body { $0.destination == 2 } else { false }
            }
        )
        let told = Immediate.catchUp(CatchUp(from: 5, rows: [], committed: 14, trimmed: 12))
        try member.hear(2, at: round.at, told)
        let base = try Self.base()
        let lower = Base(
            slot: base.slot,
            ballot: Ballot(round: 1, node: 2),
            membership: base.membership,
            membershipSlot: .zero,
            state: base.state,
            prefix: base.prefix,
            digest: base.digest
        )
        let whole = EncodedBase(lower).chunk(at: 0, atMost: 1 << 20)
        let taken = try member.hear(2, at: round.at, .baseChunk(whole))
        #expect(taken.rows?.promised == nil, "no promise is lowered (R44)")
        #expect(member.core.status.role == .candidate)
        try member.step(at: round.at, flush: member.store.waiting)
        #expect(member.core.status.role == .leader)
    }

    // MARK: - Who gives

    /// A member that has trimmed two slots.
    private static func giver(_ limits: Limits) throws -> OneMember {
        let member = try behind(limits)
        try member.step { $0.trims = [member.trim(through: 2)] }
        let beat = Heartbeat(ballot: ballot, round: 1, committed: 4, floor: 4)
        try member.hear(3, .heartbeat(beat))
        try member.drain()
        return member
    }

    /// The base comes from the disk. Who was given it gets the rest of it though the log is trimmed meanwhile (`R45`).
    @Test func aTrimDoesNotBeginItAnew() throws {
        let member = try Self.giver(Self.small)
        let asked = try member.hear(2, .baseRequest(BaseRequest()))
        let read = try #require(asked.reads.first)
        #expect(read.slots == 2...2)
        #expect(try member.hear(2, .baseRequest(BaseRequest())).reads.isEmpty, "one at a time")
        let probe = Immediate.probe(Probe(id: 5, subject: .answers))
        #expect(try member.hear(2, probe).immediate.isEmpty, "answered behind the piece (R83)")
        let base = try Self.base(2, own: 1...2)
        let given = try member.step {
            $0.completions = [
                ReadCompletion(id: read.id, result: .failure(.trimmed(through: 2, base: base)))
            ]
        }
        let bytes = EncodedBase(base)
        let first = bytes.chunk(at: 0, atMost: 100)
        let answered = Immediate.probeReply(ProbeReply(id: 5, subject: .answers))
        #expect(given.immediate.map(\.body) == [.baseChunk(first), answered])
        try member.step { $0.trims = [member.trim(through: 4)] }
        try member.drain()
        #expect(member.core.status.trimmed == 4)
        let rest = BaseRequest(slot: 2, digest: first.digest, offset: 100)
        let said = try member.hear(2, .baseRequest(rest))
        #expect(said.reads.isEmpty)
        #expect(Self.chunks(said) == [bytes.chunk(at: 100, atMost: 100)])
        let later = BaseRequest(slot: 2, digest: first.digest &+ 1, offset: 100)
        #expect(try member.hear(2, .baseRequest(later)).reads.map(\.slots) == [4...4])
    }
}
