@testable import PaxosCore
import Testing

/// What merged batches and merged receipts carry: all of both, the later of each.
@Suite struct WriteBatchTests {
    private static func rows(_ step: UInt64) -> WriteRows {
        var rows = WriteRows()
        let ballot = Ballot(round: step, node: 1)
        let run = EntryRun(first: Slot(rawValue: step), entries: [.noop])
        rows.accepted = [AcceptedRun(ballot: ballot, run: run)]
        rows.promised = step.isMultiple(of: 2) ? ballot : nil
        rows.lastRound = step == 1 ? 7 : nil
        rows.committed = step < 3 ? Slot(rawValue: step) : nil
        rows.checkpoint =
            step == 2
            ? Checkpoint(slot: Slot(rawValue: step), digest: .empty, state: LogState()) : nil
        rows.ineffective = [Slot(rawValue: step)]
        rows.peers = [Identities.record(of: 2, boot: step)]
        rows.isFinal = step == 2
        return rows
    }

    private static func batch(_ step: UInt64) -> WriteBatch {
        let accepted = Accepted(
            ballot: Ballot(round: step, node: 1),
            slots: Slot(rawValue: step)...Slot(rawValue: step)
        )
        return WriteBatch(
            id: WriteID(step),
            rows: rows(step),
            testimony: [Testimony(destination: 2, body: .accepted(accepted))]
        )
    }

    private static func check(_ receipt: consuming DurabilityReceipt) {
        #expect(receipt.through == WriteID(3))
        #expect(receipt.promised == Ballot(round: 2, node: 1))
        #expect(receipt.runs == 3)
        #expect(receipt.peers.last?.boot == Boot(3))
        #expect(receipt.checkpointed == 2)
        #expect(receipt.testimony.count == 3)
    }

    @Test func mergedBatchesCarryAllOfBoth() {
        var batch = Self.batch(1)
        batch.merge(Self.batch(2))
        batch.merge(Self.batch(3))
        let rows = batch.rows
        #expect(batch.id == WriteID(3))
        #expect(rows.accepted.map(\.run.first) == [1, 2, 3])
        #expect(rows.promised == Ballot(round: 2, node: 1))
        #expect(rows.lastRound == 7)
        #expect(rows.committed == 2)
        #expect(rows.checkpoint?.slot == 2)
        #expect(rows.ineffective == [1, 2, 3])
        #expect(rows.peers.map(\.boot) == [Boot(3)], "the newest of a node")
        #expect(rows.isFinal)
        Self.check(batch.markedDurable(written: WriteNumber(1)))
    }

    @Test func mergedReceiptsCarryAllOfBoth() {
        var receipt = Self.batch(1).markedDurable(written: WriteNumber(1))
        receipt.merge(Self.batch(2).markedDurable(written: WriteNumber(1)))
        receipt.merge(Self.batch(3).markedDurable(written: WriteNumber(1)))
        Self.check(receipt)
    }

    /// Whatever must survive is worth a flush; the watermark and what goes with it are not.
    @Test func whatNeedsAFlush() {
        var rows = WriteRows()
        rows.committed = 9
        rows.ineffective = [3]
        #expect(!rows.needsFlush)
        let changes: [(inout WriteRows) -> Void] = [
            { $0.accepted = Self.rows(1).accepted }, { $0.promised = .zero }, { $0.lastRound = 1 },
            { $0.checkpoint = .empty }, { $0.isFinal = true },
            { $0.peers = [Identities.record(of: 2)] },
        ]
        for change in changes {
            var changed = rows
            change(&changed)
            #expect(changed.needsFlush)
        }
    }
}

/// What is an error of ours stops the process before it harms the log (`R66`).
@Suite struct TrapTests {
    @Test func aBatchThatIsDroppedTraps() async {
        await #expect(processExitsWith: .failure) {
            Self.drop(WriteBatch(id: WriteID(1), rows: WriteRows(), testimony: []))
        }
    }

    private static func drop(_ batch: consuming WriteBatch) {}

    @Test func batchesMergedOutOfOrderTrap() async {
        await #expect(processExitsWith: .failure) {
            var batch = WriteBatch(id: WriteID(2), rows: WriteRows(), testimony: [])
            batch.merge(WriteBatch(id: WriteID(1), rows: WriteRows(), testimony: []))
            batch.abandon()
        }
    }

    @Test func anAppendBeyondTheLimitsTraps() async {
        await #expect(processExitsWith: .failure) {
            let member = OneMember()
            try member.drain()
            try member.step(appends: [member.append((4 << 20) + 1)])
        }
    }

    /// Rows that are found above the watermark lie above it, and the watermark is not below what was
    /// trimmed or checkpointed.
    @Test func aContradictoryStoreTraps() async {
        await #expect(processExitsWith: .failure) {
            var found = Identities.recovered()
            found.committed = 2
            found.accepted = [AcceptedEntry(slot: 2, ballot: .zero, entry: .noop)]
            Self.open(found)
        }
        await #expect(processExitsWith: .failure) {
            var found = Identities.recovered()
            found.trimmed = 1
            Self.open(found)
        }
        await #expect(processExitsWith: .failure) {
            var found = Identities.recovered()
            found.checkpoint = Checkpoint(slot: 1, digest: .empty, state: LogState())
            Self.open(found)
        }
    }

    private static func open(_ recovered: RecoveredState) {
        _ = NodeCore(recovered: recovered, limits: Limits(), seed: 1)
    }
}
