import LogCommands
import PaxosSimulator
import Platform

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// A scenario on disk: run, compared with what it says, and rewritten if that is asked for.
struct ScenarioFile {
    let path: String

    private var isRewritten: Bool { getenv("UPDATE_SCENARIOS") != nil }

    func run(json: Bool) throws(Failure) -> ExitStatus {
        let scenario = Scenario(try TextFile.read(path))
        let outcome = ScenarioRun.run(scenario)
        if isRewritten { try TextFile.write(outcome.text, to: path) }
        let failures = isRewritten ? outcome.grave : outcome.failures
        if json {
            Output.answer(
                .object([
                    ("scenario", .string(path)), ("title", .string(scenario.title)),
                    ("failures", .array(failures.map { .string("\($0)") })),
                ])
            )
        } else {
            let verdict = failures.isEmpty ? "as it says" : "\(failures.count) failures"
            Output.answer("\(path): \(verdict)\n")
        }
        for failure in failures { Output.complain("\(path): \(failure)") }
        return failures.isEmpty ? .done : .wrong
    }
}
