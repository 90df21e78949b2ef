import Logging
import TestSupport
import Testing

@testable import LogStorage
@testable import PaxosCore
@testable import Platform
@testable import ReplicatedLog

/// Calls that come before `run()`, and nodes whose `run()` does not get far.
@Suite(.shared) struct NodeEarlyCallTests {
    /// The time of a call runs whoever runs the node, and nobody does here.
    @Test func deadlinesHoldBeforeTheRun() async throws {
        let directory = try NodeDirectory { $0.inboxAppends = 2 }
        let node = try await directory.make()
        let short = Duration.milliseconds(20)
        await #expect(throws: AppendError.never(.timedOut)) {
            try await node.append([1], timeout: short)
        }
        await #expect(throws: BarrierError.timedOut) { try await node.barrier(timeout: short) }
        // Two in the inbox, the others before it; one of them waits for longer than this test lasts.
        let patient = Task { try await node.append([2], timeout: .seconds(3_600)) }
        try await eventually("it is in the inbox") { node.inbox.held.appends == 1 }
        let hasty = (1...6).map { number in
            Task { try await node.append([3], timeout: short * number) }
        }
        for task in hasty {
            await #expect(throws: AppendError.never(.timedOut)) { try await task.value }
        }
        #expect(node.inbox.held.appends == 1)
        #expect(node.overflowing == 0)
        try await running(node) { node in
            let first = try await patient.value
            #expect(first == 1)
            _ = try await node.append([4])
        }
    }

    @Test func theDefaultTimeoutHoldsBeforeTheRunToo() async throws {
        let directory = try NodeDirectory { $0.appendTimeout = .milliseconds(20) }
        let node = try await directory.make()
        await #expect(throws: AppendError.never(.timedOut)) { try await node.append([1]) }
        await node.close()
    }

    /// What ended the node is what everybody is told, and it is in the log (`R87`).
    @Test func theFirstCauseWins() async throws {
        let world = try await ClusterWorld()
        let lines = KeptLines()
        let node = try await LogNode.open(
            try world.configuration(1),
            directory: world.path(1),
            transport: DeafTransport(),
            logger: lines.logger
        )
        let subscriber = Task { try await node.take(1) }
        let append = Task { try await node.append([1]) }
        let barrier = Task { try await node.barrier() }
        try await eventually("they wait") {
            node.tail.sleepers == 1 && node.inbox.state.withLock { $0.waiters.count } == 2
        }
        let cause = LogRunError.transportFailed(UnderlyingError(DeafTransport.Taken()))
        await #expect(throws: cause) { try await node.run() }
        await #expect(throws: ReadError.runFailed(cause)) { try await subscriber.value }
        await #expect(throws: AppendError.never(.runFailed(cause))) { try await append.value }
        await #expect(throws: BarrierError.runFailed(cause)) { try await barrier.value }
        await #expect(throws: ReadError.runFailed(cause)) { try await node.entries(in: 1...1) }
        await #expect(throws: AppendError.never(.runFailed(cause))) { try await node.append([2]) }
        #expect(node.status.health == .failed(cause))
        // Later ends change nothing.
        await node.shutdown()
        await #expect(throws: ReadError.runFailed(cause)) { try await node.take(1) }
        try await eventually("it is in the log") { lines.all.contains { $0.level == .error } }
        let errors = lines.all.filter { $0.level == .error }
        #expect(errors.count == 1)
        #expect(errors.first?.text.contains("the port is taken") == true)
    }

    @Test func aMissingDirectoryIsMadeIfItIsAskedFor() async throws {
        let directory = try NodeDirectory()
        func open(_ ifMissing: LogNode.IfMissing) async throws(LogOpenError) -> LogNode {
            try await LogNode.open(
                directory.configuration,
                directory: directory.path,
                ifMissing: ifMissing
            )
        }
        await #expect(throws: LogOpenError.missingDirectory(path: directory.path)) {
            try await open(.refuse)
        }
        let first = try await open(.create)
        let incarnation = first.incarnation
        await #expect(throws: LogOpenError.directoryInUse(path: directory.path)) {
            try await open(.create)
        }
        await first.close()
        let again = try await open(.create)
        #expect(again.incarnation == incarnation)
        await again.close()
        // Empty, as a volume is on its first day.
        try FileSystem.removeTree(directory.path)
        try FileSystem.makeDirectory(directory.path)
        await (try open(.create)).close()
        // Something else is there: it is no log, and stays what it is.
        try FileSystem.removeTree(directory.path)
        try FileSystem.makeDirectories(directory.path + "/photographs")
        await #expect(throws: LogOpenError.notALog(path: directory.path)) {
            try await open(.create)
        }
        // What cannot be made says why.
        var configuration = directory.configuration
        configuration.node = 9
        await #expect(throws: LogOpenError.notCreated(.notAMember(node: 9))) {
            try await LogNode.open(
                configuration,
                directory: directory.path + "-9",
                ifMissing: .create
            )
        }
    }
}

/// A transport that cannot begin.
private struct DeafTransport: LogTransport {
    struct Taken: Error, CustomStringConvertible {
        var description: String { "the port is taken" }
    }

    func start(_ node: LogReceiver) async throws { throw Taken() }
    func send(_ envelopes: [Envelope]) {}
    func stop() async {}
}
