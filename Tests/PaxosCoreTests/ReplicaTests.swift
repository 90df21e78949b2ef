@testable import PaxosCore
import Testing

/// What a replica says of itself while its own disk lags behind the others'.
@Suite struct ReplicaTests {
    /// A leader of three whose own write is still in flight when the two others have accepted.
    private static func leader() throws -> Replica {
        var replica = Replica(
            node: 1,
            memberships: MembershipHistory(founding: try Membership([1, 2, 3])),
            recovered: TestStore().open(),
            limits: Limits()
        )
        var output = Output()
        replica.campaign(output: &output)
        replica.markDurable(promised: output.rows.promised, accepted: [])
        let ballot = try #require(replica.candidate?.ballot)
        for sender in [1, 2] as [NodeID] {
            replica.receive(
                .promise(Promise(ballot: ballot, committed: 0, trimmed: 0, last: 0)),
                from: sender,
                output: &output
            )
        }
        replica.assign(OneMember.command(1))
        replica.propose([OneMember.command(1)], output: &output)
        for sender in [2, 3] as [NodeID] {
            replica.receive(
                .accepted(Accepted(ballot: ballot, slots: 1...1)),
                from: sender,
                output: &output
            )
        }
        return replica
    }

    private static func promise(_ replica: inout Replica, round: UInt64) -> Promise? {
        var output = Output()
        let prepare = Prepare(ballot: Ballot(round: round, node: 3))
        replica.receive(.prepare(prepare), from: 3, output: &output)
        guard case .promise(let promise)? = output.testimony.first?.statement else { return nil }
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
        replica.markDurable(promised: nil, accepted: [1...1])
        #expect(Self.promise(&replica, round: 9)?.committed == 1)
    }

    /// It leads by its own account until it is refused, but confirms nothing any more (`R52`).
    @Test func aLeaderThatHasPromisedAnotherIsNotReadable() throws {
        var replica = try Self.leader()
        #expect(replica.isReadable)
        _ = Self.promise(&replica, round: 8)
        #expect(!replica.isReadable)
    }

    /// A page is served only under the promise that is durable and the latest (`R13`).
    @Test func aPageIsServedUnderTheDurablePromiseOnly() throws {
        var replica = try Self.leader()
        let ballot = Ballot(round: 8, node: 3)
        func reads(_ replica: inout Replica, _ ballot: Ballot) -> [ReadRequest] {
            var output = Output()
            replica.receive(
                .pageRequest(PageRequest(ballot: ballot, from: 1)),
                from: 3,
                output: &output
            )
            return output.reads
        }
        _ = Self.promise(&replica, round: 8)
        #expect(reads(&replica, ballot).isEmpty)
        replica.markDurable(promised: ballot, accepted: [1...1])
        let read = try #require(reads(&replica, ballot).first)
        #expect(read.slots == 1...1)
        _ = Self.promise(&replica, round: 9)
        #expect(reads(&replica, ballot).isEmpty)
        var output = Output()
        replica.receive(
            ReadCompletion(id: read.id, result: .success(RowPage(rows: [], through: 1))),
            output: &output
        )
        #expect(output.immediate.isEmpty, "the promise was passed while the page was read")
    }

    /// A page that cannot be read is not an empty page (`R35`).
    @Test func anUnreadablePageCountsForNothing() throws {
        var replica = try Self.leader()
        let ballot = Ballot(round: 8, node: 3)
        _ = Self.promise(&replica, round: 8)
        replica.markDurable(promised: ballot, accepted: [1...1])
        var output = Output()
        replica.receive(
            .pageRequest(PageRequest(ballot: ballot, from: 1)),
            from: 3,
            output: &output
        )
        let read = try #require(output.reads.first)
        var answer = Output()
        replica.receive(
            ReadCompletion(id: read.id, result: .failure(.unreadable(1))),
            output: &answer
        )
        #expect(answer.immediate.isEmpty)
    }
}
