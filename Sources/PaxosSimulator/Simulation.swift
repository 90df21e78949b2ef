import PaxosCore

/// Runs worlds and says what came of them.
package enum Simulation {
    /// What a run did, and what it found.
    package struct Report: Sendable, Hashable, CustomStringConvertible {
        package let seed: UInt64
        package let members: Int
        package let steps: Int
        package let elections: Int
        package let committedSlots: Int
        /// How often a member that was far behind took a base.
        package let basesTaken: Int
        /// How often a snapshot came with it, and how often a host began with one.
        package let snapshotsTaken: Int
        package let hostsRestored: Int
        package let faults: FaultCounts
        /// Of rows and appends, over narrow links; and what of it was needed.
        package let carriedBytes: Int
        package let neededBytes: Int
        package let digest: Digest
        package let violation: Violation?

        package var description: String {
            "seed=\(seed) members=\(members) steps=\(steps) elections=\(elections) "
                + "committed=\(committedSlots) digest=\(digest) \(faults)"
                + (violation.map { " VIOLATED \($0)" } ?? "")
        }
    }

    /// Runs one seed. The same arguments give the same report in every process.
    package static func run(
        seed: UInt64,
        members: Int = 5,
        steps: Int = 2_000,
        faults: FaultSet = .all,
        mutant: Mutant? = nil
    ) -> Report {
        observe(seed: seed, members: members, steps: steps, faults: faults, mutant: mutant).report
    }

    /// Runs one seed and keeps every event, one a line.
    package static func trace(
        seed: UInt64,
        members: Int = 5,
        steps: Int = 2_000,
        faults: FaultSet = .all,
        mutant: Mutant? = nil
    ) -> (report: Report, lines: [String]) {
        observe(
            seed: seed,
            members: members,
            steps: steps,
            faults: faults,
            mutant: mutant,
            keepsTrace: true
        )
    }

    private static func observe(
        seed: UInt64,
        members: Int,
        steps: Int,
        faults: FaultSet,
        mutant: Mutant?,
        keepsTrace: Bool = false
    ) -> (report: Report, lines: [String]) {
        let world: World
        do {
            world = try World(
                seed: seed,
                members: members,
                faults: faults,
                mutant: mutant,
                keepsTrace: keepsTrace
            )
        } catch {
            preconditionFailure("a world of \(members) members: \(error)")
        }
        var violation: Violation?
        do {
            try world.run(steps: steps)
        } catch {
            violation = error
        }
        return (report(of: world, seed: seed, violation), world.trace.lines)
    }

    static func report(of world: World, seed: UInt64, _ violation: Violation?) -> Report {
        Report(
            seed: seed,
            members: world.membership.members.count,
            steps: world.steps,
            elections: world.elections,
            committedSlots: Int(world.ledger.chosenThrough.rawValue),
            basesTaken: world.basesTaken,
            snapshotsTaken: world.snapshotsTaken,
            hostsRestored: world.hostsRestored,
            faults: world.counts,
            carriedBytes: world.freight.carriedBytes,
            neededBytes: world.freight.neededBytes,
            digest: world.trace.digest,
            violation: violation
        )
    }

    /// A schedule that still fails, with fewer kinds of fault and fewer steps than the one it came from.
    package struct Shrunk: Sendable {
        package let report: Report
        package let faults: FaultSet
        package let steps: Int
    }

    /// Leaves out every kind of fault without which the seed still fails, then cuts the steps.
    package static func shrink(
        seed: UInt64,
        members: Int,
        steps: Int,
        faults: FaultSet,
        mutant: Mutant? = nil
    ) -> Shrunk? {
        func attempt(_ faults: FaultSet, _ steps: Int) -> Report? {
            let report = run(
                seed: seed,
                members: members,
                steps: steps,
                faults: faults,
                mutant: mutant
            )
            return report.violation == nil ? nil : report
        }
        guard var report = attempt(faults, steps) else { return nil }
        var needed = faults
        var shortest = steps
        for kind in faults.kinds {
            var fewer = needed
            fewer.remove(kind)
            guard let smaller = attempt(fewer, steps) else { continue }
            needed = fewer
            report = smaller
        }
        var cut = shortest / 2
        while cut > 0 {
            if shortest > cut, let smaller = attempt(needed, shortest - cut) {
                shortest -= cut
                report = smaller
            } else {
                cut /= 2
            }
        }
        return Shrunk(report: report, faults: needed, steps: shortest)
    }
}
