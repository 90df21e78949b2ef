import Foundation
import PaxosSimulator
import TestSupport
import Testing

/// Whole worlds from fixed seeds, `RLOG_SIMULATED_SEEDS` of them for each size of a cluster.
@Suite(.computing) struct SimulationTests {
    private static let seeds =
        ProcessInfo.processInfo.environment["RLOG_SIMULATED_SEEDS"].flatMap(UInt64.init) ?? 10

    @Test func everyInvariantHolds() async {
        await withTaskGroup(of: Void.self) { group in
            for members in [1, 3, 5, 7] {
                for seed in 1...Self.seeds {
                    group.addTask {
                        let report = Simulation.run(seed: seed, members: members, steps: 1_000)
                        #expect(report.violation == nil, "\(report)")
                    }
                }
            }
        }
    }

    @Test func aCalmWorldElectsOnceAndCommits() {
        for seed in UInt64(1)...8 {
            let report = Simulation.run(seed: seed, members: 5, steps: 500, faults: .none)
            #expect(report.violation == nil, "\(report)")
            #expect(report.elections >= 1 && report.committedSlots > 0, "\(report)")
        }
    }

    @Test func theSameSeedHasTheSameDigest() {
        for seed in UInt64(40)...44 {
            let first = Simulation.run(seed: seed, members: 5, steps: 800)
            let second = Simulation.run(seed: seed, members: 5, steps: 800)
            let traced = Simulation.trace(seed: seed, members: 5, steps: 800)
            #expect(first == second)
            #expect(first == traced.report)
            #expect(!traced.lines.isEmpty)
        }
    }

    @Test func seedsDiffer() {
        let first = Simulation.run(seed: 1, members: 3, steps: 300)
        let second = Simulation.run(seed: 2, members: 3, steps: 300)
        #expect(first.digest != second.digest)
    }

    @Test func everyKindOfFaultHappens() {
        var counts = FaultCounts()
        for seed in UInt64(1)...400 where FaultKind.allCases.contains(where: { counts[$0] == 0 }) {
            counts.add(Simulation.run(seed: seed, members: 3, steps: 1_000).faults)
        }
        for kind in FaultKind.allCases { #expect(counts[kind] > 0, "\(kind)") }
    }

    @Test func faultsThatAreLeftOutDoNotHappen() {
        for seed in UInt64(1)...10 {
            let report = Simulation.run(seed: seed, members: 3, steps: 500, faults: .network)
            for kind in FaultKind.allCases where !FaultSet.network.contains(kind) {
                #expect(report.faults[kind] == 0, "\(kind)")
            }
        }
    }

    @Test func aFailureShrinks() throws {
        let shrunk = try #require(
            Simulation.shrink(
                seed: 1,
                members: 3,
                steps: 600,
                faults: .all,
                mutant: .promiseNotPersisted
            )
        )
        #expect(shrunk.report.violation != nil)
        #expect(shrunk.steps <= 600)
        #expect(shrunk.faults.kinds.count < FaultKind.allCases.count)
    }
}

/// Links that fail for good, and progress all the same.
@Suite(.computing) struct PartialConnectivityTests {
    @Test(arguments: PartialConnectivity.allCases)
    func everyNodeThatReachesAQuorumMakesProgress(topology: PartialConnectivity) throws {
        for seed in UInt64(1)...25 {
            let report = try Simulation.run(topology, seed: seed, ticks: 300).report
            #expect(report.violation == nil, "\(report)")
        }
    }
}

/// Log lanes that fail for good while all are heard.
@Suite(.computing) struct DeadLaneTests {
    @Test(arguments: DeadLane.allCases)
    func whoeverCanBeReachedMakesProgress(lane: DeadLane) throws {
        for seed in UInt64(1)...12 {
            let members = seed.isMultiple(of: 2) ? 3 : 5
            let report = try Simulation.run(lane, seed: seed, members: members).report
            #expect(report.violation == nil, "\(report)")
        }
    }
}

/// Links that are narrower than their load.
@Suite(.computing) struct FreightTests {
    /// Where nothing but the width keeps a message from arriving, what is carried is what is needed, and three
    /// tenths more at most.
    @Test func narrowLinksCarryWhatIsNeeded() {
        var carried = 0
        var needed = 0
        for seed in UInt64(1)...60 {
            let report = Simulation.run(
                seed: seed,
                members: seed.isMultiple(of: 2) ? 3 : 5,
                steps: 1_000,
                faults: FaultSet([.narrowLink])
            )
            #expect(report.violation == nil, "\(report)")
            carried += report.carriedBytes
            needed += report.neededBytes
        }
        #expect(needed > 300_000)
        #expect(carried * 10 <= needed * 13, "\(carried) carried, \(needed) needed")
    }
}

/// A leader without room.
@Suite(.computing) struct FullLeaderTests {
    @Test func aFullLeaderStopsNobody() throws {
        for seed in UInt64(1)...50 {
            let members = seed.isMultiple(of: 2) ? 3 : 5
            let report = try Simulation.runFullLeader(seed: seed, members: members).report
            #expect(report.violation == nil, "\(report)")
        }
    }
}

/// A snapshot that is on its way while processes end.
@Suite(.computing) struct KilledTransferTests {
    /// At every piece of it, on either side (`R45`).
    @Test(arguments: TransferEnd.allCases) func itResumesWhoeverEnds(_ end: TransferEnd) throws {
        var piece = 0
        var pieces = 0
        while true {
            let run = try Simulation.runKilledTransfer(
                seed: 1,
                piece: piece,
                end,
                keepsWrites: piece.isMultiple(of: 2)
            )
            #expect(run.report.violation == nil, "\(run.report)")
            guard run.report.violation == nil, let count = run.pieces else { break }
            pieces = count
            piece += 1
        }
        #expect(pieces >= 10 && piece >= pieces, "\(piece) of \(pieces)")
    }
}

/// A slot whose entry only others can show.
@Suite(.computing) struct LostKnowerTests {
    @Test func whatOneDamagedMemberKnowsStopsNobody() throws {
        for seed in UInt64(1)...100 {
            let report = try Simulation.runLostKnower(seed: seed).report
            #expect(report.violation == nil, "\(report)")
        }
    }
}
