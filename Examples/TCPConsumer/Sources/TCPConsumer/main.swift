import ReplicatedLog
import ReplicatedLogNIO

// A member that could be reached by others; its cluster has no others, so that this can run alone.
let configuration = LogNode.Configuration(
    cluster: try ClusterID("orders"),
    node: 1,
    membership: try Membership([1])
)
let directory = CommandLine.arguments.dropFirst().first ?? "data/n1"
let transport = TCPTransport(listen: TCPAddress(host: "127.0.0.1", port: 0), peers: [:])
// Made at the first start. Where a lost disk must be noticed, call `LogNode.create` once instead.
let node = try await LogNode.open(
    configuration,
    directory: directory,
    transport: transport,
    ifMissing: .create
)
try await withThrowingTaskGroup(of: Void.self) { group in
    group.addTask { try await node.run() }
    let slot = try await node.append(Array("paid 17".utf8))
    print("slot \(slot), listening on \(transport.listening.map { "\($0)" } ?? "nothing")")
    await node.shutdown()
    try await group.waitForAll()
}
