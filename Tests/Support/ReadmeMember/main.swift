// The service of README.md, compiled and run as it stands there: ReadmeServiceTests of RlogTests runs three of
// them, SnippetTests compares the two.
// README begins
import Logging
import ReplicatedLog
import ReplicatedLogTCP

var addresses: [NodeID: TCPAddress] = [:]
for (id, text) in zip([1, 2, 3] as [NodeID], CommandLine.arguments.dropFirst(2)) {
    addresses[id] = TCPAddress(text)
}
let name = CommandLine.arguments.dropFirst().first
guard let id = addresses.keys.first(where: { "\($0)" == name }), let own = addresses[id] else {
    fatalError("usage: Orders n1|n2|n3, then the addresses of n1, n2 and n3")
}
let configuration = LogNode.Configuration(
    cluster: try ClusterID("orders"),
    node: id,
    membership: try Membership([1, 2, 3])
)
let logger = Logger(label: "orders")
let node = try await LogNode.open(
    configuration,
    directory: "data/\(id)",
    transport: TCPTransport(listen: own, peers: addresses),
    logger: logger,
    ifMissing: .create  // at its first start
)
let running = Task.detached { try await node.run() }
Task.detached {
    // Every member sees the same orders in the same slots.
    for try await event in node.subscribe(from: 1) {
        guard case .entry(let slot, let payload, _) = event else { continue }
        logger.info("slot \(slot): \(String(decoding: payload, as: UTF8.self))")
    }
}
// A line of standard input is an order; this thread waits for it, so the others are detached.
while let line = readLine() {
    do { try await node.append(line.utf8) } catch { logger.error("\(line): \(error)") }
}
await node.shutdown()
try await running.value
// README ends
