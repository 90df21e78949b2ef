import DiskShim
import Platform
import TestSupport
import Testing

@testable import ReplicatedLog

/// The store's own counts against those of a shim that sees every call.
@Suite(.shared, .serialized) struct FlushCountTests {
    private static let runway = 2 << 20

    /// What happened between two looks, as the store and as the shim say.
    private struct Counts {
        var commits: UInt64
        var flushes: UInt64
        var runwayFlushes: UInt64
        var confirmingFlushes: UInt64
        var seenFlushes: UInt64
        var seenSynchronous: UInt64
        var seenMetaWrites: UInt64
        var seenSeals: UInt64
        var seenWrites: UInt64
        var seenDirectorySyncs: UInt64

        init(_ log: LogNode, _ counter: borrowing DiskCounter) {
            let counters = log.store.counters
            commits = counters.commits
            flushes = counters.flushes
            runwayFlushes = counters.runwayFlushes
            confirmingFlushes = counters.confirmingFlushes
            seenFlushes = counter.calls(.flush)
            seenSynchronous = counter.synchronousWrites
            seenMetaWrites = counter.calls(.metaWrite)
            seenSeals = counter.calls(.sealWrite)
            seenWrites = counter.calls(.write)
            seenDirectorySyncs = counter.calls(.directorySync)
        }

        /// One for each commit, one for each step of an idle store's runway, and one for each mark that nothing
        /// came for a while.
        func expectNothingElse(since before: Counts) {
            let commits = commits - before.commits
            let runway = runwayFlushes - before.runwayFlushes
            let flushes = flushes - before.flushes
            let marks = confirmingFlushes - before.confirmingFlushes
            #expect(flushes == commits)
            #expect(seenMetaWrites - before.seenMetaWrites == commits)
            #expect(seenSeals - before.seenSeals == commits + marks)
            #expect(seenFlushes - before.seenFlushes == flushes + runway + marks)
            #expect(seenSynchronous == before.seenSynchronous)
            #expect(seenDirectorySyncs == before.seenDirectorySyncs)
        }
    }

    private func start(_ scratch: Scratch) async throws -> RunningNode {
        var configuration = try LogNode.Configuration.small(runwayBytes: Self.runway)
        configuration.limits = Limits()
        let directory = NodeDirectory(below: scratch.path, configuration)
        try await directory.create()
        let node = try await directory.start()
        _ = try await node.log.barrier()
        // One that was full once is filled again when a quarter is used up.
        #expect(await eventually { node.log.store.counters.runwayBytes >= Self.runway / 4 * 3 })
        return node
    }

    @Test(.tags(.slow), arguments: [1, 16, 256])
    func oneFlushACommitAndNoOther(outstanding: Int) async throws {
        let scratch = try Scratch("counts")
        let node = try await start(scratch)
        let counter = DiskCounter(below: scratch.path)
        let before = Counts(node.log, counter)
        let outcomes = Outcomes()
        let each = outstanding == 1 ? 200 : 40
        await outcomes.load(node.log, tasks: outstanding, each: each, fillerBytes: 244)
        #expect(outcomes.now.told.count == outstanding * each)
        #expect(await eventually { node.log.store.counters.queuedBytes == 0 })
        // What is under way when one looks is counted by one and not yet by the other.
        let after = await rested(node.log, counter)
        after.expectNothingElse(since: before)
        let commits = after.commits - before.commits
        let perCommit = Double(outstanding * each) / Double(commits)
        print("\(outstanding) outstanding: \(perCommit) appends a commit, \(commits) commits")
        #expect(commits <= UInt64(outstanding * each))
        if outstanding == 256 { #expect(perCommit > 30) }
        await node.shutdown()
    }

    /// Looks until two looks in a row are the same.
    private func rested(_ log: LogNode, _ counter: borrowing DiskCounter) async -> Counts {
        var (last, now): (Counts?, Counts) = (nil, Counts(log, counter))
        _ = await eventually(within: .seconds(12), every: .milliseconds(60)) {
            (last, now) = (now, Counts(log, counter))
            return now.seenFlushes == last?.seenFlushes && now.seenWrites == last?.seenWrites
        }
        return now
    }

    @Test(.tags(.slow)) func anIdleNodeNeitherWritesNorFlushes() async throws {
        let scratch = try Scratch("idle")
        let node = try await start(scratch)
        let outcomes = Outcomes()
        await outcomes.load(node.log, tasks: 4, each: 10)
        let marks = node.log.store.counters.confirmingFlushes
        #expect(await eventually { node.log.store.counters.confirmingFlushes > marks })
        let counter = DiskCounter(below: scratch.path)
        _ = await rested(node.log, counter)
        let before = Counts(node.log, counter)
        let bytes = counter.bytes
        // Reading writes nothing either.
        _ = try await node.log.barrier()
        _ = try await node.log.entries(in: 1...100)
        // For two seconds, that is: ten heartbeats.
        _ = await eventually(within: .seconds(2)) { counter.bytes != bytes }
        let after = Counts(node.log, counter)
        #expect(after.seenFlushes == before.seenFlushes)
        #expect(after.seenMetaWrites == before.seenMetaWrites)
        #expect(after.seenWrites == before.seenWrites)
        #expect(counter.bytes == bytes)
        await node.shutdown()
    }
}
