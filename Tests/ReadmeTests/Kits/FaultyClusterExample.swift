// The example of docs/TESTKIT.md, compiled and run as it stands there: KitExampleTests compares the two.
// TESTKIT begins
import ReplicatedLog
import ReplicatedLogTestKit
import Testing

/// Three real nodes on real directories: the disk of the leader fails in a flush, and it comes back.
func outliveADisk(in directory: String) async throws {
    let cluster = try await FaultyCluster(directory: directory)
    try await cluster.startAll()

    // Time stands still outside `withTime`; inside, ten milliseconds pass in two.
    let first = try await cluster.withTime {
        try await cluster.node(1).append("paid 17".utf8)
    }
    let leader = try #require(cluster.node(1).status.leader)
    let others = cluster.members.filter { $0 != leader }

    // Its next flush returns an error, and so it stops itself, for good.
    try cluster.failNextFlush(of: leader)
    let second = try await cluster.withTime {
        try await cluster.node(others[0]).append("packed 17".utf8)
    }
    let error = await cluster.withTime { await cluster.ended(leader) }
    #expect(error is LogRunError)

    // The network too: a one-way cut and lost messages, until `heal`.
    cluster.network.cut(from: others[0], to: leader)
    cluster.network.setFaults(LinkFaults(loss: 0.1, duplication: 0.1))

    // Opened again, it has all that was acknowledged, and learns the rest.
    try await cluster.start(leader)
    cluster.network.heal()
    let hasAll = try await cluster.eventually {
        try cluster.node(leader).status.committedSlot >= max(first, second)
    }
    #expect(hasAll)

    // What any two nodes ever delivered was the same.
    try await cluster.shutDownAll()
    #expect(cluster.disagreements == [])
}
// TESTKIT ends
