import LogCommands
import PaxosSimulator
import Platform

/// One call of `rlog simulate`: seed after seed, a line for each, and the first failure saved.
struct SimulationRun {
    private let settings: Simulate
    private var progress = Progress()
    private let table = Table([
        ("seed", 20), ("steps", 7), ("elections", 9), ("committed", 9), ("digest", 16),
    ])
    private var count = 0
    private var failures = 0
    private var faults = FaultCounts()

    init(_ settings: Simulate) {
        self.settings = settings
    }

    mutating func execute() throws(Failure) -> ExitStatus {
        if !settings.json {
            let title = table.row(["seed", "steps", "elections", "committed", "digest"])
            Output.answer(title.dropLast() + "  faults\n")
        }
        if let seconds = settings.timeBox {
            try runDrawn(seconds: seconds)
        } else {
            let seed = settings.seed ?? SystemRandom.uint64()
            let seeds = settings.seeds ?? seed...seed
            for seed in seeds { try run(seed, of: seeds.upperBound) }
        }
        progress.clear()
        if !settings.json, count > 1 {
            Output.answer("\(count) seeds, \(failures) failed; faults: \(faults)\n")
        }
        return failures == 0 ? .done : .wrong
    }

    /// Each seed is drawn by itself: the line of each names it.
    private mutating func runDrawn(seconds: Double) throws(Failure) {
        let end = MonotonicClock.now().advanced(by: .seconds(seconds))
        repeat {
            // Short enough to be typed.
            try run(SystemRandom.uint64() >> 24, of: nil)
        } while MonotonicClock.now() < end
    }

    private mutating func run(_ seed: UInt64, of last: UInt64?) throws(Failure) {
        progress.show("seed \(seed)" + (last.map { " of \($0)" } ?? ""))
        let schedule = settings.schedule(seed: seed)
        let report: Simulation.Report
        if let path = settings.trace {
            let traced = schedule.trace()
            report = traced.report
            try TextFile.write(traced.lines.map { $0 + "\n" }.joined(), to: path)
        } else {
            report = schedule.run()
        }
        count += 1
        faults.add(report.faults)
        let saved = report.violation == nil ? nil : try save(schedule)
        progress.clear()
        Output.answer(
            settings.json
                ? json(report, schedule, saved: saved).text + "\n"
                : row(report) + "  \(report.faults)"
                    + (report.violation.map { "  VIOLATED I\($0.invariant.rawValue)" } ?? "") + "\n"
        )
        if let violation = report.violation {
            Output.complain("seed \(seed): \(violation); replay: \(schedule.commandLine)")
            if let saved {
                Output.complain(
                    "shrunk to \(saved.schedule.steps) steps, faults \(saved.schedule.faults): "
                        + "saved as \(saved.path); replay: \(saved.schedule.commandLine)"
                )
            }
        }
    }

    // MARK: - The first failure

    private struct Saved {
        let path: String
        let schedule: Schedule
    }

    /// Shrinks the first failure and saves it; later ones are only reported.
    private mutating func save(_ schedule: Schedule) throws(Failure) -> Saved? {
        failures += 1
        guard failures == 1 else { return nil }
        progress.show("seed \(schedule.seed) fails: shrinking")
        guard let shrunk = schedule.shrunk() else { return nil }
        let path = settings.save ?? "failure-\(schedule.seed).txt"
        try TextFile.write(ScenarioText.recorded(shrunk.schedule), to: path)
        return Saved(path: path, schedule: shrunk.schedule)
    }

    // MARK: - Output

    private func row(_ report: Simulation.Report) -> String {
        let cells = [
            "\(report.seed)", "\(report.steps)", "\(report.elections)", "\(report.committedSlots)",
            "\(report.digest)",
        ]
        return String(table.row(cells).dropLast())
    }

    private func json(
        _ report: Simulation.Report,
        _ schedule: Schedule,
        saved: Saved?
    ) -> JSON {
        let counts = FaultKind.allCases.filter { report.faults[$0] > 0 }
            .map { ($0.key, JSON.integer(report.faults[$0])) }
        var members: [(String, JSON)] = [
            ("seed", .unsigned(report.seed)), ("replicas", .integer(report.members)),
            ("steps", .integer(report.steps)), ("elections", .integer(report.elections)),
            ("committed_slots", .integer(report.committedSlots)), ("faults", .object(counts)),
            ("digest", .string("\(report.digest)")),
        ]
        if let violation = report.violation {
            members.append(("violation", .string("\(violation)")))
            members.append(("replay", .string(schedule.commandLine)))
        }
        if let saved {
            members.append(("scenario", .string(saved.path)))
            members.append(("shortest", .string(saved.schedule.commandLine)))
        }
        return .object(members)
    }
}
