/// All that a run follows from: equal schedules are equal runs, in every process and on every machine.
package struct Schedule: Sendable, Hashable {
    package var seed: UInt64
    package var members: Int
    package var steps: Int
    package var faults: FaultSet
    package var mutant: Mutant?

    package init(
        seed: UInt64,
        members: Int = 5,
        steps: Int = 2_000,
        faults: FaultSet = .all,
        mutant: Mutant? = nil
    ) {
        self.seed = seed
        self.members = members
        self.steps = steps
        self.faults = faults
        self.mutant = mutant
    }

    package func run() -> Simulation.Report {
        Simulation.run(
            seed: seed,
            members: members,
            steps: steps,
            faults: faults,
            mutant: mutant
        )
    }

    /// Runs and keeps every event, one a line.
    package func trace() -> (report: Simulation.Report, lines: [String]) {
        Simulation.trace(
            seed: seed,
            members: members,
            steps: steps,
            faults: faults,
            mutant: mutant
        )
    }

    /// The shortest schedule of this seed that was found to fail too; `nil` if this one does not fail.
    package func shrunk() -> (schedule: Schedule, report: Simulation.Report)? {
        let shrunk = Simulation.shrink(
            seed: seed,
            members: members,
            steps: steps,
            faults: faults,
            mutant: mutant
        )
        guard let shrunk else { return nil }
        var schedule = self
        schedule.faults = shrunk.faults
        schedule.steps = shrunk.steps
        return (schedule, shrunk.report)
    }

    /// What to type to run it.
    package var commandLine: String {
        "rlog simulate --seed \(seed) --replicas \(members) --steps \(steps) --faults \(faults)"
            + (mutant.map { " --mutant \($0.rawValue)" } ?? "")
    }
}
