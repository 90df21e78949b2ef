// The example of docs/TESTKIT.md, compiled and run as it stands there: KitExampleTests compares the two.
// TESTKIT begins
import ReplicatedLog
import ReplicatedLogTestKit
import Testing

/// What an application makes of its log: the balances of accounts.
struct Accounts: StateMachine, Equatable {
    private(set) var cents: [UInt8: Int] = [:]

    /// A payload is an account and an amount. Who would be overdrawn is turned down, on every member
    /// alike: it depends on the log alone.
    mutating func apply(_ slot: Slot, _ payload: [UInt8]) {
        guard payload.count == 2 else { return }
        let balance = cents[payload[0], default: 0] + Int(Int8(bitPattern: payload[1]))
        if balance >= 0 { cents[payload[0]] = balance }
    }
}

/// Five worlds in which the network, the processes and the disks of five members fail.
@Test(arguments: 1...5 as ClosedRange<UInt64>)
func accountsAgreeWhateverFails(seed: UInt64) throws {
    let log = try SimulatedLog(seed: seed, members: 5, faults: .all) { Accounts() }
    var paid = 0
    for number in 0..<40 {
        // Any member takes it. `.unknown` may be in the log or not, `.never` is not.
        let outcome = try log.append([7, 1], on: log.members[number % 5])
        if case .committed = outcome { paid += 1 }
    }
    // Faults stop, and every member that is sound applies the whole log.
    try log.quiesce()
    // `apply` used its slot and its payload and nothing else.
    #expect(log.divergences() == [], "replay with seed \(seed)")
    let machines = log.members.compactMap { log[$0] }.filter { $0.cents[7] != nil }
    #expect(machines.count >= 3)
    #expect(machines.allSatisfy { ($0.cents[7] ?? 0) >= paid })
}

/// A story of its own: calm, but for what the test does.
@Test func aMinorityPaysNobody() throws {
    let log = try SimulatedLog(seed: 1) { Accounts() }
    _ = try log.append([7, 100])
    log.partition([[1], [2, 3]])
    let alone = log.submit([[7, 1]], on: 1)
    let outcome = try log.append([7, 10], on: 2)
    #expect(outcome != .never && outcome != .unknown)
    #expect(log.outcome(of: alone) == nil)
    try log.crash(3)
    log.start(3)
    log.heal()
    try log.quiesce()
    // Now it is known what became of it, and all agree on that too.
    #expect(log.outcome(of: alone) != nil)
    #expect(log[1] == log[2] && log[2] == log[3])
}
// TESTKIT ends
