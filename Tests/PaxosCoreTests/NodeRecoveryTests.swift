@testable import PaxosCore
import Testing

/// A member that opens its disk again: phase 1 with itself, and the replay of what is committed.
@Suite struct NodeRecoveryTests {
    private static func commands(_ count: Int) -> [Entry] {
        (1...UInt64(count)).map { OneMember.command($0) }
    }

    /// Rows above the watermark are proposed again under a new ballot, before anything new (`R12`).
    @Test func rowsAboveTheWatermarkAreProposedAgain() throws {
        let member = OneMember(disk: OneMember.disk(Self.commands(5), committed: 2))
        try member.step(appends: [member.append()])
        let drained = try member.drain()
        #expect(drained.outcomes == [.committed(first: 6, count: 1)])
        #expect(drained.delivered == [1, 2, 3, 4, 5, 6])
        let ballots = member.store.disk.rows.map { $0?.ballot.round }
        #expect(ballots == [1, 1, 2, 2, 2, 2], "a committed row is not written again (I3)")
    }

    /// While the replay was under way the leader ran past its acceptor's window, which refused the
    /// slots for good, and every append after them hung.
    @Test func appendsDoNotOutrunTheReplay() throws {
        var limits = Limits()
        limits.pipelineSlots = 4
        let member = OneMember(
            disk: OneMember.disk(Self.commands(3), committed: 3),
            limits: limits
        )
        let replay = try #require(try member.step().reads.first)
        var replies = 0
        for _ in 0..<6 {
            let said = try member.step(
                flush: member.store.waiting,
                appends: [member.append(), member.append()]
            )
            replies += said.replies.count
            #expect(said.delivered.isEmpty)
        }
        #expect(member.core.status.last == 7)
        #expect(replies == 0)
        let said = try member.step {
            $0.completions = [
                ReadCompletion(id: replay.id, result: .success(member.store.disk.read(replay)))
            ]
        }
        #expect(said.delivered == [1, 2, 3, 4, 5, 6, 7])
        #expect(said.rows?.accepted.map(\.run.slots) == [8...11], "room is used at once")
        #expect(said.replies.count + (try member.drain()).replies.count == 12)
    }

    /// The same, in bytes.
    @Test func appendsDoNotOutrunTheReplayInBytes() throws {
        var limits = Limits()
        limits.pipelineBytes = 64
        limits.maxPayloadBytes = 32
        let member = OneMember(
            disk: OneMember.disk(Self.commands(3), committed: 3),
            limits: limits
        )
        try member.step()
        for _ in 0..<4 {
            try member.step(flush: member.store.waiting, appends: [member.append(30)])
        }
        #expect(member.core.replica.acceptor.windowBytes == 60)
        #expect(member.core.status.last == 5)
    }

    /// A committed row that is not there, or not readable, ends the node: nothing after it is
    /// delivered, and it is not asked for again and again (`R34`, `R35`).
    @Test(arguments: [true, false])
    func aCommittedRowThatIsNotThereEndsTheNode(_ isMissing: Bool) throws {
        var disk = OneMember.disk(Self.commands(5), committed: 5)
        if isMissing { disk.rows[2] = nil }
        let member = OneMember(disk: disk)
        let replay = try #require(try member.step().reads.first)
        let append = member.append()
        let said = try member.step(appends: [append]) {
            $0.completions = [
                ReadCompletion(
                    id: replay.id,
                    result: isMissing
                        ? .success(disk.read(replay)) : .failure(.unreadable(3))
                )
            ]
        }
        #expect(said.isClosed)
        #expect(said.reads.isEmpty)
        #expect(said.delivered == (isMissing ? [1, 2] : []))
        #expect(said.outcomes.first == .never(.storeFailed))
        #expect(member.core.status.failure?.detail.contains("slot 3") == true)
    }

    /// Every row above the watermark is in memory from the first step on (I4): phase 1 reads nothing.
    @Test func phaseOneReadsNothing() throws {
        let member = OneMember(disk: OneMember.disk(Self.commands(2), committed: 0))
        #expect(member.core.replica.acceptor.windowBytes == 2)
        #expect(try member.step().reads.isEmpty)
        let leading = try member.step(flush: 1)
        #expect(leading.reads.isEmpty)
        #expect(leading.rows?.accepted.map(\.run.slots) == [1...2])
        #expect(try member.step(flush: 1).delivered == [1, 2])
    }

    /// What was found counted against the room in memory that it took itself: nothing was proposed again,
    /// and nothing ever left memory.
    @Test func whatIsFoundNeedsNoRoom() throws {
        var limits = Limits()
        limits.pipelineBytes = 64
        limits.maxPayloadBytes = 32
        let found = (1...3).map { sequence in
            Entry.command(
                Command(
                    token: Token(node: 1, boot: Boot(1), sequence: sequence),
                    payload: Array(repeating: 1, count: 30)
                )
            )
        }
        let member = OneMember(disk: OneMember.disk(found, committed: 0), limits: limits)
        #expect(member.core.replica.acceptor.windowBytes == 90)
        #expect(try member.drain().delivered == [1, 2, 3])
    }

    /// The reader has closed: nothing is read again, and nothing has failed.
    @Test func aClosedReaderIsNotAskedAgain() throws {
        let member = OneMember(disk: OneMember.disk(Self.commands(2), committed: 2))
        let replay = try #require(try member.step().reads.first)
        let said = try member.step {
            $0.completions = [ReadCompletion(id: replay.id, result: .failure(.closed))]
        }
        #expect(said.reads.isEmpty)
        #expect(!said.isClosed)
    }

    /// What has no effect is reported, and written with the next write.
    @Test func whatHasNoEffectIsReportedAndWritten() throws {
        let twice = [OneMember.command(1), OneMember.command(1), OneMember.command(2)]
        let member = OneMember(disk: OneMember.disk(twice, committed: 3))
        let drained = try member.drain()
        #expect(drained.delivered == [1, 3])
        #expect(drained.ineffective == [2])
        try member.step(appends: [member.append()])
        try member.drain()
        #expect(member.store.disk.ineffective == [2])
    }

    /// Checkpoints come with the deliveries, and are reported when they are durable.
    @Test func checkpointsComeEverySoManySlots() throws {
        var limits = Limits()
        limits.checkpointSlots = 3
        let member = OneMember(limits: limits)
        try member.drain()
        var checkpoints: [Slot] = []
        for _ in 0..<10 {
            try member.step(appends: [member.append()])
            while member.store.waiting > 0 {
                if let slot = try member.step(flush: member.store.waiting).checkpointed {
                    checkpoints.append(slot)
                    #expect(member.store.disk.checkpoint.slot == slot)
                    #expect(member.store.disk.committed >= slot)
                }
            }
        }
        #expect(checkpoints == [3, 6, 9])
        let session = try #require(member.store.disk.checkpoint.state.sessions.first)
        #expect(session.delivered.ranges == [1...9])
    }

    /// Phase 1 in pages of one row, with a pipeline smaller than what is found.
    @Test func recoveryGoesInPages() throws {
        var limits = Limits()
        limits.pageBytes = 1
        limits.pipelineSlots = 2
        let member = OneMember(
            disk: OneMember.disk(Self.commands(9), committed: 4),
            limits: limits
        )
        try member.step { $0.barriers = [member.barrier()] }
        let drained = try member.drain()
        #expect(drained.outcomes == [.barrier(9)])
        #expect(drained.delivered == (1...9).map { Slot(rawValue: $0) })
    }

    /// A small append fits where the next row that was found does not: it waits all the same, or it
    /// would take that row's slot (`R12`).
    @Test func nothingNewPassesWhatIsProposedAgain() throws {
        var limits = Limits()
        limits.pipelineBytes = 64
        limits.maxPayloadBytes = 32
        let found = (1...3).map { sequence in
            Entry.command(
                Command(
                    token: Token(node: 1, boot: Boot(1), sequence: sequence),
                    payload: Array(repeating: UInt8(sequence), count: 30)
                )
            )
        }
        let member = OneMember(disk: OneMember.disk(found, committed: 0), limits: limits)
        try member.step(appends: [member.append(1)])
        let drained = try member.drain()
        #expect(drained.outcomes == [.committed(first: 4, count: 1)])
        #expect(member.store.disk.rows.prefix(3).map { $0?.entry } == found)
    }
}
