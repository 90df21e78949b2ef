import Platform
import ReplicatedLogTestKit
import TestSupport
import Testing

@testable import ReplicatedLog
@testable import ReplicatedLogMachine

/// What is true of it is the same on all members, but for one that counts wrongly.
private struct Drifting: ReplicatedStateMachine {
    private(set) var total = 0
    /// What this member adds to every command: nobody must.
    private let bias: Int

    init(bias: Int) { self.bias = bias }

    mutating func apply(_ command: [UInt8], at slot: Slot) -> Int {
        total += command.count + bias
        return total
    }

    func snapshot(into writer: inout LogSnapshot.Writer) throws {
        try writer.write(number: UInt64(total))
        try writer.write(number: UInt64(bias))
    }

    init(restoring reader: inout LogSnapshot.Reader) throws {
        total = Int(try reader.readNumber())
        bias = Int(try reader.readNumber())
    }
}

/// Machines that do not do the same are found where they write snapshots, and the wrong one stops (`R67`).
@Suite(.heavy) struct DivergenceTests {
    private typealias Host = StateMachineHost<Drifting>

    private struct Hosted: Sendable {
        let host: Host
        let task: Task<Void, any Error>

        init(_ node: LogNode, bias: Int) {
            let machine = Drifting(bias: bias)
            let host = Host(node: node, machine: machine, snapshots: .every(entries: 10))
            self.host = host
            task = Task { try await host.run() }
        }
    }

    private let scratch: Scratch
    private let cluster: FaultyCluster

    init() async throws {
        scratch = try Scratch("divergence")
        var options = FaultyCluster.Options()
        options.limits.appendTimeout = .seconds(3_600)
        cluster = try await FaultyCluster(directory: scratch.path, options: options)
        try await cluster.startAll()
    }

    private func hosts(_ biases: [Int]) throws -> [Hosted] {
        try zip(cluster.members, biases).map { Hosted(try cluster.node($0), bias: $1) }
    }

    private func append(_ count: Int, through node: LogNode) async throws {
        try await cluster.withTime {
            for _ in 0..<count { try await node.append([1]) }
        }
    }

    /// Until so much is said, commands come: each snapshot is another one to compare.
    private func drive(
        _ hosts: [Hosted],
        until isSaid: @escaping @Sendable () -> Bool
    ) async throws {
        for _ in 0..<50 where !isSaid() {
            try await append(10, through: hosts[0].host.node)
            let end = hosts[0].host.node.status.committedSlot
            // One that is due while another is being written is left out.
            let isWritten = await cluster.eventually(within: 1_000_000) {
                hosts.allSatisfy { hosted in
                    hosted.host.state.withLock {
                        $0.isOver || $0.applied >= end && !$0.snapshots.isWriting
                    }
                }
            }
            #expect(isWritten)
        }
        _ = await cluster.eventually(within: 1_000_000) { isSaid() }
        #expect(isSaid())
    }

    private func end(_ hosts: [Hosted]) async throws {
        try await cluster.shutDownAll()
        for hosted in hosts { _ = await hosted.task.result }
        #expect(cluster.disagreements == [])
    }

    @Test func theOneThatDiffersFromAMajorityStops() async throws {
        let hosts = try hosts([0, 0, 1])
        let nodes = hosts.map(\.host.node)
        try await drive(hosts) {
            nodes.map { $0.status.divergence?.verdict } == [.elsewhere, .elsewhere, .here]
        }
        do {
            try await hosts[2].task.value
            Issue.record("it goes on")
        } catch {
            guard case HostError.diverged(let found)? = error as? HostError else { throw error }
            #expect(found.alike == [3] && found.differing == [1, 2])
            #expect("\(error)".contains("members 3 and 1, 2 differ"))
        }
        #expect(nodes[0].status.divergence?.differing == [3])
        // Nobody performs there any more, and the others go on.
        await #expect(throws: PerformError.self) { try await hosts[2].host.perform([1]) }
        let right = hosts[0].host
        let total = try await cluster.withTime { try await right.perform([1]) }
        #expect(UInt64(total) <= nodes[0].status.committedSlot.rawValue)
        // Whoever begins with what it has written is stopped again, in a later process too.
        try await cluster.crash(3)
        let back = Hosted(try await cluster.start(3), bias: 1)
        let isStopped = await cluster.eventually(within: 1_000_000) {
            back.host.state.withLock { $0.isOver }
        }
        if !isStopped {
            // The others have written newer ones meanwhile: these are compared.
            let node = back.host.node
            try await drive(hosts) { node.status.divergence?.verdict == .here }
        }
        await #expect(throws: HostError.self) { try await back.task.value }
        try await end(hosts + [back])
    }

    /// With no majority of equals nobody knows who is right: all say so, and go on.
    @Test func withoutAMajorityAllSaySo() async throws {
        let hosts = try hosts([0, 1, 2])
        let nodes = hosts.map(\.host.node)
        try await drive(hosts) {
            nodes.allSatisfy { $0.status.divergence?.differing.count == 2 }
        }
        for hosted in hosts {
            #expect(hosted.host.node.status.divergence?.verdict == .open)
            #expect(!hosted.host.state.withLock { $0.isOver })
        }
        try await end(hosts)
    }

    /// Alike machines are compared, over restarts and whoever leads, and nothing is said.
    @Test func alikeMachinesAreLeftAlone() async throws {
        let hosts = try hosts([1, 1, 1])
        try await append(35, through: hosts[1].host.node)
        let isWritten = await cluster.eventually(within: 1_000_000) {
            hosts.allSatisfy { $0.host.status.snapshotSlot > 0 }
        }
        #expect(isWritten)
        for hosted in hosts { #expect(hosted.host.node.status.divergence == nil) }
        try await end(hosts)
    }
}
