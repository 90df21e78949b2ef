/// Runs a scenario: the production `NodeCore` in a world that does what the script says, with every
/// invariant checked after every step.
package struct ScenarioRun {
    /// What came of a scenario.
    package struct Outcome: Sendable {
        /// Commands that mean nothing, expectations that are not met, violated invariants, and where
        /// the exchange is another one than the file says.
        package let failures: [ScenarioFailure]
        /// Of those, the ones that rewriting the exchange would not mend.
        package let grave: [ScenarioFailure]
        /// The file as it should read.
        package let text: String
    }

    /// The world, from the command that makes it on.
    var scene: Scene?
    /// Lines that are not told by the world's trace.
    var told: [String] = []

    package static func run(_ scenario: Scenario) -> Outcome {
        var run = ScenarioRun()
        var grave: [ScenarioFailure] = []
        var differences: [ScenarioFailure] = []
        var exchange: [[String]] = []
        for block in scenario.blocks {
            var happened: [String] = []
            for line in block.lines where !line.words.isEmpty && grave.isEmpty {
                do throws(CommandError) {
                    try run.execute(line.words)
                } catch {
                    grave.append(ScenarioFailure(line: line.number, reason: error.reason))
                    if error.isViolation { run.told.append("violated \(error.reason)") }
                }
                happened += run.takeLines()
            }
            exchange.append(happened)
            if happened != block.expected {
                let line = (block.lines.last?.number ?? 0) + 1
                differences.append(Self.difference(happened, block.expected, after: line))
            }
        }
        return Outcome(
            failures: grave + differences,
            grave: grave,
            text: scenario.text(with: exchange)
        )
    }

    private static func difference(
        _ happened: [String],
        _ expected: [String],
        after line: Int
    ) -> ScenarioFailure {
        let place =
            zip(happened, expected).enumerated().first { $1.0 != $1.1 }?.offset
            ?? min(happened.count, expected.count)
        let expects = place < expected.count ? "\"\(expected[place])\"" : "the end"
        let happens = place < happened.count ? "\"\(happened[place])\"" : "the end"
        return ScenarioFailure(
            line: line + place + 1,
            reason: "the exchange is another: expected \(expects), happened \(happens)"
        )
    }

    private mutating func takeLines() -> [String] {
        let lines = (scene?.world.trace.takeLines() ?? []) + told
        told = []
        return lines
    }

    // MARK: - Commands

    private mutating func execute(_ words: [String]) throws(CommandError) {
        let arguments = Array(words.dropFirst())
        switch words[0] {
        case "cluster":
            scene = try Scene(arguments)
        case "simulate":
            try simulate(arguments)
        default:
            guard let scene else { throw CommandError("there is no cluster yet") }
            try scene.execute(words[0], Arguments(arguments, scene: scene))
        }
    }

    /// A drawn world, as in the files that `rlog simulate` saves.
    private mutating func simulate(_ arguments: [String]) throws(CommandError) {
        var schedule = Schedule(seed: 0)
        for argument in arguments {
            let parts = argument.split(separator: "=", maxSplits: 1).map { String($0) }
            guard parts.count == 2, schedule.set(parts[0], to: parts[1]) else {
                throw CommandError("\(argument) is no part of a schedule")
            }
        }
        let (report, lines) = schedule.trace()
        told += lines
        if let violation = report.violation { throw CommandError(violation) }
        told.append("digest \(report.digest)")
    }
}

/// Why a command was not carried out.
struct CommandError: Error {
    let reason: String
    let isViolation: Bool

    init(_ reason: String) {
        self.reason = reason
        isViolation = false
    }

    init(_ violation: Violation) {
        reason = "\(violation)"
        isViolation = true
    }
}

extension Schedule {
    fileprivate mutating func set(_ name: String, to value: String) -> Bool {
        switch name {
        case "seed": seed = UInt64(value) ?? seed
        case "members": members = Int(value) ?? members
        case "steps": steps = Int(value) ?? steps
        case "faults": faults = FaultSet(value) ?? faults
        case "mutant":
            guard let named = Mutant(rawValue: value) else { return false }
            mutant = named
        default: return false
        }
        return true
    }
}
