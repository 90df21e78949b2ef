import Foundation
import PaxosCore
import Platform
import ReplicatedLog
import ReplicatedLogTestKit
import TestSupport
import Testing

/// Real nodes, real disks and drawn faults: what one delivers in a slot, everybody delivers there; what
/// was acknowledged stays; what was said to be never is nowhere.
///
/// `RLOG_CLUSTER_RUNS=1000` makes so many runs, `RLOG_CLUSTER_SEED=n` begins with that seed. The seed draws
/// the faults; when they hit is the machine's affair.
@Suite(.heavy, .serialized, .tags(.slow)) struct RandomRunTests {
    static let runs = number("RLOG_CLUSTER_RUNS") ?? 4
    static let first = number("RLOG_CLUSTER_SEED").map(UInt64.init) ?? SystemRandom.uint64() >> 16

    private static func number(_ name: String) -> Int? {
        ProcessInfo.processInfo.environment[name].flatMap { Int($0) }
    }

    @Test func nobodyDeliversASlotDifferently() async throws {
        print("random cluster runs: \(Self.runs) from seed \(Self.first)")
        for seed in Self.first..<Self.first + UInt64(Self.runs) {
            let scratch = try Scratch("kit")
            let cluster = try await FaultyCluster(directory: scratch.path)
            let run = RandomRun(seed: seed, cluster: cluster)
            do {
                try await run.play()
            } catch {
                Issue.record("seed \(seed): \(error)")
            }
            for finding in try await run.judge() { Issue.record("seed \(seed): \(finding)") }
        }
    }
}

/// One run: acts that a seed draws, then calm, then the judgement.
private struct RandomRun {
    private let cluster: FaultyCluster
    private let seed: UInt64
    private let outcomes = Locked(Outcomes())

    private struct Outcomes {
        var acknowledged: [Slot: [UInt8]] = [:]
        var never: Set<[UInt8]> = []
        var appends = 0
    }

    init(seed: UInt64, cluster: FaultyCluster) {
        self.seed = seed
        self.cluster = cluster
    }

    func play() async throws {
        var random = SplitMix64(seed: seed)
        try await cluster.startAll()
        var appends: [Task<Void, Never>] = []
        try await cluster.withTime {
            for _ in 0..<24 {
                for _ in 0..<Int.random(in: 1...4, using: &random) {
                    if let append = append(&random) { appends.append(append) }
                }
                try await disturb(&random)
                await cluster.passed(ticks: Int.random(in: 1...20, using: &random))
            }
        }
        cluster.network.heal()
        for member in cluster.running { try await cluster.crash(member, keeping: 1_000) }
        for append in appends { await append.value }
        try await cluster.startAll()
    }

    private func append(_ random: inout SplitMix64) -> Task<Void, Never>? {
        guard let member = cluster.running.randomElement(using: &random),
            let node = try? cluster.node(member)
        else { return nil }
        let number = outcomes.withLock { outcomes in
            outcomes.appends += 1
            return outcomes.appends
        }
        let size = Int.random(in: 0...2_000, using: &random)
        let payload = Array("\(number).".utf8) + [UInt8](repeating: 7, count: size)
        let second = Array("\(number)'".utf8)
        let isBatch = Int.random(in: 0..<4, using: &random) == 0
        return Task { [outcomes] in
            do throws(AppendError) {
                let payloads = isBatch ? [payload, second] : [payload]
                let slots = try await node.append(contentsOf: payloads, timeout: .seconds(3))
                outcomes.withLock { outcomes in
                    outcomes.acknowledged[slots.lowerBound] = payload
                    if isBatch { outcomes.acknowledged[slots.upperBound] = second }
                }
            } catch {
                if case .unknown = error { return }
                outcomes.withLock { outcomes in _ = outcomes.never.insert(payload) }
            }
        }
    }

    private func disturb(_ random: inout SplitMix64) async throws {
        let members = cluster.members
        guard let member = members.randomElement(using: &random) else { return }
        let isUp = cluster.running.contains(member)
        switch Int.random(in: 0..<16, using: &random) {
        case 0, 1, 2: try await bringBack(member)
        case 3: cluster.network.heal()
        case 4:
            cluster.network.setFaults(
                LinkFaults(
                    loss: Double.random(in: 0...0.3, using: &random),
                    duplication: Double.random(in: 0...0.5, using: &random),
                    delay: .zero ... .milliseconds(Int.random(in: 0...20, using: &random))
                )
            )
        case 5: cluster.network.partition([[member], members.filter { $0 != member }])
        case 6:
            let other = members.randomElement(using: &random) ?? member
            cluster.network.cut(from: member, to: other)
        case 7 where isUp: try cluster.stall(member)
        case 8 where isUp: try cluster.resume(member)
        case 9 where isUp: try cluster.failNextFlush(of: member)
        case 10 where isUp: try cluster.failNextWrite(of: member)
        case 11 where isUp: try cluster.setFull(Bool.random(using: &random), member)
        case 12, 13:
            guard isUp else { return }
            let kept = Int.random(in: 0...3, using: &random)
            try cluster.stall(member)
            await cluster.passed(ticks: Int.random(in: 0...5, using: &random))
            try await cluster.crash(member, keeping: kept)
        // Its store may be about to fail.
        case 14 where isUp: try? await cluster.shutDown(member)
        default: break
        }
    }

    /// Starts a member that is down, or whose store has failed.
    private func bringBack(_ member: NodeID) async throws {
        if let node = try? cluster.node(member) {
            let health = node.status.health
            if case .failed = health {
                await cluster.ended(member)
            } else if case .closed = health {
                await cluster.ended(member)
            }
        }
        try await cluster.start(member)
    }

    /// After the faults: every log is whole and alike. One that was read later may be longer: a new leader
    /// proposes again what only one member had accepted.
    func judge() async throws -> [String] {
        var findings: [String] = []
        var logs: [[LogPage.Entry]] = []
        for member in cluster.members { logs.append(try await cluster.log(member)) }
        try await cluster.shutDownAll()
        logs.sort { $0.count < $1.count }
        guard let log = logs.last else { return ["nobody has a log"] }
        for other in logs {
            guard let place = zip(other, log).map(==).firstIndex(of: false) else { continue }
            findings.append("the logs differ: \(other[place].slot) and \(log[place].slot)")
        }
        findings += cluster.disagreements
        if Set(log.map(\.payload)).count < log.count { findings.append("an append stands twice") }
        let slots = Dictionary(uniqueKeysWithValues: log.map { ($0.slot, $0.payload) })
        let (acknowledged, never) = outcomes.withLock { ($0.acknowledged, $0.never) }
        for (slot, payload) in acknowledged where slots[slot] != payload {
            findings.append("what was acknowledged in slot \(slot) is not there")
        }
        for entry in log where never.contains(entry.payload) {
            findings.append("slot \(entry.slot) holds what was said to be never")
        }
        return findings
    }
}
