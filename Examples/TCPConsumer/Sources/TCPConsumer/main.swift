import Logging
import ReplicatedLog
import ReplicatedLogMachine
import ReplicatedLogTCP

/// How often each thing was ordered. It follows from the log alone, so it is the same on every member.
struct Orders: ReplicatedStateMachine {
    private var counts: [String: UInt64] = [:]
    init() {}

    mutating func apply(_ order: [UInt8], at slot: Slot) -> UInt64 {
        counts[String(decoding: order, as: UTF8.self), default: 0] += 1
        return counts[String(decoding: order, as: UTF8.self), default: 0]
    }

    func snapshot(into writer: inout LogSnapshot.Writer) throws {
        for (name, count) in counts.sorted(by: { $0.key < $1.key }) {
            try writer.write(number: UInt64(name.utf8.count))
            try writer.write(Array(name.utf8))
            try writer.write(number: count)
        }
    }

    init(restoring reader: inout LogSnapshot.Reader) throws {
        while reader.bytesLeft > 0 {
            let name = try reader.read(exactly: Int(reader.readNumber()))
            counts[String(decoding: name, as: UTF8.self)] = try reader.readNumber()
        }
    }
}

let members = try Membership([1, 2, 3])
let arguments = CommandLine.arguments.dropFirst()
let addresses = Dictionary(
    uniqueKeysWithValues: zip(members.members, arguments.dropFirst().compactMap { TCPAddress($0) })
)
guard let (id, own) = addresses.first(where: { "\($0.key)" == arguments.first }) else {
    fatalError("usage: Orders n1|n2|n3, then the addresses of n1, n2 and n3")
}
let logger = Logger(label: "orders")
let node = try await LogNode.open(
    LogNode.Configuration(cluster: try ClusterID("orders"), node: id, membership: members),
    directory: "data/\(id)",
    transport: TCPTransport(listen: own, peers: addresses),
    logger: logger,
    ifMissing: .create  // at its first start
)
let orders = StateMachineHost(node: node, machine: Orders(), snapshots: .every(entries: 10_000))
let running = Task.detached { try await node.run() }
let hosting = Task.detached { try await orders.run() }
// A line of standard input is an order; this thread waits for it, so the others are detached.
while let line = readLine() {
    do {
        let count = try await orders.perform(Array(line.utf8))
        logger.info("\(line): \(count)")
    } catch { logger.error("\(line): \(error)") }
}
await node.shutdown()
_ = try await (running.value, hosting.value)
