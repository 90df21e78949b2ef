@testable import PaxosCore
import Testing

/// Shutdown and failure: everybody is told, and nothing is said or written afterwards.
@Suite struct NodeEndTests {
    @Test func shutdownFinishesWhatIsInFlight() throws {
        let member = OneMember()
        try member.drain()
        try member.step(appends: [member.append()])
        let closing = try member.step {
            $0.closeBy = Tick(10)
            $0.barriers = [member.barrier()]
        }
        #expect(closing.outcomes == [.barrier(0)])
        #expect(member.core.nextDeadline == Tick(10))
        let refused = try member.step(appends: [member.append()])
        #expect(refused.outcomes == [.never(.closed)])
        let last = try member.step(flush: 1)
        #expect(last.outcomes == [.committed(first: 1, count: 1)])
        #expect(last.rows?.isFinal == true)
        #expect(last.rows?.committed == 1)
        #expect(!last.isClosed)
        #expect(try member.step(flush: 1).isClosed)
        #expect(member.store.disk.committed == 1)
        #expect(member.store.disk.checkpoint.slot == 1)
    }

    /// What is in flight belongs below the watermark also if its caller has gone.
    @Test func shutdownWaitsForSlotsThatNobodyWaitsFor() throws {
        let member = OneMember()
        try member.drain()
        let append = member.append()
        try member.step(appends: [append])
        try member.step { $0.cancellations = [append.waiter] }
        #expect(try member.step { $0.closeBy = Tick(10) }.rows == nil)
        #expect(try member.step(flush: 1).rows?.committed == 1)
        #expect(try member.step(flush: 1).isClosed)
    }

    @Test func shutdownEndsWhenItsTimeIsUp() throws {
        let member = OneMember()
        try member.drain()
        try member.step(appends: [member.append()])
        #expect(try member.step { $0.closeBy = Tick(10) }.rows == nil)
        #expect(try member.step(at: 9).replies.isEmpty)
        let token = Token(node: 1, boot: Boot(1), sequence: 1)
        let said = try member.step(at: 10)
        #expect(said.outcomes == [.unknown(token, .closed)])
        #expect(said.rows?.isFinal == true)
        #expect(try member.step(at: 11, flush: 2).isClosed)
    }

    /// Story: `close()` during a shutdown did not hasten it.
    @Test func theEndCanBeBroughtForwardAndNotPutOff() throws {
        let member = OneMember()
        try member.drain()
        try member.step(appends: [member.append()])
        #expect(try member.step { $0.closeBy = Tick(10) }.rows == nil)
        #expect(try member.step { $0.closeBy = Tick(20) }.rows == nil)
        #expect(member.core.nextDeadline == Tick(10))
        #expect(try member.step(at: 1) { $0.closeBy = Tick.zero }.rows?.isFinal == true)
        #expect(try member.step(at: 1, flush: 2).isClosed)
    }

    /// Story: a store without room kept the last write for later, and shutdown waited for ever.
    @Test func aFullStoreDoesNotHoldUpTheEnd() throws {
        let member = OneMember()
        try member.drain()
        try member.step { $0.closeBy = Tick(10) }
        #expect(member.core.nextDeadline == .never)
        #expect(!(try member.step(at: 5) { $0.isFull = true }).isClosed)
        #expect(member.core.nextDeadline == Tick(10))
        let late = member.append()
        let refused = try member.step(at: 6, appends: [late])
        #expect(refused.outcomes == [.never(.closed)])
        #expect(try member.step(at: 10).isClosed)
    }

    /// The last write is awaited however long it takes, if there is room for it.
    @Test func aSlowStoreIsWaitedFor() throws {
        let member = OneMember()
        try member.drain()
        try member.step { $0.closeBy = Tick(10) }
        #expect(!(try member.step(at: 100)).isClosed)
        #expect(try member.step(at: 100, flush: 1).isClosed)
    }

    /// Closed while the rows above the watermark were still being found: the leader that came of it
    /// proposed them again behind the last write.
    @Test func nothingIsWrittenAfterTheLastWrite() throws {
        let member = OneMember(disk: OneMember.disk([OneMember.command(1)], committed: 0))
        try member.step()
        let last = try member.step { $0.closeBy = Tick(10) }
        #expect(last.rows?.isFinal == true)
        let late = try member.step(flush: 1)
        #expect(late.rows == nil)
        #expect(member.core.status.role == .candidate)
        #expect(try member.step(flush: 1).isClosed)
    }

    /// A node that has written its last row is deaf to its peers.
    @Test func peersAreNotHeardAfterTheLastWrite() throws {
        let member = OneMember(members: [1, 2, 3])
        #expect(try member.step { $0.closeBy = Tick(10) }.rows?.isFinal == true)
        let prepare = Prepare(ballot: Ballot(round: 4, node: 2))
        let said = try member.hear(2, .prepare(prepare))
        #expect(said.rows == nil)
        #expect(said.messages.isEmpty)
        #expect(member.core.status.promised == .zero)
    }

    @Test func failureTellsEverybodyOnce() throws {
        var limits = Limits()
        limits.pipelineSlots = 2
        let member = OneMember(limits: limits)
        try member.drain()
        let appends = (0..<3).map { _ in member.append() }
        try member.step(appends: appends)
        try member.store.crash(keeping: 1)
        let late = member.append()
        let said = try member.step(appends: [late]) { $0.failure = OneMember.failure() }
        #expect(said.isClosed)
        #expect(said.taken == 0 && member.waiting == 0)
        let failed = Refusal.storeFailed
        for (sequence, append) in zip(UInt64(1)..., appends + [late]) {
            let token = Token(node: 1, boot: Boot(1), sequence: sequence)
            let outcomes = said.replies.filter { $0.waiter == append.waiter }.map(\.outcome)
            #expect(outcomes == [sequence < 3 ? .unknown(token, failed) : .never(failed)])
        }
        let again = try member.step { $0.failure = OneMember.failure(6) }
        #expect(!again.isClosed)
        #expect(try member.step(appends: [member.append()]).outcomes == [.never(failed)])
    }

    /// The receipt of a write that was flushed before the failure has nothing more to say (`R30`), nor
    /// has the read that returns after it.
    @Test func nothingIsSaidAfterAFailure() throws {
        let disk = OneMember.disk([OneMember.command(1), OneMember.command(2)], committed: 1)
        let member = OneMember(disk: disk)
        let replay = try #require(try member.step().reads.first)
        try member.step { $0.failure = OneMember.failure() }
        let said = try member.step(flush: 1) {
            $0.completions = [
                ReadCompletion(id: replay.id, result: .success(disk.read(replay)))
            ]
            $0.closeBy = Tick(1)
        }
        #expect(said.delivered.isEmpty)
        #expect(said.reads.isEmpty)
        #expect(said.messages.isEmpty)
        #expect(said.rows == nil)
        #expect(member.core.status.role == .candidate)
    }

    /// A store that fails when everything is closed harms nobody.
    @Test func aFailureAfterTheEndIsNone() throws {
        let member = OneMember()
        try member.drain()
        try member.step { $0.closeBy = Tick(10) }
        #expect(try member.step(flush: 1).isClosed)
        #expect(!(try member.step { $0.failure = OneMember.failure() }).isClosed)
        #expect(try member.step(appends: [member.append()]).outcomes == [.never(.closed)])
    }
}
