import Platform
import TestSupport
import Testing

@testable import ReplicatedLog
@testable import ReplicatedLogMachine

/// A host on a node of its own: results, reads, restarts and ends.
@Suite(.shared) struct HostTests {
    @Test func aCommandIsAppliedAndItsResultReturned() async throws {
        let directory = try await MachineDirectory()
        try await directory.run(Accounts()) { accounts in
            #expect(try await accounts.perform(.pay("ann", 17)) == 17)
            #expect(try await accounts.perform(.pay("ann", 3)) == 20)
            #expect(try await accounts.perform(.close("ann")) == 20)
            #expect(try await accounts.perform(.close("ann")) == 0)
            #expect(try await accounts.read { $0.balances.isEmpty })
            let (applied, slot) = try await accounts.read(.local) { ($0.applied, $1) }
            #expect(applied == 4 && slot == 4)
        }
    }

    /// What is there first, then each difference that the watcher comes for, and nothing that makes none.
    @Test func changesAreTold() async throws {
        let directory = try await MachineDirectory()
        try await directory.run(Accounts()) { accounts in
            try await accounts.perform(.pay("ann", 17))
            var changes = accounts.changes { $0.balances["ann"] }.makeAsyncIterator()
            var change = try #require(try await changes.next())
            #expect(change.value == 17 && change.slot == 1)
            try await accounts.perform(.pay("bob", 1))
            try await accounts.perform(.pay("ann", 3))
            change = try #require(try await changes.next())
            #expect(change.value == 20 && change.slot == 3)
            try await accounts.perform(.close("ann"))
            change = try #require(try await changes.next())
            #expect(change.value == nil && change.slot == 4)
            let waiting = Task {
                var later = accounts.changes(from: 6) { $0.applied }.makeAsyncIterator()
                let first = try await later.next()
                let second = try await later.next()
                return (first?.value, second?.value)
            }
            try await accounts.perform(.pay("ann", 1))
            try await accounts.perform(.pay("ann", 1))
            try await eventually("somebody waits for the next") {
                accounts.state.withLock { $0.readers.values.contains { $0.slot == 7 } }
            }
            waiting.cancel()
            await #expect(throws: StateReadError.cancelled) { try await waiting.value }
        }
    }

    /// Each gets what its own command came to, whoever is first.
    @Test func manyCallersGetTheirOwn() async throws {
        let directory = try await MachineDirectory()
        try await directory.run(Counter()) { counter in
            let totals = try await withThrowingTaskGroup(of: [Int].self) { group in
                for _ in 0..<20 {
                    group.addTask {
                        var totals: [Int] = []
                        for _ in 0..<25 { totals.append(try await counter.perform([1])) }
                        return totals
                    }
                }
                var all: [Int] = []
                for try await totals in group {
                    #expect(totals == totals.sorted())
                    all += totals
                }
                return all
            }
            #expect(totals.sorted() == Array(1...500))
            #expect(counter.state.withLock { $0.performs.count } == 0)
        }
    }

    /// What is appended by hand beside the host is applied, and kept for nobody.
    @Test func aBatchAppendedByHandIsApplied() async throws {
        let directory = try await MachineDirectory()
        try await directory.run(Counter(), snapshots: .every(entries: 2)) { counter in
            for _ in 0..<4 {
                try await counter.node.append(contentsOf: [[1], [1, 1], [1, 1, 1]])
            }
            #expect(try await counter.read { $0.total } == 24)
            #expect(counter.state.withLock { $0.performs.count } == 0)
            // Never within a batch.
            try await eventually("a snapshot is written") { counter.status.snapshotSlot > 0 }
            #expect(counter.status.snapshotFailure == nil)
            #expect(counter.status.snapshotSlot.rawValue % 3 == 0)
        }
    }

    /// Killed and started again and again: each command has its effect once, and what is in a snapshot is
    /// not applied once more.
    @Test(arguments: [true, false]) func aRestartGoesOnWhereItWas(_ inOrder: Bool) async throws {
        let directory = try await MachineDirectory()
        var paid = 0
        for round in 0..<6 {
            let known = paid
            try await directory.run(
                Accounts(),
                snapshots: .every(entries: 7),
                inOrder: inOrder
            ) { accounts in
                let found = try await accounts.read { $0 }
                #expect(found.applied == known && found.balances["ann"] ?? 0 == known)
                for number in 1...10 {
                    let balance = try await accounts.perform(.pay("ann", 1))
                    #expect(balance == known + number)
                }
                try await eventually("a snapshot is written") {
                    accounts.status.snapshotSlot > 0
                }
                let restored = accounts.state.withLock { $0.restored }
                #expect((restored > 0) == (round > 0))
            }
            paid += 10
        }
    }

    /// The newest is damaged behind its head: the one before, and the log behind that.
    @Test func aDamagedSnapshotIsPassedOver() async throws {
        let directory = try await MachineDirectory()
        try await directory.run(Accounts(), snapshots: .every(entries: 5)) { accounts in
            for _ in 0..<2 {
                for _ in 0..<5 { try await accounts.perform(.pay("ann", 1)) }
                let slot = accounts.status.appliedSlot
                try await eventually("a snapshot is written") {
                    accounts.status.snapshotSlot == slot
                }
            }
        }
        let name = try #require(
            try FileSystem.listDirectory(directory.path).last { $0.hasPrefix("snapshot-") }
        )
        let path = directory.path + "/" + name
        var bytes = try FileSystem.read(path, at: 0, count: 1 << 20)
        // The last byte of the only chunk; the tail has 24.
        bytes[bytes.count - 25] ^= 1
        try FileSystem.write(bytes, to: path)
        try await directory.run(Accounts(), snapshots: .never) { accounts in
            let balance = try await accounts.read { $0.balances["ann"] }
            #expect(balance == 10)
            #expect(accounts.state.withLock { $0.restored } == 5)
        }
    }

    @Test func whatCannotBeDecodedStopsTheHost() async throws {
        let directory = try await MachineDirectory()
        let node = try await LogNode.open(directory.configuration, directory: directory.path)
        let host = StateMachineHost(node: node, machine: Accounts())
        let running = Task { try await node.run() }
        let hosting = Task { try await host.run() }
        try await host.perform(.pay("ann", 1))
        let reader = Task { try await host.wait(for: 9) }
        try await node.append(Array("no command".utf8))
        await #expect {
            try await hosting.value
        } throws: { error in
            if case HostError.undecodable(2, _) = error { true } else { false }
        }
        await #expect(throws: StateReadError.stopped) { try await reader.value }
        await #expect {
            try await host.perform(.pay("ann", 1))
        } throws: { error in
            if case PerformError.never = error { true } else { false }
        }
        // What was there before can be looked at.
        let balance = try await host.read(.local) { $0.balances["ann"] }
        #expect(balance == 1)
        await #expect(throws: HostError.self) { try await host.run() }
        await node.shutdown()
        try await running.value
    }

    /// Whoever waits for a command that is in the log is told so when it is cancelled, or when the host ends.
    @Test func whoWaitsIsTold() async throws {
        let directory = try await MachineDirectory()
        let node = try await LogNode.open(directory.configuration, directory: directory.path)
        // Nobody applies yet.
        let host = StateMachineHost(node: node, machine: Counter())
        let running = Task { try await node.run() }
        let cancelled = Task { try await host.perform([1]) }
        try await node.wait(for: 1)
        let left = Task { try await host.perform([1]) }
        try await node.wait(for: 2)
        cancelled.cancel()
        await #expect {
            try await cancelled.value
        } throws: { error in
            if case PerformError.appliedElsewhere(1, .cancelled) = error { true } else { false }
        }
        let hosting = Task { try await host.run() }
        #expect(try await left.value == 2)
        hosting.cancel()
        await #expect(throws: CancellationError.self) { try await hosting.value }
        await #expect(throws: PerformError.self) { try await host.perform([1]) }
        await node.shutdown()
        try await running.value
    }
}
