import ReplicatedLog
import ReplicatedLogTestKit
import Testing

/// What is applied, in its order.
private struct Applied: StateMachine, Equatable {
    var entries: [LogPage.Entry] = []
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325

    mutating func apply(_ slot: Slot, _ payload: [UInt8]) {
        for byte in payload { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
        hash ^= slot.rawValue
    }
}

/// A machine as it must not be: what it makes depends on which machine it is.
private final class Machines {
    var made = 0
}

private struct Crooked: StateMachine, Equatable {
    let number: Int
    var sum = 0

    mutating func apply(_ slot: Slot, _ payload: [UInt8]) { sum += payload.count * number }
}

@Suite struct SimulatedLogTests {
    private struct Story: Equatable {
        let digest: String
        let log: [LogPage.Entry]
        let ticks: UInt64
    }

    private func story(_ seed: UInt64) throws -> Story {
        let log = try SimulatedLog(seed: seed, faults: .all) { Applied() }
        for number in 0..<60 {
            let member = log.members[number % 3]
            _ = log.submit([[UInt8(number)], [7]], on: member)
            _ = try log.append(Array("payload \(number)".utf8), on: member)
        }
        try log.quiesce()
        #expect(log.divergences() == [])
        return Story(digest: log.digest, log: log.log, ticks: log.ticks)
    }

    @Test func theSameSeedIsTheSameStory() throws {
        for seed in 1...5 as ClosedRange<UInt64> {
            let first = try story(seed)
            let second = try story(seed)
            #expect(first == second)
            #expect(first.log.count > 0)
        }
        #expect(try story(1).digest != story(2).digest)
    }

    @Test func everyMemberAppliesTheWholeLog() throws {
        let log = try SimulatedLog(seed: 3) { Applied() }
        let first = try log.append(Array("one".utf8))
        let batch = try log.append(contentsOf: [[2], [3]], on: 2)
        guard case .committed(let slot) = first, case .committed(let slots) = batch else {
            Issue.record("\(first) \(batch)")
            return
        }
        #expect(slot.upperBound < slots.lowerBound)
        #expect(slots.lowerBound.next == slots.upperBound)
        let barrier = try #require(try log.barrier(on: 3))
        #expect(barrier >= slots.upperBound)
        try log.quiesce()
        #expect(log.log.map(\.payload) == [Array("one".utf8), [2], [3]])
        #expect(log.log.first?.slot == slot.lowerBound)
        #expect(log[1] == log[2] && log[2] == log[3])
        #expect(log[1] != Applied())
    }

    /// A member that comes back applies the log from its beginning, to a new machine.
    @Test func aMemberThatComesBackAppliesEverythingAgain() throws {
        let log = try SimulatedLog(seed: 11) { Applied() }
        for number in 0..<80 { _ = try log.append([UInt8(number)], on: 2) }
        try log.crash(1)
        #expect(log[1] == nil)
        #expect(log.submit([[1]], on: 1) == log.submit([[2]], on: 1))
        #expect(log.outcome(of: log.submit([[1]], on: 1)) == .never)
        for number in 0..<80 { _ = try log.append([UInt8(number)], on: 2) }
        try log.run(ticks: 1_000)
        #expect(log[1] == nil)
        log.start(1)
        try log.quiesce()
        #expect(log.log.count == 160)
        #expect(log[1] == log[2])
    }

    @Test func aMinorityAcknowledgesNothing() throws {
        let log = try SimulatedLog(seed: 5, members: 5) { Applied() }
        #expect(try log.append([1], on: 4) != .never)
        log.partition([[1, 2], [3, 4, 5]])
        #expect(try log.append([2], on: 1) != .committed(2...2))
        guard case .committed = try log.append([3], on: 5) else {
            Issue.record("the majority does not go on")
            return
        }
        log.heal()
        try log.quiesce()
        #expect(log.members.allSatisfy { log[$0] == log[5] })
    }

    @Test func aMachineThatIsNotDeterministicIsFound() throws {
        let machines = Machines()
        let log = try SimulatedLog(seed: 1) {
            machines.made += 1
            return Crooked(number: machines.made)
        }
        _ = try log.append([1, 2, 3])
        try log.quiesce()
        #expect(!log.divergences().isEmpty)
    }

    @Test func seedsDrawWhatTheyMay() throws {
        var seen = ""
        for seed in 1...20 as ClosedRange<UInt64> {
            let log = try SimulatedLog(seed: seed, faults: .network) { Applied() }
            for number in 0..<20 { _ = try log.append([UInt8(number)]) }
            seen += log.faults + " "
            try log.quiesce()
        }
        #expect(seen.contains("loss=") && seen.contains("partition="))
        #expect(!seen.contains("crash") && !seen.contains("wipe"))
        let calm = try SimulatedLog(seed: 1) { Applied() }
        for number in 0..<20 { _ = try calm.append([UInt8(number)]) }
        #expect(calm.faults.isEmpty)
    }
}
