import TestSupport
import Testing

@testable import PaxosCore
@testable import Platform
@testable import ReplicatedLog

/// Real nodes of one cluster in this process: real directories on the disk of the build, joined by a
/// network in memory that encodes every message.
final class ClusterWorld {
    let network: InMemoryNetwork
    let members: [NodeID]
    private let scratch: Scratch
    var root: String { scratch.path }
    private let limits: Limits
    /// What each member tells of itself while it leads.
    var address: (NodeID) -> [UInt8] = { _ in [] }
    private var running: [NodeID: (node: LogNode, run: Task<Void, any Error>)] = [:]

    init(
        members count: Int = 3,
        _ change: (inout Limits) -> Void = { _ in }
    ) async throws {
        var limits = Limits.small
        change(&limits)
        self.limits = limits
        var options = InMemoryNetwork.Options()
        options.encodesMessages = true
        network = InMemoryNetwork(options: options)
        members = (1...UInt64(count)).compactMap(NodeID.init(rawValue:))
        scratch = try Scratch("cluster")
        for member in members { try await create(member) }
    }

    func path(_ member: NodeID) -> String { scratch.path + "/\(member)" }

    func configuration(_ member: NodeID) throws -> LogNode.Configuration {
        LogNode.Configuration(
            cluster: try ClusterID("tests"),
            node: member,
            membership: try Membership(members),
            limits: limits,
            storage: .small,
            address: address(member)
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
        let run = Task {
            // One that is shut down before it has begun to run has ended in order too.
            do { try await node.run() } catch LogRunError.alreadyRun {}
        }
        running[member] = (node, run)
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
        try await eventually("\(member) gets to \(slot)") {
            let page = try await node.entries(in: next...slot)
            entries.append(contentsOf: page.entries)
            next = max(next, page.through.next)
            return next > slot
        }
        return entries
    }
}

func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }
