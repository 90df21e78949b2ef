import PaxosSimulator
import TestSupport
import Testing

/// Broken replicas in the fixed seeds: each one dies, and each checker is the death of one.
@Suite(.computing, .tags(.slow)) struct MutantTests {
    /// The fixed seeds. First come some that kill many mutants, or one that few others kill: a matter of
    /// time alone.
    private static let seeds: [UInt64] = {
        let killers: [UInt64] = [68, 70, 57, 98, 86, 42]
        return killers + (1...400).filter { !killers.contains($0) }
    }()

    /// The first violation among the fixed seeds that `counts`.
    private static func kill(
        _ mutant: Mutant,
        where counts: (Violation) -> Bool = { _ in true }
    ) -> Violation? {
        for seed in seeds {
            let report = Simulation.run(
                seed: seed,
                members: seed.isMultiple(of: 2) ? 3 : 5,
                steps: 1_500,
                mutant: mutant
            )
            if let violation = report.violation, counts(violation) { return violation }
        }
        return nil
    }

    /// As tasks of their own, also where tests run one by one. Those that break a checker are killed
    /// below, and not twice.
    @Test func fixedSeedsKillEveryMutant() async {
        let breakers = Invariant.allCases.map(\.breaker)
        await withTaskGroup(of: Void.self) { group in
            for mutant in Mutant.allCases where !breakers.contains(mutant) {
                group.addTask {
                    #expect(Self.kill(mutant) != nil, "\(mutant.rawValue) survives")
                }
            }
        }
    }

    @Test func everyCheckerCanFail() async {
        await withTaskGroup(of: Void.self) { group in
            for invariant in Invariant.allCases {
                group.addTask {
                    let mutant = invariant.breaker
                    #expect(
                        Self.kill(mutant) { $0.invariant == invariant } != nil,
                        "\(mutant.rawValue) does not break \(invariant)"
                    )
                }
            }
        }
    }

    /// Those without which the others would prove little.
    @Test func theMutantsThatEverybodyKnowsAreThere() {
        let names = [
            "promise-not-persisted", "reply-before-flush", "promise-and-row-in-two-transactions",
            "quorum-minus-one", "accept-below-promise", "ignore-highest-accepted",
            "ballot-reused-after-restart", "noop-over-accepted", "watermark-from-minority",
            "commit-over-stale-row", "hole-skipped-to-subscribers", "stale-leader-barrier",
            "duplicate-takes-two-slots", "ack-over-gap", "restart-trusts-unsynced",
            "wiped-node-votes",
        ]
        for name in names { #expect(Mutant(rawValue: name) != nil, "\(name)") }
    }
}

extension Invariant {
    /// A mutant that the checker of this invariant catches.
    fileprivate var breaker: Mutant {
        switch self {
        case .agreement: .unfinishedRowsForgotten
        case .promise: .ballotReusedAfterRestart
        case .testimony: .promiseNotPersisted
        case .ballot: .rowsSwapped
        case .commit: .quorumMinusOne
        case .delivery: .holeSkippedToSubscribers
        case .acknowledgement: .unknownAcknowledged
        case .never: .unknownIsNever
        case .barrier: .staleLeaderBarrier
        case .batch: .batchInTwoSteps
        case .limits: .limitsIgnored
        case .reply: .repliesTwice
        case .store: .watermarkAheadOfRows
        case .identity: .borrowedIdentity
        case .liveness: .sleepsThroughElections
        case .flow: .borrowedBallot
        case .succession: .behindLeads
        case .trimming: .trimmedIsEmpty
        case .snapshot: .baseBeforeSnapshot
        case .cursor: .cursorAhead
        case .condition: .conditionIgnored
        case .transfer: .transfersEarly
        }
    }
}
