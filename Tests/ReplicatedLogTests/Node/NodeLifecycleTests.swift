import Logging
import ServiceLifecycle
import TestSupport
import Testing

@testable import LogStorage
@testable import PaxosCore
@testable import Platform
@testable import ReplicatedLog

/// Opening, running and ending in every order.
@Suite(.shared) struct NodeLifecycleTests {
    @Test func whatCannotBeOpenedIsSaid() async throws {
        let directory = try NodeDirectory()
        await #expect(throws: LogOpenError.missingDirectory(path: directory.path)) {
            try await directory.open()
        }
        var configuration = directory.configuration
        configuration.node = 9
        await #expect(throws: LogCreateError.notAMember(node: 9)) {
            try await LogNode.create(configuration, directory: directory.path)
        }
        configuration.limits.tailBytes = 0
        let limits = InvalidLimits(name: "tailBytes", reason: "must be at least 1")
        await #expect(throws: LogCreateError.invalidLimits(limits)) {
            try await LogNode.create(configuration, directory: directory.path)
        }
        try await directory.create()
        await #expect(throws: LogCreateError.notEmpty(path: directory.path)) {
            try await directory.create()
        }
        await #expect(throws: LogOpenError.invalidLimits(limits)) {
            try await LogNode.open(configuration, directory: directory.path)
        }
        configuration = directory.configuration
        configuration.cluster = try ClusterID("other")
        let foreign = LogOpenError.foreignCluster(
            path: directory.path,
            found: directory.configuration.cluster,
            expected: configuration.cluster
        )
        await #expect(throws: foreign) {
            try await LogNode.open(configuration, directory: directory.path)
        }
        configuration = directory.configuration
        configuration.membership = try Membership([1, 2, 3])
        await #expect(throws: LogOpenError.needsTransport(members: 3)) {
            try await LogNode.open(configuration, directory: directory.path)
        }
        let node = try await directory.open()
        await #expect(throws: LogOpenError.directoryInUse(path: directory.path)) {
            try await directory.open()
        }
        await node.close()
        await (try directory.open()).close()
    }

    @Test func aDroppedNodeFreesItsDirectory() async throws {
        let directory = try NodeDirectory()
        try await directory.create()
        for _ in 0..<3 { _ = try await directory.openEventually() }
        await (try directory.openEventually()).close()
    }

    @Test func itIsRunOnce() async throws {
        let directory = try NodeDirectory()
        let node = try await directory.make()
        try await running(node) { node in
            await #expect(throws: LogRunError.alreadyRun) { try await node.run() }
            let slot = try await node.append([1])
            #expect(slot == 1)
        }
        await #expect(throws: LogRunError.alreadyRun) { try await node.run() }
        // Ended already: returns at once.
        await node.shutdown()
        await node.close()
        let next = try await directory.open()
        await next.shutdown()
        await #expect(throws: LogRunError.alreadyRun) { try await next.run() }
    }

    /// Run, shutdown and close at once, in whatever order they come.
    @Test func runShutdownAndCloseMayRace() async throws {
        let directory = try NodeDirectory()
        try await directory.create()
        for round in 0..<30 {
            let node = try await directory.open()
            await withTaskGroup { group in
                group.addTask { _ = await Task { try await node.run() }.result }
                for _ in 0..<5 { group.addTask { _ = try? await node.append(payload(round)) } }
                group.addTask { _ = try? await node.take(1_000) }
                for pause in 0..<3 {
                    group.addTask {
                        for _ in 0..<pause * round { await Task.yield() }
                        if pause == 1 { await node.shutdown() } else { await node.close() }
                        // When any of them returns, the directory is free.
                        #expect(node.life.isOver)
                    }
                }
            }
            #expect(node.inbox.held == Inbox.Held())
            #expect(node.inbox.state.withLock { $0.waiters.count } == 0)
            #expect(node.tail.sleepers == 0)
        }
        try await running(try await directory.open()) { node in
            let rounds = try await node.everything().map { number($0.payload) }
            #expect(rounds == rounds.sorted())
        }
    }

    @Test func cancellingTheRunEndsTheNode() async throws {
        let directory = try NodeDirectory()
        let node = try await directory.make()
        let run = Task { try await node.run() }
        #expect(try await node.append([1]) == 1)
        run.cancel()
        await #expect(throws: CancellationError.self) { try await run.value }
        #expect(node.life.isOver)
        await #expect(throws: AppendError.never(.closed)) { try await node.append([2]) }
        let next = try await directory.open()
        let cancelled = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            try await next.run()
        }
        await #expect(throws: CancellationError.self) { try await cancelled.value }
        try await running(try await directory.open()) { node in
            let log = try await node.everything()
            #expect(log.map(\.payload) == [[1]])
        }
    }

    @Test func aServiceGroupShutsItDown() async throws {
        let directory = try NodeDirectory()
        let node = try await directory.make()
        var logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        logger.logLevel = .critical
        let group = ServiceGroup(
            configuration: .init(
                services: [.init(service: node, successTerminationBehavior: .ignore)],
                logger: logger
            )
        )
        let run = Task { try await group.run() }
        let appends = (0..<200).map { number in Task { try await node.append(payload(number)) } }
        let first = try await node.append(payload(200))
        await group.triggerGracefulShutdown()
        try await run.value
        #expect(node.life.isOver)
        var committed: Set<Int> = [200]
        for (number, task) in appends.enumerated() {
            switch await task.result {
            case .success: committed.insert(number)
            case .failure(let error): #expect(error as? AppendError == .never(.closed))
            }
        }
        let reopened = try await directory.open()
        #expect(reopened.store.recover().checkpoint.slot >= first)
        try await running(reopened) { node in
            let log = try await node.everything()
            #expect(Set(log.map { number($0.payload) }) == committed)
        }
    }

    /// What a member that comes back knows of how much lies behind it (`R85`).
    @Test func anOpeningKnowsWhatAnEntryTakes() async throws {
        let directory = try NodeDirectory { limits in
            limits.maxPayloadBytes = 64 << 10
            limits.pipelineBytes = 256 << 10
        }
        let node = try await directory.make()
        #expect(node.store.recover().meanEntryBytes == 0)
        try await running(node) { node in
            for _ in 0..<20 { try await node.append([UInt8](repeating: 1, count: 64 << 10)) }
        }
        let reopened = try await directory.open()
        #expect((64 << 10...128 << 10).contains(reopened.store.recover().meanEntryBytes))
        await reopened.close()
    }

    @Test func itIsSilentWithoutALogger() async throws {
        let directory = try NodeDirectory()
        let node = try await directory.make()
        #expect(node.lines.isSilent)
        await node.close()
        let lines = KeptLines()
        let spoken = try await directory.open(logger: lines.logger)
        try await running(spoken) { _ in }
        try await eventually("its last line is written") {
            lines.all.contains { $0.text.hasPrefix("shut down") }
        }
        let levels = lines.all.map(\.level)
        #expect(levels.allSatisfy { $0 <= .info })
    }
}
