// Keeps balances of payments, in a cluster of one member:
//
//     Projection run DIRECTORY      pays and takes in what was paid, until it is killed
//     Projection check DIRECTORY    fails unless the balances are those of the entries up to their slot
import ReplicatedLog

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

let arguments = CommandLine.arguments
guard arguments.count == 3, ["run", "check"].contains(arguments[1]) else {
    print("usage: Projection run|check DIRECTORY")
    throw Wrong.usage
}
let configuration = LogNode.Configuration(
    cluster: try ClusterID("payments"),
    node: 1,
    membership: try Membership([1])
)
let node = try await LogNode.open(
    configuration,
    directory: arguments[2] + "/log",
    ifMissing: .create
)
let balances = try Balances(path: arguments[2] + "/balances.mdb")

try await withThrowingTaskGroup(of: Void.self) { group in
    group.addTask { try await node.run() }
    if arguments[1] == "run" {
        for account in ["anna", "bert", "carl", "dora"] {
            group.addTask { try await pay(account, to: node) }
        }
        group.addTask { try await follow(node, balances) }
        try await group.next()
    } else {
        try await check(balances, by: node)
        await node.shutdown()
        try await group.waitForAll()
    }
}

func pay(_ account: String, to node: LogNode) async throws {
    for amount: Int64 in 1... {
        try await node.append(Payment(account: account, amount: amount).payload)
    }
}

/// Takes in page after page, from where the last transaction ended.
func follow(_ node: LogNode, _ balances: Balances) async throws {
    var next = try await balances.position.next
    print("from slot \(next) on")
    fflush(nil)
    while true {
        try await node.wait(for: next)
        let page = try await node.entries(in: next...node.status.deliveredSlot)
        try await balances.apply(page)
        next = page.through.next
        // What has been taken in, with all before it, is not needed here any more: `node.trim(through:)` may go up
        // to `page.through`. This application keeps all, to be checked.
    }
}

/// Adds everything up once more, from the log.
func check(_ balances: Balances, by node: LogNode) async throws {
    let end = try await balances.position
    var expected: [[UInt8]: Int64] = [:]
    var next = Slot.first
    try await node.wait(for: end)
    while next <= end {
        let page = try await node.entries(in: next...end)
        for entry in page.entries {
            let payment = Payment(entry.payload)
            expected[payment.account, default: 0] += payment.amount
        }
        next = page.through.next
    }
    guard try await balances.all == expected else { throw Wrong.balances(through: end) }
    print("through slot \(end) every entry counts once")
}

enum Wrong: Error {
    case usage
    case balances(through: Slot)
}
