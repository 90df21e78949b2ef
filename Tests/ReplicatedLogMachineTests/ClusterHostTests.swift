import Platform
import ReplicatedLogTestKit
import TestSupport
import Testing

@testable import ReplicatedLog
@testable import ReplicatedLogMachine

/// Three members, each with a host: commands on any of them, and the same state on all.
@Suite(.heavy) struct ClusterHostTests {
    private struct Hosted: Sendable {
        let accounts: StateMachineHost<Accounts>
        let task: Task<Void, any Error>

        init(_ node: LogNode) {
            let accounts = StateMachineHost(
                node: node,
                machine: Accounts(),
                snapshots: .every(entries: 20)
            )
            self.accounts = accounts
            task = Task { try await accounts.run() }
        }
    }

    /// Pays through each of these members at once; what each was told.
    private static func pay(
        _ count: Int,
        through hosts: [Hosted],
        in cluster: FaultyCluster
    ) async throws -> [Int] {
        try await cluster.withTime {
            try await withThrowingTaskGroup(of: [Int].self) { group in
                for hosted in hosts {
                    group.addTask {
                        var told: [Int] = []
                        for _ in 0..<count {
                            told.append(try await hosted.accounts.perform(.pay("ann", 1)))
                        }
                        return told
                    }
                }
                var all: [Int] = []
                for try await told in group { all += told }
                return all
            }
        }
    }

    @Test func everyMemberPerformsAndAllAgree() async throws {
        let scratch = try Scratch("machines")
        var options = FaultyCluster.Options()
        // Time runs faster here than disks and threads do.
        options.limits.appendTimeout = .seconds(3_600)
        let cluster = try await FaultyCluster(directory: scratch.path, options: options)
        try await cluster.startAll()
        var hosts = try cluster.members.map { Hosted(try cluster.node($0)) }
        let first = try await Self.pay(30, through: hosts, in: cluster)
        #expect(first.sorted() == Array(1...90))
        // One is killed; what the others do it finds in its snapshot and the log behind that.
        try await cluster.crash(3)
        _ = await hosts[2].task.result
        let second = try await Self.pay(20, through: Array(hosts[..<2]), in: cluster)
        #expect(second.sorted() == Array(91...130))
        hosts[2] = Hosted(try await cluster.start(3))
        let third = try await Self.pay(10, through: hosts, in: cluster)
        #expect(third.sorted() == Array(131...160))
        let states = try await cluster.withTime {
            var states: Set<Accounts> = []
            for hosted in hosts { states.insert(try await hosted.accounts.read { $0 }) }
            return states
        }
        #expect(states.count == 1 && states.first?.applied == 160)
        try await cluster.shutDownAll()
        for hosted in hosts { _ = await hosted.task.result }
        #expect(cluster.disagreements == [])
    }

    /// Whoever is away for longer than it is waited for has a gap when it comes back, and goes on with the snapshot that
    /// came to it (`R42`, `R58`); what it did before and what others did meanwhile have their effect once.
    @Test func whoWasLeftBehindGoesOnWithASnapshot() async throws {
        let scratch = try Scratch("machines")
        var options = FaultyCluster.Options()
        options.limits.appendTimeout = .seconds(3_600)
        options.limits.retentionTime = .seconds(5)
        // It reads the logs from their beginning, which goes.
        options.watches = false
        let cluster = try await FaultyCluster(directory: scratch.path, options: options)
        try await cluster.startAll()
        var hosts = try cluster.members.map { Hosted(try cluster.node($0)) }
        _ = try await Self.pay(15, through: hosts, in: cluster)
        // n3 may hold rows that it has not delivered.
        let ends = try cluster.members.map { try cluster.node($0).status.lastSlot }
        let away = try #require(ends.max())
        try await cluster.crash(3)
        _ = await hosts[2].task.result
        _ = try await Self.pay(40, through: Array(hosts[..<2]), in: cluster)
        for member in [1, 2] as [NodeID] {
            let node = try cluster.node(member)
            let isTrimmed = try await cluster.eventually(within: 100_000) {
                guard let newest = try await node.latestSnapshot?.info.slot else { return false }
                _ = try? await node.trim(through: newest)
                return node.status.trimmedSlot > away
            }
            #expect(isTrimmed)
        }
        let back = try await cluster.start(3)
        hosts[2] = Hosted(back)
        let host = hosts[2].accounts
        // Of a command that the snapshot holds already there is no result to be had here.
        let isBack = await cluster.eventually(within: 100_000) {
            back.status.trimmedSlot > away && host.status.appliedSlot > away
        }
        #expect(isBack, "it was given a base")
        let third = try await Self.pay(10, through: hosts, in: cluster)
        #expect(third.max() == 155)
        let states = try await cluster.withTime {
            var states: Set<Accounts> = []
            for hosted in hosts { states.insert(try await hosted.accounts.read { $0 }) }
            return states
        }
        #expect(states.count == 1 && states.first?.applied == 155)
        try await cluster.shutDownAll()
        for hosted in hosts { _ = await hosted.task.result }
    }
}
