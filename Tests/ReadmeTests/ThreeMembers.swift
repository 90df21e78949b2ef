// The cluster of README.md, compiled and run as it stands there: SnippetTests compares the two.
// README begins
import ReplicatedLog

/// Three members; in processes of their own each has a `TCPTransport` instead.
func threeMembers(below directory: String) async throws -> [String] {
    let network = InMemoryNetwork()
    var nodes: [LogNode] = []
    for id in [1, 2, 3] as [NodeID] {
        let configuration = LogNode.Configuration(
            cluster: try ClusterID("orders"),
            node: id,
            membership: try Membership([1, 2, 3])
        )
        let path = "\(directory)/\(id)"
        try await LogNode.create(configuration, directory: path)
        let transport = network.transport(for: id)
        nodes.append(try await LogNode.open(configuration, directory: path, transport: transport))
    }
    return try await withThrowingTaskGroup(of: Void.self) { [nodes] group in
        for node in nodes { group.addTask { try await node.run() } }
        // On any member: it leads, or hands the append to the one that does.
        for number in 17...19 { try await nodes[number % 3].append("paid \(number)".utf8) }
        // What any member has acknowledged before is here, on this one, up to the slot it returns.
        let slot = try await nodes[2].barrier()
        let page = try await nodes[2].entries(in: 1...slot)
        for node in nodes { await node.shutdown() }
        try await group.waitForAll()
        return page.entries.map { String(decoding: $0.payload, as: UTF8.self) }
    }
}
// README ends
