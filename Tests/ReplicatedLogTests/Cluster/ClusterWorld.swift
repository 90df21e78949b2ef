import Testing

@testable import PaxosCore
@testable import Platform
@testable import ReplicatedLog

/// Real nodes of one cluster in this process: real directories on the disk of the build, joined by a
/// network in memory that encodes every message.
final class ClusterWorld {
    let network: InMemoryNetwork
    let members: [NodeID]
    private let root: String
    private let limits: Limits
    private var running: [NodeID: (node: LogNode, run: Task<Void, any Error>)] = [:]

    init(members count: Int = 3, limits: Limits = .small) async throws {
        self.limits = limits
        var options = InMemoryNetwork.Options()
        options.encodesMessages = true
        network = InMemoryNetwork(options: options)
        members = (1...UInt64(count)).compactMap(NodeID.init(rawValue:))
        try FileSystem.makeDirectories(".build/cluster-tests")
        root = ".build/cluster-tests/" + String(SystemRandom.uint64(), radix: 36)
        try FileSystem.makeDirectory(root)
        for member in members { try await create(member) }
    }

    deinit { try? FileSystem.removeTree(root) }

    func path(_ member: NodeID) -> String { root + "/\(member)" }

    func configuration(_ member: NodeID) throws -> LogNode.Configuration {
        LogNode.Configuration(
            cluster: try ClusterID("tests"),
            node: member,
            membership: try Membership(members),
            limits: limits,
            storage: .small
        )
    }

    func create(_ member: NodeID) async throws {
        try await LogNode.create(try configuration(member), directory: path(member))
    }

    @discardableResult
    func start(_ member: NodeID) async throws -> LogNode {
        let node = try await LogNode.open(
            try configuration(member),
            directory: path(member),
            transport: network.transport(for: member)
        )
        running[member] = (node, Task { try await node.run() })
        return node
    }

    func startAll() async throws {
        for member in members { try await start(member) }
    }

    func node(_ member: NodeID) throws -> LogNode { try #require(running[member]?.node) }

    func stop(_ member: NodeID) async throws {
        guard let (node, run) = running.removeValue(forKey: member) else { return }
        await node.shutdown()
        try await run.value
    }

    func stopAll() async throws {
        for member in members { try await stop(member) }
    }

    /// Removes a member's directory.
    func wipe(_ member: NodeID) throws {
        try FileSystem.removeTree(path(member))
    }

    /// The log from its beginning, as the member delivers it, once it has got to `slot`.
    func log(_ member: NodeID, through slot: Slot) async throws -> [LogPage.Entry] {
        let node = try node(member)
        var entries: [LogPage.Entry] = []
        var next = Slot.first
        while next <= slot {
            let page = try await node.entries(in: next...slot)
            entries.append(contentsOf: page.entries)
            if page.through < next { try await Task.sleep(for: .milliseconds(1)) }
            next = max(next, page.through.next)
        }
        return entries
    }
}

func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }
