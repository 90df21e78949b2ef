/// Whether the simulator finds what it should: each mutant must die within a range of seeds, whichever
/// the range is.
package enum MutantCheck {
    /// How many seeds a range has.
    package static let seeds: UInt64 = 100

    /// What became of one mutant in one range.
    package struct Result: Sendable, Hashable {
        package let mutant: Mutant
        /// The first seed of the range.
        package let first: UInt64
        /// The seed of which the mutant died, if it did, and how.
        package let killer: UInt64?
        package let violation: Violation?

        /// How many seeds it took.
        package var count: UInt64? { killer.map { $0 - first + 1 } }
    }

    /// Runs seeds from `first` on until the mutant dies or the range is over.
    package static func run(
        _ mutant: Mutant,
        from first: UInt64,
        seeds: UInt64 = MutantCheck.seeds,
        members: Int = 5,
        steps: Int = 2_000
    ) -> Result {
        for seed in first..<first + seeds {
            let report = Simulation.run(
                seed: seed,
                members: members,
                steps: steps,
                mutant: mutant
            )
            guard let violation = report.violation else { continue }
            return Result(mutant: mutant, first: first, killer: seed, violation: violation)
        }
        return Result(mutant: mutant, first: first, killer: nil, violation: nil)
    }
}
