// The tests of the article TestingWhatYouBuild: they run as they stand, and ArticleTests compares the two.
// ARTICLE begins
import ReplicatedLog
import ReplicatedLogTestKit
import Testing

extension Payments: StateMachine {}

/// Whatever fails, all members come to the same payments.
@Test(arguments: 1...3 as ClosedRange<UInt64>)
func paymentsAgreeWhateverFails(seed: UInt64) throws {
    let log = try SimulatedLog(seed: seed, members: 3, faults: .all) { Payments() }
    for number in 0..<20 {
        _ = try log.append(Array("o17 \(number)".utf8), on: log.members[number % 3])
    }
    try log.quiesce()
    #expect(log.divergences() == [], "replay with seed \(seed)")
}

/// The ledger of a real member, while the disk of another one fails.
func theLedgerOutlivesADisk(in directory: String) async throws {
    let cluster = try await FaultyCluster(directory: directory)
    try await cluster.startAll()
    let ledger = Ledger(of: try cluster.node(1))
    let following = Task { try await ledger.run() }
    // Time stands still outside `withTime`.
    try await cluster.withTime { try await ledger.pay("o17", cents: 200) }
    try cluster.failNextFlush(of: 2)
    let paid = try await cluster.withTime {
        try await ledger.pay("o17", cents: 50)
        return try await ledger.paid(for: "o17")
    }
    #expect(paid == 250)
    // Opened again, member 2 learns what it missed.
    _ = await cluster.withTime { await cluster.ended(2) }
    try await cluster.start(2)
    following.cancel()
    _ = await following.result
    try await cluster.shutDownAll()
    #expect(cluster.disagreements == [])
}
// ARTICLE ends
