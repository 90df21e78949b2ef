@testable import PaxosCore
import Testing

/// What a replica says of itself while its own disk lags behind the others'.
@Suite struct ReplicaTests {
    /// A leader of three whose own write is still in flight when the two others have accepted.
    private static func leader() throws -> Replica {
        var replica = Replica(
            recovered: Identities.recovered(of: [1, 2, 3]),
            limits: Limits(),
            seed: 1
        )
        var output = Output()
        replica.campaign(output: &output)
        replica.markDurable(promised: output.rows.promised, runs: 0)
        let ballot = try #require(replica.candidate?.ballot)
        for sender in [1, 2] as [NodeID] {
            let promise = Promise(ballot: ballot, committed: 0, trimmed: 0, last: 0)
            replica.receive(Statement.promise(promise), from: sender, output: &output)
        }
        replica.assign(OneMember.command(1))
        replica.propose([OneMember.command(1)], output: &output)
        for sender in [2, 3] as [NodeID] {
            let accepted = Accepted(ballot: ballot, slots: 1...1)
            replica.receive(Statement.accepted(accepted), from: sender, output: &output)
        }
        return replica
    }

    private static func promise(_ replica: inout Replica, round: UInt64) -> Promise? {
        var output = Output()
        let prepare = Prepare(ballot: Ballot(round: round, node: 3))
        replica.receive(Statement.prepare(prepare), from: 3, output: &output)
        guard case .promise(let promise)? = output.testimony.first?.body else { return nil }
        return promise
    }

    /// A candidate learns the slots below a promise's watermark from who made it, who must have them:
    /// what the others have chosen and this disk does not hold yet is not in it.
    @Test func aPromiseNamesWhatIsStoredHereAsCommitted() throws {
        var replica = try Self.leader()
        #expect(replica.learner.committed == 1)
        #expect(replica.deliverable == .zero)
        let early = try #require(Self.promise(&replica, round: 8))
        #expect(early.committed == .zero)
        #expect(early.last == 1)
        replica.markDurable(promised: nil, runs: 1)
        #expect(Self.promise(&replica, round: 9)?.committed == 1)
    }

    /// A leader that has promised a higher ballot proposes and confirms nothing any more (`R52`): it is
    /// none from that moment on.
    @Test func aLeaderThatHasPromisedAnotherLeadsNoMore() throws {
        var replica = try Self.leader()
        #expect(replica.isReadable)
        #expect(replica.appetite.takes(slots: 1, bytes: 1))
        _ = Self.promise(&replica, round: 8)
        #expect(replica.leader == nil)
        #expect(!replica.isReadable)
        #expect(!replica.appetite.takes(slots: 1, bytes: 1))
    }

    private static func page(_ replica: inout Replica, _ ballot: Ballot, from slot: Slot = 1)
        -> PromisePage?
    {
        var output = Output()
        replica.receive(
            Immediate.pageRequest(PageRequest(ballot: ballot, from: slot)),
            from: 3,
            output: &output
        )
        guard case .page(let page)? = output.immediate.first?.body else { return nil }
        return page
    }

    /// A page is served from memory, and only under the promise that is durable and the latest (`R13`).
    @Test func aPageIsServedUnderTheDurablePromiseOnly() throws {
        var replica = try Self.leader()
        let own = try #require(replica.leader?.ballot)
        let ballot = Ballot(round: 8, node: 3)
        _ = Self.promise(&replica, round: 8)
        #expect(Self.page(&replica, ballot) == nil, "it is not durable")
        replica.markDurable(promised: ballot, runs: 1)
        let page = try #require(Self.page(&replica, ballot))
        #expect(page.from == 1)
        #expect(page.through == 1)
        #expect(
            page.rows == [AcceptedEntry(slot: 1, ballot: own, entry: OneMember.command(1))]
        )
        #expect(Self.page(&replica, own) == nil)
        #expect(Self.page(&replica, Ballot(round: 9, node: 3)) == nil)
        _ = Self.promise(&replica, round: 9)
        #expect(Self.page(&replica, ballot) == nil, "the promise was passed")
    }

    /// Slots that were delivered are no longer in memory, and not empty: they are learned (`R15`, `R77`).
    @Test func aPageBelowMemoryIsNotServed() throws {
        var replica = try Self.leader()
        let ballot = Ballot(round: 8, node: 3)
        replica.markDurable(promised: nil, runs: 1)
        #expect(replica.takeDeliverable() == OneMember.command(1))
        _ = Self.promise(&replica, round: 8)
        replica.markDurable(promised: ballot, runs: 0)
        #expect(Self.page(&replica, ballot, from: 1) == nil)
        #expect(Self.page(&replica, ballot, from: 2) == nil, "beyond the last row")
    }
}
