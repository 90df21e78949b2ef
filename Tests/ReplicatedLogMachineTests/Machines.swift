import Platform
import ReplicatedLog
import ReplicatedLogMachine
import TestSupport
import Testing

/// Names and what they hold, and every command that was applied, in order.
struct Accounts: ReplicatedStateMachine, Hashable {
    enum Command: ReplicatedCommand, Codable, Hashable {
        case pay(String, Int)
        case close(String)
    }

    private(set) var balances: [String: Int] = [:]
    /// What a command that had its effect twice or not at all would change.
    private(set) var applied = 0

    init() {}

    mutating func apply(_ command: Command, at slot: Slot) -> Int {
        applied += 1
        switch command {
        case .pay(let name, let amount): balances[name, default: 0] += amount
        case .close(let name): return balances.removeValue(forKey: name) ?? 0
        }
        if case .pay(let name, _) = command { return balances[name] ?? 0 }
        return 0
    }

    func snapshot(into writer: inout LogSnapshot.Writer) throws {
        try writer.write(number: UInt64(applied))
        try writer.write(number: UInt64(balances.count))
        for (name, balance) in balances.sorted(by: { $0.key < $1.key }) {
            try writer.write(number: UInt64(name.utf8.count))
            try writer.write(Array(name.utf8))
            try writer.write(number: UInt64(balance))
        }
    }

    init(restoring reader: inout LogSnapshot.Reader) throws {
        applied = Int(try reader.readNumber())
        for _ in 0..<(try reader.readNumber()) {
            let count = Int(try reader.readNumber())
            let name = String(decoding: try reader.read(exactly: count), as: UTF8.self)
            balances[name] = Int(try reader.readNumber())
        }
    }
}

/// Bytes in, how many there were out.
struct Counter: ReplicatedStateMachine {
    var total = 0

    init() {}

    mutating func apply(_ command: [UInt8], at slot: Slot) -> Int {
        total += command.count
        return total
    }

    func snapshot(into writer: inout LogSnapshot.Writer) throws {
        try writer.write(number: UInt64(total))
    }

    init(restoring reader: inout LogSnapshot.Reader) throws { total = Int(try reader.readNumber()) }
}

/// A directory of a cluster of one.
final class MachineDirectory: Sendable {
    private let scratch: Scratch
    let configuration: LogNode.Configuration

    init() async throws {
        scratch = try Scratch("machine")
        var configuration = LogNode.Configuration(
            cluster: try ClusterID("machines"),
            node: 1,
            membership: try Membership([1])
        )
        configuration.storage.mapSize = 256 << 20
        configuration.storage.runwayBytes = 64 << 10
        configuration.limits.appendTimeout = .seconds(120)
        self.configuration = configuration
        try await LogNode.create(configuration, directory: path)
    }

    var path: String { scratch.path + "/n1" }

    /// Opens and runs a node and a host beside the body, and ends them: in order, or as a kill would as far
    /// as the log goes.
    func run<Machine: ReplicatedStateMachine, Value: Sendable>(
        _ machine: Machine,
        snapshots: SnapshotPolicy = .never,
        inOrder: Bool = true,
        _ body: @Sendable (StateMachineHost<Machine>) async throws -> Value
    ) async throws -> Value {
        let node = try await LogNode.open(configuration, directory: path)
        let host = StateMachineHost(node: node, machine: machine, snapshots: snapshots)
        let running = Task { try await node.run() }
        let hosting = Task { try await host.run() }
        let result: Result<Value, any Error>
        do {
            result = .success(try await body(host))
        } catch {
            result = .failure(error)
        }
        if inOrder { await node.shutdown() } else { await node.close() }
        try await running.value
        _ = await hosting.result
        return try result.get()
    }
}
