@testable import PaxosCore
import Testing

/// What a member forgets of the log, and what it says of it.
@Suite struct TrimmingTests {
    private static let ballot = Ballot(round: 4, node: 3)

    static func member(
        _ members: [NodeID],
        rows: Int = 4,
        limits: Limits = Limits(),
        policy: TrimPolicy = TrimPolicy()
    ) throws -> OneMember {
        let entries = (1...rows).map { OneMember.command(UInt64($0)) }
        let disk = OneMember.disk(entries, committed: Slot(rawValue: UInt64(rows)))
        let member = OneMember(disk: disk, members: members, limits: limits, policy: policy)
        try member.drain()
        #expect(member.core.delivered == disk.committed)
        return member
    }

    private static func heartbeat(_ floor: Slot, slowest: NodeID?, round: UInt64 = 1) -> Immediate {
        .heartbeat(
            Heartbeat(ballot: ballot, round: round, committed: 4, floor: floor, slowest: slowest)
        )
    }

    /// A follower of three that has trimmed its first two slots.
    private static func trimmed() throws -> OneMember {
        let member = try member([1, 2, 3])
        try member.step { $0.trims = [member.trim(through: 3)] }
        try member.hear(3, heartbeat(2, slowest: 2))
        try member.drain()
        #expect(member.core.status.trimmed == 2)
        return member
    }

    private static func bodies(_ said: OneMember.Said) -> [Immediate] {
        said.immediate.map(\.body)
    }

    /// A call trims nothing that its leader has not told to be safe at every member, names who holds it back,
    /// and goes on when that is.
    @Test func aFollowerTrimsWhatEveryMemberHasSafe() throws {
        let member = try Self.member([1, 2, 3])
        let asked = try member.step { $0.trims = [member.trim(through: 3)] }
        #expect(asked.outcomes == [.trimmed(through: 0, .members)])
        #expect(asked.rows == nil)
        let told = try member.hear(3, Self.heartbeat(2, slowest: 2))
        #expect(told.rows?.trimmed == 2)
        #expect(told.rows?.trimmable == 2, "no more than that for want of room either")
        #expect(told.rows?.checkpoint?.slot == 4, "a restart replays nothing that is gone")
        #expect(member.core.status.trimmed == 0, "nothing is said before it is durable")
        try member.drain()
        #expect(member.core.status.trimmed == 2)
        let again = try member.step { $0.trims = [member.trim(through: 9)] }
        #expect(again.outcomes == [.trimmed(through: 2, .member(2))])
        let all = try member.hear(3, Self.heartbeat(4, slowest: nil, round: 2))
        #expect(all.rows?.trimmed == 4)
    }

    /// What a call has left for later does not pass a snapshot that is begun until then; and when told to, that
    /// call alone does (`R42`).
    @Test func whatIsKeptForASnapshotIsKeptFromThenOn() throws {
        let member = try Self.member([1, 2, 3])
        try member.step { $0.trims = [member.trim(through: 4)] }
        try member.step { $0.keepsAbove = 2 }
        #expect(try member.hear(3, Self.heartbeat(3, slowest: 2)).rows?.trimmed == 2)
        try member.drain()
        let held = try member.step { $0.trims = [member.trim(through: 4)] }
        #expect(held.outcomes == [.trimmed(through: 2, .snapshot(2))])
        let past = try member.step { $0.trims = [member.trim(through: 4, pastSnapshots: true)] }
        #expect(past.rows?.trimmed == 3)
        let answer = try member.drain()
        #expect(answer.outcomes == [.trimmed(through: 3, .member(2))])
        let told = try member.hear(3, Self.heartbeat(4, slowest: nil, round: 2))
        #expect(told.rows?.trimmed == nil, "who asked for it was answered")
        #expect(try member.step { $0.keepsAbove = .limit }.rows?.trimmed == 4)
    }

    /// What every member has said of its disk is the floor, and the leader's own disk is one of them.
    @Test func aLeaderTellsWhatAllHaveSaid() throws {
        let member = try Self.member([1, 2, 3])
        let led = try member.lead(committed: 4, last: 4)
        try member.step(at: led.at, flush: member.store.waiting)
        func say(_ node: NodeID, _ floor: Slot) throws -> OneMember.Said {
            let reply = HeartbeatReply(
                ballot: led.ballot,
                round: 1,
                promised: led.ballot,
                committed: 4,
                floor: floor
            )
            return try member.hear(node, at: led.at, .heartbeatReply(reply))
        }
        let asked = try member.step(at: led.at) { $0.trims = [member.trim(through: 4)] }
        #expect(asked.outcomes == [], "n2 answers, and has not said yet how far its disk is")
        let told = try say(2, 4)
        #expect(told.rows?.trimmed == nil, "n3 has said nothing")
        #expect(told.outcomes == [.trimmed(through: 0, .member(3))])
        #expect(try say(3, 2).rows?.trimmed == 2)
        try member.step(at: led.at, flush: member.store.waiting)
        let beats = Self.bodies(try member.step(at: led.at + 5)).compactMap { body in
            if case .heartbeat(let beat) = body { beat } else { nil }
        }
        #expect(beats.map(\.floor) == [2, 2])
        #expect(beats.map(\.slowest) == [3, 3])
        #expect(try say(3, 1).rows?.trimmed == nil, "an old answer lowers nothing")
    }

    /// Who is not heard for the time that the limits say, or lacks more slots than they say, is not waited for: but what
    /// no quorum has goes nowhere (`R46`).
    @Test(arguments: [true, false])
    func nobodyHoldsAllBackForEver(_ isSilent: Bool) throws {
        var limits = Limits()
        if isSilent { limits.retentionTime = .seconds(2) } else { limits.retentionSlots = 2 }
        let member = try Self.member([1, 2, 3], limits: limits)
        let led = try member.lead(committed: 4, last: 4)
        try member.step(at: led.at, flush: member.store.waiting)
        func say(_ node: NodeID, _ floor: Slot, at now: UInt64) throws -> OneMember.Said {
            let reply = HeartbeatReply(
                ballot: led.ballot,
                round: 1,
                promised: led.ballot,
                committed: 4,
                floor: floor
            )
            return try member.hear(node, at: now, .heartbeatReply(reply))
        }
        try member.step(at: led.at) { $0.trims = [member.trim(through: 4)] }
        if !isSilent { _ = try say(3, 1, at: led.at) }
        for now in stride(from: led.at, to: led.at + 200, by: 5) {
            let said = try say(2, 0, at: now)
            #expect(said.rows?.trimmed ?? .zero <= 1, "no quorum has more")
            try member.step(at: now, flush: member.store.waiting)
        }
        _ = try say(2, 4, at: led.at + 200)
        _ = try member.step(at: led.at + 205, flush: member.store.waiting)
        try member.step(at: led.at + 206, flush: member.store.waiting)
        #expect(member.core.replica.floor.slot == 4)
        #expect(member.core.replica.floor.slowest == nil)
        #expect(member.core.status.trimmed == 4)
    }

    /// What is told takes the place of what was told before, and who leads begins with nobody's word. Story: one
    /// invented heartbeat had a member, and all whom it led later, forget what another one lacked (`R80`).
    @Test func anInventedFloorLastsForOneHeartbeat() throws {
        let member = try Self.member([1, 2, 3])
        try member.hear(3, Self.heartbeat(4, slowest: nil))
        try member.hear(3, Self.heartbeat(2, slowest: 2, round: 2))
        let asked = try member.step { $0.trims = [member.trim(through: 4)] }
        #expect(asked.rows?.trimmed == 2)
        try member.drain()
        try member.hear(3, Self.heartbeat(1, slowest: 2, round: 3))
        #expect(member.core.status.trimmed == 2)

        let other = try Self.member([1, 2, 3])
        try other.hear(3, Self.heartbeat(4, slowest: nil))
        let led = try other.lead(committed: 4, last: 4, from: 1)
        try other.step(at: led.at, flush: other.store.waiting)
        let waiting = try other.step(at: led.at) { $0.trims = [other.trim(through: 4)] }
        #expect(waiting.rows?.trimmed == nil)
        #expect(other.core.replica.floor.slot == 0)
    }

    /// Who holds all back by a watermark in its memory writes it down though nothing else is to be written. Story:
    /// behind a catch-up in an idle cluster nobody could trim until the next append.
    @Test(arguments: [1, 2] as [NodeID])
    func whoHoldsAllBackWritesItsWatermark(_ slowest: NodeID) throws {
        let member = try Self.member([1, 2, 3])
        func beat(_ round: UInt64, at now: UInt64) throws -> OneMember.Said {
            let heartbeat = Heartbeat(
                ballot: Self.ballot,
                round: round,
                committed: 5,
                floor: 4,
                slowest: slowest
            )
            return try member.hear(3, at: now, .heartbeat(heartbeat))
        }
        _ = try beat(1, at: 1)
        let row = AcceptedEntry(
            slot: 5,
            ballot: Self.ballot,
            entry: OneMember.command(5),
            isChosen: true
        )
        try member.hear(3, at: 1, .catchUp(CatchUp(from: 5, rows: [row], committed: 5)))
        try member.step(at: 1, flush: member.store.waiting)
        try member.step(at: 2, flush: member.store.waiting)
        #expect(member.core.delivered == 5)
        #expect(member.core.replica.floor.own == 4)
        var written: Slot?
        for now in 3...600 as ClosedRange<UInt64> where now.isMultiple(of: 5) {
            written = try beat(now, at: now).rows?.checkpoint?.slot ?? written
            try member.step(at: now, flush: member.store.waiting)
        }
        #expect(written == (slowest == 1 ? 5 : nil))
        #expect(member.core.replica.floor.own == (slowest == 1 ? 5 : 4))
    }

    /// A leader with a write in flight trims with the next write, and makes none for it.
    @Test func aChunkWaitsForAnIdleDisk() throws {
        let member = try Self.member([1], rows: 6_000)
        try member.step(appends: [member.append()])
        let asked = try member.step { $0.trims = [member.trim(through: 6_000)] }
        #expect(asked.rows?.trimmed == nil)
        let next = try member.step(appends: [member.append()])
        #expect(next.rows?.trimmed == 514)
    }

    /// Catch-up, pages and promises name the trim point: nobody takes what was chosen there for empty (`R15`).
    @Test func whatIsTrimmedIsNeverSaidToBeEmpty() throws {
        let member = try Self.trimmed()
        let request = Immediate.catchUpRequest(CatchUpRequest(slots: 1...4))
        let asked = try member.hear(2, request)
        #expect(asked.reads.isEmpty)
        let none = CatchUp(from: 1, rows: [], committed: 4, trimmed: 2)
        #expect(Self.bodies(asked) == [.catchUp(none)])
        let ballot = Ballot(round: 9, node: 2)
        try member.hear(2, .prepare(Prepare(ballot: ballot)))
        let promised = try member.step(flush: 1)
        let promise = Promise(ballot: ballot, committed: 4, trimmed: 2, last: 4)
        #expect(promised.statements.map(\.body) == [.promise(promise)])
        let page = try member.hear(2, .pageRequest(PageRequest(ballot: ballot, from: 2)))
        let reject = Reject(ballot: ballot, promised: ballot, committed: 4, reason: .trimmed)
        #expect(Self.bodies(page) == [.reject(reject)])
    }

    /// So does a read that comes back when what it was to bring is gone.
    @Test func aReadThatComesTooLateIsNotUnreadable() throws {
        let member = try Self.trimmed()
        let request = Immediate.catchUpRequest(CatchUpRequest(slots: 3...4))
        let read = try #require(try member.hear(2, request).reads.first)
        try member.hear(3, Self.heartbeat(3, slowest: nil, round: 2))
        try member.step(flush: member.store.waiting)
        let said = try member.step {
            $0.completions = [
                ReadCompletion(id: read.id, result: .failure(.trimmed(through: 3)))
            ]
        }
        let none = CatchUp(from: 3, rows: [], committed: 4, trimmed: 3)
        #expect(Self.bodies(said) == [.catchUp(none)])
        #expect(member.core.status.failure == nil)
    }

    /// A restart finds the trim point, and trims no further before it is told anew what is safe.
    @Test func aRestartKnowsWhatIsGone() throws {
        let earlier = try Self.trimmed()
        let member = OneMember(disk: earlier.store.disk, members: [1, 2, 3])
        #expect(member.core.status.trimmed == 2)
        let asked = try member.step { $0.trims = [member.trim(through: 4)] }
        #expect(asked.outcomes == [.trimmed(through: 2, .members)])
    }

    /// Alone it needs nobody. What goes without an append goes in chunks, one write at a time, and the call
    /// is answered when all of it is gone.
    @Test func manyRowsGoInChunks() throws {
        let member = try Self.member([1], rows: 6_000)
        let first = try member.step { $0.trims = [member.trim(through: 6_000)] }
        #expect(first.rows?.trimmed == 4_096)
        #expect(first.outcomes.isEmpty)
        #expect(try member.step().rows?.trimmed == nil, "one at a time")
        let second = try member.step(flush: member.store.waiting)
        #expect(second.rows?.trimmed == 6_000)
        let last = try member.drain()
        #expect(last.outcomes == [.trimmed(through: 6_000, nil)])
    }

    /// A member of the quorum that has trimmed what it would have to show counts for nothing (`R15`).
    @Test func aCandidateDoesNotCountWhoHasTrimmed() throws {
        let ids: [NodeID] = [1, 2, 3]
        let ballot = Ballot(round: 5, node: 1)
        var candidate = Candidate(
            ballot: ballot,
            membership: try Membership(ids),
            learningFrom: 3,
            now: .zero,
            limits: Limits()
        )
        var output = Output()
        func receive(_ node: NodeID, trimmed: Slot) {
            let promise = Promise(ballot: ballot, committed: 5, trimmed: trimmed, last: 5)
            candidate.receive(promise, from: node, output: &output)
        }
        receive(1, trimmed: 2)
        receive(2, trimmed: 4)
        #expect(output.immediate.map(\.destination) == [1])
        #expect(candidate.awaited == [0])
        receive(3, trimmed: 0)
        #expect(candidate.awaited == [0, 2])
        candidate.noteTrimmed(3)
        #expect(candidate.awaited == [0])
        #expect(candidate.recovery() == nil)
    }
}
