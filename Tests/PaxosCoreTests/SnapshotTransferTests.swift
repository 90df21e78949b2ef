@testable import PaxosCore
import Testing

/// The host's snapshot that comes behind a base, from both sides: what is asked of the other member, and what of the
/// folder.
@Suite struct SnapshotTransferTests {
    private static let ballot = Ballot(round: 4, node: 3)
    private static let bytes: UInt64 = 250

    private static func behind() throws -> OneMember {
        var limits = Limits()
        limits.pageBytes = 100
        let entries = (1...4).map { OneMember.command(UInt64($0)) }
        let disk = OneMember.disk(entries, committed: 4)
        let member = OneMember(disk: disk, members: [1, 2, 3], limits: limits)
        try member.drain()
        return member
    }

    private static func base(_ slot: Slot = 12) throws -> Base {
        var state = LogState()
        for sequence in 1...4 as ClosedRange<UInt64> {
            state.consume(Token(node: 1, boot: Boot(1), sequence: sequence))
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

    private static func offer(_ slot: Slot = 12, digest: UInt64 = 5) throws -> OfferedBase {
        OfferedBase(
            try base(slot),
            snapshot: OfferedBase.Snapshot(digest: digest, bytes: bytes)
        )
    }

    private static let name = SnapshotName(slot: 12, digest: 5)

    private static func piece(_ offset: UInt64, _ count: Int) -> Immediate {
        let bytes = [UInt8](repeating: UInt8(offset), count: count)
        return .snapshotPiece(SnapshotPiece(name: name, offset: offset, bytes: bytes))
    }

    private static let gone = Immediate.snapshotPiece(
        SnapshotPiece(name: name, offset: 0, bytes: [])
    )

    private static let trimmed = Immediate.catchUp(
        CatchUp(from: 5, rows: [], committed: 20, trimmed: 12)
    )

    private static func asked(_ said: OneMember.Said) -> [UInt64] {
        said.immediate.compactMap { message in
            if case .snapshotRequest(let request) = message.body { request.offset } else { nil }
        }
    }

    private static func baseRequests(_ said: OneMember.Said) -> [BaseRequest] {
        said.immediate.compactMap { message in
            if case .baseRequest(let request) = message.body { request } else { nil }
        }
    }

    @discardableResult
    private static func answer(
        _ member: OneMember,
        _ task: SnapshotTask,
        _ result: SnapshotCompletion.Result
    ) throws -> OneMember.Said {
        try member.step { $0.snapshots = [SnapshotCompletion(id: task.id, result: result)] }
    }

    /// The member was given the base by n3; the folder is asked what is here.
    private static func offered(
        _ offer: OfferedBase,
        to member: OneMember
    ) throws -> SnapshotTask {
        try member.hear(
            3,
            .heartbeat(Heartbeat(ballot: ballot, round: 1, committed: 20))
        )
        try member.hear(3, trimmed)
        let encoded = EncodedBase(offer)
        var said = try member.hear(3, .baseChunk(encoded.chunk(at: 0, atMost: 100)))
        var offset = 100
        while said.snapshots.isEmpty, offset < 200 {
            said = try member.hear(3, .baseChunk(encoded.chunk(at: offset, atMost: 100)))
            offset += 100
        }
        #expect(said.rows?.base == nil, "its snapshot is not here (R42)")
        return try #require(said.snapshots.first)
    }

    /// The pieces are asked for one after the other, and the next while one is being written; of those not more than
    /// one is held. The base is installed once the folder says that the snapshot is there.
    @Test func theBaseWaitsForTheSnapshot() throws {
        let member = try Self.behind()
        let begin = try Self.offered(Self.offer(), to: member)
        #expect(begin.work == .begin(Self.name, bytes: Self.bytes))
        #expect(Self.asked(try Self.answer(member, begin, .begun(through: 0))) == [0])
        let first = try member.hear(3, Self.piece(0, 100))
        let write = try #require(first.snapshots.first)
        #expect(Self.asked(first) == [100], "while the first is being written")
        let second = try member.hear(3, Self.piece(100, 100))
        #expect(second.snapshots.isEmpty && Self.asked(second).isEmpty, "no more than one is held")
        #expect(try member.hear(3, Self.piece(200, 50)).snapshots.isEmpty)
        let written = try Self.answer(member, write, .written)
        let next = try #require(written.snapshots.first)
        guard case .write(Self.name, 100, let bytes) = next.work else {
            return #expect(Bool(false), "\(next)")
        }
        #expect(bytes.count == 100)
        #expect(Self.asked(written) == [200], "what was not taken is asked for")
        let last = try member.hear(3, Self.piece(200, 50))
        #expect(last.snapshots.isEmpty && Self.asked(last).isEmpty)
        let end = try #require(try Self.answer(member, next, .written).snapshots.first)
        let finish = try #require(try Self.answer(member, end, .written).snapshots.first)
        #expect(finish.work == .finish(Self.name, try Self.base()))
        let done = try Self.answer(member, finish, .finished)
        #expect(done.rows?.base == (try Self.base()))
        let durable = try member.step(flush: member.store.waiting)
        #expect(durable.passed == 12)
    }

    /// What is here is not asked for, and if all of it is, nothing is.
    @Test(arguments: [0, 100, 250] as [UInt64])
    func whatIsHereIsUsedAgain(_ here: UInt64) throws {
        let member = try Self.behind()
        let begin = try Self.offered(Self.offer(), to: member)
        let said = try Self.answer(member, begin, .begun(through: here))
        #expect(Self.asked(said) == (here < Self.bytes ? [here] : []))
        #expect(said.snapshots.count == (here < Self.bytes ? 0 : 1))
    }

    /// A late piece of whoever was asked before is as good; those of another snapshot, that came before, or that are more
    /// than there is are dropped.
    @Test func whatIsNotTheNextIsDropped() throws {
        let member = try Self.behind()
        let begin = try Self.offered(Self.offer(), to: member)
        try Self.answer(member, begin, .begun(through: 100))
        let other = SnapshotName(slot: 12, digest: 6)
        let foreign = SnapshotPiece(name: other, offset: 100, bytes: [1])
        #expect(try member.hear(3, .snapshotPiece(foreign)).snapshots.isEmpty)
        #expect(try member.hear(3, Self.piece(0, 100)).snapshots.isEmpty)
        #expect(try member.hear(3, Self.piece(100, 151)).snapshots.isEmpty)
        #expect(try member.hear(2, Self.piece(100, 100)).snapshots.count == 1)
    }

    /// Whoever is asked has it no more: it is asked for what it has, and told what has begun to come. Of somebody who
    /// is not asked that says nothing.
    @Test func aNewerOneTakesItsPlace() throws {
        let member = try Self.behind()
        let begin = try Self.offered(Self.offer(), to: member)
        try Self.answer(member, begin, .begun(through: 0))
        #expect(Self.baseRequests(try member.hear(2, Self.gone)).isEmpty)
        let again = Self.baseRequests(try member.hear(3, Self.gone))
        #expect(again == [BaseRequest(begun: Self.name)])
        let newer = EncodedBase(try Self.offer(14, digest: 9))
        var said = try member.hear(3, .baseChunk(newer.chunk(at: 0, atMost: 100)))
        var offset = 100
        while said.snapshots.isEmpty, offset < 200 {
            said = try member.hear(3, .baseChunk(newer.chunk(at: offset, atMost: 100)))
            offset += 100
        }
        let name = SnapshotName(slot: 14, digest: 9)
        #expect(said.snapshots.map(\.work) == [.begin(name, bytes: Self.bytes)])
        #expect(try member.hear(3, Self.piece(0, 100)).snapshots.isEmpty, "late, of the older")
        #expect(
            try Self.answer(member, begin, .begun(through: 100)).immediate.isEmpty,
            "the folder has another task"
        )
    }

    /// What is not what it was said to be is begun anew, and not at once; nor is what the disk has no room for.
    @Test(arguments: [SnapshotCompletion.Result.damaged, .failed])
    func whatFailsIsAskedForLater(_ result: SnapshotCompletion.Result) throws {
        let member = try Self.behind()
        let begin = try Self.offered(Self.offer(), to: member)
        let failed = try Self.answer(member, begin, result)
        #expect(failed.immediate.isEmpty && failed.rows?.base == nil)
        var begun: [SnapshotName?] = []
        for now in 1...400 as ClosedRange<UInt64> where begun.isEmpty {
            let beat = Heartbeat(ballot: Self.ballot, round: now + 1, committed: 20)
            let said = try member.hear(3, at: now, .heartbeat(beat))
            let isAsked = said.immediate.contains { message in
                if case .catchUpRequest = message.body { true } else { false }
            }
            guard isAsked else { continue }
            let node = try #require(
                said.immediate.last { message in
                    if case .catchUpRequest = message.body { true } else { false }
                }
            ).destination
            begun = Self.baseRequests(try member.hear(node, at: now, Self.trimmed)).map(\.begun)
        }
        #expect(begun == [result == .damaged ? nil : Self.name])
    }

    // MARK: - Whoever gives

    private static func giver() throws -> OneMember {
        let member = try behind()
        try member.step {
            $0.keepsAbove = 2
            $0.trims = [member.trim(through: 2)]
        }
        let beat = Heartbeat(ballot: ballot, round: 1, committed: 4, floor: 4)
        try member.hear(3, .heartbeat(beat))
        try member.drain()
        #expect(member.core.status.trimmed == 2)
        return member
    }

    /// The folder is asked for one that the log leads on from, and gives what it is asked for a piece at a time; also if
    /// the log is to be trimmed meanwhile, which waits for whoever is given it (`R45`), but not for ever (`R46`).
    @Test func aSnapshotIsGivenPieceByPiece() throws {
        let member = try Self.giver()
        let begun = SnapshotName(slot: 3, digest: 1)
        let asked = try member.hear(2, .baseRequest(BaseRequest(begun: begun)))
        let find = try #require(asked.snapshots.first)
        #expect(find.work == .find(2...4, preferring: begun))
        let offer = try Self.offer(3)
        let given = try Self.answer(member, find, .offer(offer))
        let first = EncodedBase(offer).chunk(at: 0, atMost: 100)
        #expect(given.immediate.map(\.body) == [.baseChunk(first)])
        let name = SnapshotName(slot: 3, digest: 5)
        let request = SnapshotRequest(name: name, offset: 100)
        let read = try #require(
            try member.hear(2, .snapshotRequest(request)).snapshots.first
        )
        #expect(read.work == .read(name, offset: 100, maxBytes: 100))
        #expect(try member.hear(2, .snapshotRequest(request)).snapshots.isEmpty, "one at a time")
        let probe = Immediate.probe(Probe(id: 5, subject: .answers))
        #expect(try member.hear(2, probe).immediate.isEmpty, "answered behind the piece (R83)")
        let piece = try Self.answer(member, read, .piece([1, 2]))
        let told = SnapshotPiece(name: name, offset: 100, bytes: [1, 2])
        let answered = Immediate.probeReply(ProbeReply(id: 5, subject: .answers))
        #expect(piece.immediate.map(\.body) == [.snapshotPiece(told), answered])
        try member.step {
            $0.keepsAbove = 4
            $0.trims = [member.trim(through: 4)]
        }
        try member.drain()
        #expect(member.core.status.trimmed == 3, "what follows it is kept")
        let later = UInt64(250 * Limits().electionTicks)
        let silent = try member.step(at: later)
        #expect(silent.snapshots.map(\.work) == [.letGo(name)])
        try member.drain()
        #expect(member.core.status.trimmed == 4)
    }

    /// What is read behind it by whoever has taken it is kept too, until those who trim have heard how far that is
    /// (`R45`).
    @Test func whatIsReadBehindASnapshotIsKept() throws {
        let member = try Self.giver()
        let asked = try member.hear(2, .baseRequest(BaseRequest(begun: nil)))
        let find = try #require(asked.snapshots.first)
        try Self.answer(member, find, .offer(try Self.offer(3)))
        let rows = Immediate.catchUpRequest(CatchUpRequest(slots: 4...4))
        try member.hear(2, rows)
        try member.step {
            $0.keepsAbove = 4
            $0.trims = [member.trim(through: 4)]
        }
        let end = 8 * Limits().electionTicks
        try member.step(at: end - 1, flush: member.store.waiting)
        try member.drain()
        #expect(member.core.status.trimmed == 3, "it is being read")
        // Asked for again and again, which holds nothing for longer.
        try member.hear(2, at: end - 1, rows)
        try member.step(at: end)
        try member.drain()
        #expect(member.core.status.trimmed == 4)
    }

    /// Who asks for what is not here is told so, and whoever has taken all of it asks for what follows: the file is let
    /// go of.
    @Test func whatIsOverIsLetGoOf() throws {
        let member = try Self.giver()
        let name = SnapshotName(slot: 3, digest: 5)
        let request = Immediate.snapshotRequest(SnapshotRequest(name: name, offset: 0))
        let read = try #require(try member.hear(2, request).snapshots.first)
        let said = try Self.answer(member, read, .piece([]))
        let told = SnapshotPiece(name: name, offset: 0, bytes: [])
        #expect(said.immediate.map(\.body) == [.snapshotPiece(told)])
        #expect(said.snapshots.map(\.work) == [.letGo(name)])
        let again = try #require(try member.hear(2, request).snapshots.first)
        try Self.answer(member, again, .piece([1]))
        let rows = CatchUpRequest(slots: 4...4, pages: 1, continues: false)
        #expect(try member.hear(2, .catchUpRequest(rows)).snapshots.map(\.work) == [.letGo(name)])
    }
}
