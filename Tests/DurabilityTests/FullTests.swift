import DiskShim
import FailingDisks
import Glibc
import PaxosCore
import Platform
import TestSupport
import Testing

@testable import ReplicatedLog

/// Full is not failed (`R79`): new appends are refused, everything else goes on, and appends succeed
/// again when there is room.
@Suite(.shared) struct FullTests {
    private func configuration(
        runwayBytes: Int = 4 << 20,
        mapSize: Int = 256 << 20
    ) throws -> LogNode.Configuration {
        try .small(mapSize: mapSize, runwayBytes: runwayBytes)
    }

    /// Appends until all are refused, and looks at what a full node does.
    private func runFull(_ node: RunningNode, _ outcomes: Outcomes) async throws {
        let log = node.log
        await outcomes.load(log, tasks: 8, fillerBytes: 4_000, firstID: 1)
        let found = outcomes.now
        #expect(found.unknown.isEmpty && found.strange.isEmpty, "\(found.unknown) \(found.strange)")
        #expect(found.never.count == 8)
        #expect(found.never.values.allSatisfy { $0 == .full })
        #expect(log.status.health == .full)
        // Reads, barriers and subscriptions go on.
        let last = try await log.barrier()
        let rows = try await NodeDirectory.everything(of: log, through: last)
        #expect(found.contradictions(rows) == [])
        var seen = 0
        for try await event in log.subscribe(from: .first) {
            guard case .entry = event else { continue }
            seen += 1
            if seen == rows.count { break }
        }
        #expect(seen == rows.count)
    }

    private func expectRecovery(
        _ node: RunningNode,
        _ outcomes: Outcomes,
        _ directory: NodeDirectory
    ) async throws {
        #expect(await eventually { node.log.status.health == .healthy })
        let before = outcomes.now.never.count
        await outcomes.load(node.log, tasks: 4, each: 5, firstID: 1_000_000)
        #expect(outcomes.now.never.count == before)
        let error = await node.shutdown()
        #expect(error == nil)
        #expect(outcomes.now.contradictions(try await directory.everything()) == [])
    }

    @Test(.tags(.slow)) func aFullDiskRefusesAndRecovers() async throws {
        let scratch = try Scratch("full-disk")
        guard let disk = SmallDisk(below: scratch.path, mebibytes: 24) else {
            print("no file system can be mounted here: a full disk is tested by the shim alone")
            return
        }
        print("a full disk is tested on a loop-mounted ext4 of 24 MiB")
        let directory = NodeDirectory(below: disk.mountPoint, try configuration())
        try await directory.create()
        let node = try await directory.start()
        disk.fill()
        let outcomes = Outcomes()
        try await runFull(node, outcomes)

        // A restart on the full disk: it opens, says so, and serves reads.
        let error = await node.shutdown()
        #expect(error == nil)
        let again = try await directory.start()
        let last = try await again.log.barrier()
        #expect(again.log.status.health == .full)
        let rows = try await NodeDirectory.everything(of: again.log, through: last)
        #expect(outcomes.now.contradictions(rows) == [])
        await #expect(throws: AppendError.never(.full)) {
            try await again.log.append(TestPayload(id: 900_000).bytes)
        }
        try disk.free()
        try await expectRecovery(again, outcomes, directory)
    }

    /// The same by the shim, where nothing can be mounted; and for a quota.
    @Test(.tags(.slow), arguments: [(ENOSPC, DiskOperation.allocate), (EDQUOT, .allocate)])
    func aDiskThatSaysItIsFull(_ code: Int32, _ operation: DiskOperation) async throws {
        let scratch = try Scratch("full-shim")
        let directory = NodeDirectory(below: scratch.path, try configuration())
        try await directory.create()
        let node = try await directory.start()
        #expect(await eventually { node.log.store.counters.runwayBytes >= 4 << 20 })
        let outcomes = Outcomes()
        do {
            let fault = DiskFault(
                operation,
                below: directory.path,
                sticky: true,
                .fail(errno: code)
            )
            try await runFull(node, outcomes)
            #expect(fault.hits > 0)
        }
        try await expectRecovery(node, outcomes, directory)
    }

    /// What does not fit is held, and written when there is room: nobody is told anything before.
    @Test(.tags(.slow)) func whatIsInFlightWaitsForRoom() async throws {
        let scratch = try Scratch("full-held")
        let directory = NodeDirectory(below: scratch.path, try configuration(runwayBytes: 0))
        try await directory.create()
        let node = try await directory.start()
        try await node.log.append(TestPayload(id: 1).bytes)
        let outcomes = Outcomes()
        let load: Task<Void, Never>
        do {
            let fault = DiskFault(
                .allocate,
                below: directory.path,
                sticky: true,
                .fail(errno: ENOSPC)
            )
            load = Task { await outcomes.load(node.log, tasks: 1, each: 1, fillerBytes: 9_000) }
            #expect(
                await eventually { fault.hits > 1 && node.log.status.health == .full }
            )
            #expect(outcomes.now.told.isEmpty)
        }
        await load.value
        #expect(outcomes.now.told.count == 1)
        #expect(await eventually { node.log.status.health == .healthy })
        let error = await node.shutdown()
        #expect(error == nil)
    }

    @Test(.tags(.slow), arguments: [1, 6])
    func aFullMapRefuses(mebibytes: Int) async throws {
        let scratch = try Scratch("full-map")
        var directory = NodeDirectory(
            below: scratch.path,
            try configuration(runwayBytes: 256 << 10, mapSize: mebibytes << 20)
        )
        directory.configuration.limits.pipelineBytes = 64 << 10
        try await directory.create()
        let node = try await directory.start()
        let outcomes = Outcomes()
        try await runFull(node, outcomes)
        #expect(outcomes.now.told.count * 4_000 > mebibytes << 20 / 3)
        let error = await node.shutdown()
        #expect(error == nil)

        // It opens full, serves reads, and a larger map has room.
        let again = try await directory.start()
        let last = try await again.log.barrier()
        let rows = try await NodeDirectory.everything(of: again.log, through: last)
        #expect(outcomes.now.contradictions(rows) == [])
        #expect(again.log.status.health == .full)
        await again.shutdown()
        directory.configuration.storage.mapSize *= 2
        let wider = try await directory.start()
        try await expectRecovery(wider, outcomes, directory)
    }
}
