import LogCommands
import PaxosSimulator
import Platform

/// `rlog simulate --mutants --check`: every mutant in ranges of seeds that nobody has tuned to, a line for
/// each, and which of them survive.
struct MutantRun {
    /// Ranges are drawn, so that no list of lucky seeds can pass.
    static let ranges = 5

    private let settings: Simulate
    private var progress = Progress()
    private var survivors: [Mutant] = []

    init(_ settings: Simulate) {
        self.settings = settings
    }

    mutating func execute() -> ExitStatus {
        // Short enough to be typed.
        let firsts = (0..<Self.ranges).map { _ in SystemRandom.uint64() >> 24 }
        let width = Mutant.allCases.map(\.rawValue.count).max() ?? 0
        let columns = firsts.map { ("\($0)", 8) }
        let table = Table([("mutant", width)] + columns)
        if !settings.json { Output.answer(table.row(["mutant"] + columns.map(\.0))) }
        for mutant in settings.mutant.map({ [$0] }) ?? Mutant.allCases {
            progress.show(mutant.rawValue)
            let results = firsts.map { first in
                MutantCheck.run(
                    mutant,
                    from: first,
                    members: settings.replicas,
                    steps: settings.steps
                )
            }
            progress.clear()
            if results.contains(where: { $0.killer == nil }) { survivors.append(mutant) }
            Output.answer(
                settings.json
                    ? json(mutant, results).text + "\n"
                    : table.row(
                        [mutant.rawValue] + results.map { $0.count.map { "\($0)" } ?? "survives" }
                    )
            )
        }
        for mutant in survivors {
            Output.complain("\(mutant.rawValue) survives \(MutantCheck.seeds) seeds")
        }
        return survivors.isEmpty ? .done : .wrong
    }

    private func json(_ mutant: Mutant, _ results: [MutantCheck.Result]) -> JSON {
        .object([
            ("mutant", .string(mutant.rawValue)),
            (
                "ranges",
                .array(
                    results.map { result in
                        var range: [(String, JSON)] = [("first", .unsigned(result.first))]
                        if let killer = result.killer {
                            range.append(("killer", .unsigned(killer)))
                        }
                        if let violation = result.violation {
                            range.append(("violation", .string("\(violation)")))
                        }
                        return .object(range)
                    }
                )
            ),
        ])
    }
}
