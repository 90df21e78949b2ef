import Platform
import ReplicatedLog
import ReplicatedLogTestKit
import TestSupport
import Testing

/// More waits than fits: nobody keeps more than `Limits` says.
@Suite(.heavy, .serialized, .tags(.slow)) struct OverloadTests {
    static let payloadBytes = 4 << 10
    static let appends = 10_000

    static var limits: Limits {
        var limits = Limits()
        limits.maxPayloadBytes = 64 << 10
        limits.pipelineSlots = 256
        limits.pipelineBytes = 512 << 10
        limits.inboxBytes = 1 << 20
        limits.tailBytes = 512 << 10
        limits.pageBytes = 64 << 10
        limits.appendTimeout = .seconds(600)
        return limits
    }

    /// What so many callers hold themselves, measured: a task each, and a payload, and where it waits.
    private func heldByCallers() async throws -> Int {
        let before = try #require(ProcessUsage.now().anonymousResidentBytes)
        let waiting = Locked<[UnsafeContinuation<Void, Never>]>([])
        let held = Locked<UInt64>(0)
        await withTaskGroup(of: Int.self) { group in
            for number in 0..<Self.appends {
                group.addTask {
                    let byte = UInt8(truncatingIfNeeded: number)
                    let payload = [UInt8](repeating: byte, count: Self.payloadBytes)
                    await withUnsafeContinuation { call in
                        let count = waiting.withLock { waiting in
                            waiting.append(call)
                            return waiting.count
                        }
                        guard count == Self.appends else { return }
                        held.withLock { $0 = ProcessUsage.now().anonymousResidentBytes ?? 0 }
                        for call in waiting.withLock({ $0 }) { call.resume() }
                    }
                    return payload.count
                }
            }
        }
        return Int(held.withLock { $0 }) - Int(before)
    }

    /// In a process of its own: what other tests hold at the time is not counted.
    @Test func anOverloadedLeaderStaysWithinItsLimits() async throws {
        await #expect(processExitsWith: .success) {
            try await OverloadTests().overload()
        }
    }

    private func overload() async throws {
        let limits = Self.limits
        try await withCluster { options in
            options.limits = limits
            options.network.bounds = OutboundQueue.Bounds(limits: limits)
            options.watches = false
        } _: { cluster in
            _ = try await cluster.append("before", on: 1)
            let leader = try await cluster.leader()
            let slow = cluster.others(than: leader)[0]
            let node = try cluster.node(leader)
            try cluster.stall(slow)
            let before = try #require(ProcessUsage.now().anonymousResidentBytes)
            let held = try await heldByCallers()
            #expect(held >= Self.appends * Self.payloadBytes)
            let peak = Locked<UInt64>(before)
            let mostHeld = Locked(0)
            try await cluster.withTime {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for number in 0..<Self.appends {
                        group.addTask {
                            let byte = UInt8(truncatingIfNeeded: number)
                            try await node.append(
                                [UInt8](repeating: byte, count: Self.payloadBytes)
                            )
                        }
                    }
                    var done = 0
                    while try await group.next() != nil {
                        done += 1
                        guard done % 50 == 0 else { continue }
                        let now = ProcessUsage.now().anonymousResidentBytes ?? 0
                        peak.withLock { $0 = max($0, now) }
                        let waiting = try cluster.stalledBytes(of: slow)
                        mostHeld.withLock { $0 = max($0, waiting) }
                        let status = node.status
                        #expect(status.inboxBytes <= limits.inboxBytes)
                        #expect(status.slotsInFlight <= limits.pipelineSlots)
                    }
                }
            }
            let grown = Int(peak.withLock { $0 } - before)
            // What waits for room is the callers'.
            let cap = held + 3 * (limits.memoryBytes(members: 3) - limits.waitingBytes)
            #expect(grown <= cap, "grown by \(grown) bytes, the cap is \(cap), callers \(held)")
            // The follower's own bound: two pipelines, and nothing twice.
            let waiting = mostHeld.withLock { $0 }
            #expect(waiting > 0)
            #expect(
                waiting <= 2 * limits.pipelineBytes,
                "\(waiting) bytes wait for a disk that hangs"
            )
            try cluster.resume(slow)
            let log = try await cluster.log(slow)
            #expect(log.count == Self.appends + 1)
        }
    }

    /// Followers that the quorum needs are asked again and again while their disks hang, and keep what
    /// they were asked once.
    @Test func aHungFollowerThatTheQuorumNeedsKeepsNoRepeats() async throws {
        let limits = Self.limits
        try await withCluster {
            $0.limits = limits
        } _: { cluster in
            _ = try await cluster.append("before", on: 1)
            let leader = try await cluster.leader()
            let node = try cluster.node(leader)
            let followers = cluster.others(than: leader)
            for follower in followers { try cluster.stall(follower) }
            let count = 2 * limits.pipelineBytes / Self.payloadBytes
            try await cluster.withTime {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for _ in 0..<count {
                        group.addTask {
                            try await node.append([UInt8](repeating: 1, count: Self.payloadBytes))
                        }
                    }
                    await cluster.passed(ticks: 400)
                    func waiting() throws -> [[Int]] {
                        try followers.map {
                            [try cluster.stalledWrites(of: $0), try cluster.stalledBytes(of: $0)]
                        }
                    }
                    var before = try waiting()
                    // All that was asked for once has come, however slowly its callers run.
                    for _ in 0..<20 {
                        await cluster.passed(ticks: 400)
                        let now = try waiting()
                        if now == before { break }
                        before = now
                    }
                    await cluster.passed(ticks: 1_000)
                    #expect(try waiting() == before)
                    #expect(before.allSatisfy { (1...limits.pipelineBytes).contains($0[1]) })
                    for follower in followers { try cluster.resume(follower) }
                    try await group.waitForAll()
                }
            }
        }
    }
}
