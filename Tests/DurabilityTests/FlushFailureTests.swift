import DiskShim
import Glibc
import Platform
import TestSupport
import Testing

@testable import LogStorage
@testable import ReplicatedLog

/// The first errno of a flush is final (`R30`): nothing more is said, written or flushed, and what was
/// said before is there after a restart.
@Suite(.shared) struct FlushFailureTests {
    private static let cases: [(DiskOperation, UInt64)] = (1...5).flatMap {
        [(.flush, $0), (.metaWrite, $0), (.sealWrite, $0)]
    }

    @Test(.tags(.slow), .timeLimit(.minutes(2)), arguments: cases)
    func theNthFlushOrMetaWriteFails(_ operation: DiskOperation, nth: UInt64) async throws {
        let scratch = try Scratch("eio")
        // Without a runway an idle store flushes nothing, so that the counts are exact.
        var directory = NodeDirectory(below: scratch.path, try .small(runwayBytes: 0))
        // Nor is there a commit without appends, of which nobody would hear.
        directory.configuration.limits.checkpointSlots = 10_000
        try await directory.create()
        let node = try await directory.start()
        let outcomes = Outcomes()
        await outcomes.load(node.log, tasks: 2, each: 3, firstID: 1)
        #expect(outcomes.now.told.count == 6)

        let counter = DiskCounter(below: directory.path)
        // Only the n-th: one that is tried again would succeed, and be seen in the counts.
        let fault = DiskFault(operation, below: directory.path, nth: nth, .fail(errno: EIO))
        await outcomes.load(node.log, tasks: 16, firstID: 100)
        let ending = await node.ending
        #expect(fault.hits == 1)
        guard let error = ending as? LogRunError, case .storeFailed(let what) = error else {
            Issue.record("run ended with \(String(describing: ending))")
            return
        }
        #expect(what.code == EIO, "\(what)")
        // LMDB writes the old meta page back, and nothing comes after that.
        #expect(counter.calls(operation) == (operation == .metaWrite ? nth + 1 : nth))

        let found = outcomes.now
        #expect(found.never.count + found.unknown.count == 16)
        #expect(!found.unknown.isEmpty)
        #expect(found.never.values.allSatisfy { $0.isStoreFailed })
        #expect(found.unknown.values.allSatisfy { $0.isStoreFailed })
        guard case .failed = found.health else {
            Issue.record("health was \(String(describing: found.health))")
            return
        }
        // Deaf from then on.
        await #expect(throws: AppendError.self) { try await node.log.append([1]) }
        #expect(found.contradictions(try await directory.everything()) == [])
    }

    /// The zeros that an idle store writes ahead are flushed by it too.
    @Test(.timeLimit(.minutes(2))) func theFlushOfAnIdleStoreFails() async throws {
        let scratch = try Scratch("eio-idle")
        let directory = NodeDirectory(below: scratch.path, try .small(runwayBytes: 256 << 20))
        try await directory.create()
        let node = try await directory.start()
        try await node.log.append(TestPayload(id: 1).bytes)
        let fault = DiskFault(.flush, below: directory.path, .fail(errno: EIO))
        #expect(await node.ending is LogRunError)
        #expect(fault.hits == 1)
        #expect(try await directory.everything().values.sorted() == [1, .max])
    }

    /// The last write of all, with the watermark, can fail as well.
    @Test(.timeLimit(.minutes(2)), arguments: [DiskOperation.flush, .metaWrite, .sealWrite])
    func theFlushOfAShutdownFails(_ operation: DiskOperation) async throws {
        let scratch = try Scratch("eio-shutdown")
        let directory = NodeDirectory(below: scratch.path, try .small(runwayBytes: 0))
        try await directory.create()
        let node = try await directory.start()
        let outcomes = Outcomes()
        await outcomes.load(node.log, tasks: 1, each: 3)
        let fault = DiskFault(operation, below: directory.path, .fail(errno: EIO))
        #expect(await node.shutdown() is LogRunError)
        #expect(fault.hits == 1)
        #expect(outcomes.now.contradictions(try await directory.everything()) == [])
    }

    /// Before the transaction, if it would go beyond the file's end, or after it, to stay ahead.
    @Test(.timeLimit(.minutes(2)), arguments: [0, 64 << 10], [DiskOperation.allocate, .write])
    func anExtensionFails(runwayBytes: Int, _ operation: DiskOperation) async throws {
        let scratch = try Scratch("eio-extension")
        let directory = NodeDirectory(below: scratch.path, try .small(runwayBytes: runwayBytes))
        try await directory.create()
        let node = try await directory.start()
        let outcomes = Outcomes()
        await outcomes.load(node.log, tasks: 1, each: 3)
        let fault = DiskFault(
            operation,
            below: directory.path,
            sticky: true,
            .fail(errno: EIO)
        )
        await outcomes.load(node.log, tasks: 4, fillerBytes: 2_000, firstID: 100)
        #expect(await node.ending is LogRunError)
        #expect(fault.hits > 0)
        let found = outcomes.now
        #expect(found.never.count + found.unknown.count == 4)
        _ = consume fault
        #expect(found.contradictions(try await directory.everything()) == [])
    }

    /// What fails while a directory is made leaves nothing behind, and it can be made again.
    @Test(arguments: [DiskOperation.flush, .metaWrite, .directorySync, .rename, .allocate])
    func aFailingCreationLeavesNothing(_ operation: DiskOperation) async throws {
        let scratch = try Scratch("eio-create")
        let directory = NodeDirectory(below: scratch.path, try .small())
        for nth in 1...5 as ClosedRange<UInt64> {
            let fault = DiskFault(operation, below: scratch.path, nth: nth, .fail(errno: EIO))
            do throws(LogCreateError) {
                try await LogNode.create(directory.configuration, directory: directory.path)
                #expect(fault.hits == 0)
                break
            } catch {
                #expect(fault.hits == 1)
                guard case .system(EIO, _, _) = error else {
                    Issue.record("\(operation) \(nth): \(error)")
                    continue
                }
            }
            // Only the sync after the rename comes too late to take everything back.
            let left = try FileSystem.listDirectory(scratch.path)
            #expect(left == [] || (operation == .directorySync && left == ["n1"]), "\(left)")
            if left == ["n1"] { try FileSystem.removeTree(directory.path) }
        }
        if !FileSystem.exists(directory.path) { try await directory.create() }
        #expect(try await directory.everything().count == 1)
    }

    /// An opening whose one write fails is refused, and the next one counts on.
    @Test(arguments: [DiskOperation.flush, .metaWrite, .sealWrite, .allocate])
    func aFailingOpeningIsRefused(_ operation: DiskOperation) async throws {
        let scratch = try Scratch("eio-open")
        let directory = NodeDirectory(below: scratch.path, try .small(runwayBytes: 0))
        try await directory.create()
        do {
            let fault = DiskFault(operation, below: directory.path, .fail(errno: EIO))
            do throws(LogOpenError) {
                _ = try await LogNode.open(directory.configuration, directory: directory.path)
                Issue.record("opened over a failing \(operation)")
            } catch {
                guard case .system(EIO, _, _) = error else {
                    Issue.record("\(operation): \(error)")
                    return
                }
            }
            #expect(fault.hits == 1)
        }
        #expect(try await directory.everything().count == 1)
    }
}
