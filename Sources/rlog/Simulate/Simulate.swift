import ArgumentParser
import LogCommands
import PaxosSimulator
import Platform

/// `rlog simulate`: the protocol in a deterministic world of lost messages, crashes and failing disks.
struct Simulate: RlogCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run the protocol in a simulated world and check every invariant at every step.",
        discussion: """
            Each seed draws a world of its own and gives the same steps and the same digest on \
            every run and machine. A violated invariant ends with exit status 1, the command that \
            replays it, and a scenario file with the shortest schedule found that still fails.
            """
    )

    @Option(help: "The seed to run; drawn if nothing names one.")
    var seed: UInt64?

    @Option(help: "A range of seeds, as in 1..1000.", transform: Simulate.range)
    var seeds: ClosedRange<UInt64>?

    @Option(help: "Run seeds that are drawn for so many seconds.")
    var timeBox: Double?

    @Option(help: "Members of the cluster, 1 to 7.")
    var replicas = 5

    @Option(help: "Steps of nodes before the faults stop.")
    var steps = 2_000

    @Option(
        help: "all, network, crash, disk or none; or only: and kinds, as in only:loss,crash.",
        transform: Simulate.faultSet
    )
    var faults = FaultSet.all

    @Option(help: "Run a deliberately broken replica.", transform: Simulate.mutant)
    var mutant: Mutant?

    @Flag(help: "List the mutants.")
    var mutants = false

    @Flag(
        help: """
            With --mutants: run each of them, or the one that --mutant names, in five drawn ranges \
            of 100 seeds; exit status 1 if one survives a range.
            """
    )
    var check = false

    @Option(help: "Write every event of the run, one a line; for one seed.")
    var trace: String?

    @Option(help: "Where to save the first failure as a scenario; failure-SEED.txt by default.")
    var save: String?

    @Option(
        help: "Run a scenario file; with UPDATE_SCENARIOS=1 in the environment, rewrite it too."
    )
    var scenario: String?

    @Flag(help: "Print one JSON object for each seed.")
    var json = false

    static func range(_ text: String) throws -> ClosedRange<UInt64> {
        guard let dots = text.firstRange(of: ".."),
            let first = UInt64(text[..<dots.lowerBound]),
            let last = UInt64(text[dots.upperBound...]), first <= last
        else {
            throw ValidationError("Seeds are two numbers, as in 1..1000.")
        }
        return first...last
    }

    static func faultSet(_ text: String) throws -> FaultSet {
        guard let set = FaultSet(text) else {
            throw ValidationError(
                "--faults is all, network, crash, disk, none, or only: and some of "
                    + FaultKind.allCases.map(\.label).joined(separator: ",") + "."
            )
        }
        return set
    }

    static func mutant(_ name: String) throws -> Mutant {
        guard let mutant = Mutant(rawValue: name) else {
            throw ValidationError("No mutant is named \(name); --mutants lists them.")
        }
        return mutant
    }

    func validate() throws {
        let sources = [seed != nil, seeds != nil, timeBox != nil, mutants, scenario != nil]
            .filter { $0 }
        guard sources.count <= 1 else {
            throw ValidationError(
                "Give one of --seed, --seeds, --time-box, --scenario and --mutants."
            )
        }
        guard !check || mutants else {
            throw ValidationError("--check goes with --mutants.")
        }
        guard (1...7).contains(replicas) else {
            throw ValidationError("--replicas must be 1 to 7.")
        }
        guard (1...10_000_000).contains(steps) else {
            throw ValidationError("--steps must be 1 to 10000000.")
        }
        if let timeBox, !(0.1...86_400).contains(timeBox) {
            throw ValidationError("--time-box must be 0.1 to 86400 seconds.")
        }
        guard trace == nil || sources.count == 0 || seed != nil else {
            throw ValidationError("--trace is for one seed.")
        }
    }

    func execute() async throws(Failure) -> ExitStatus {
        if mutants, !check {
            for mutant in Mutant.allCases {
                Output.answer(
                    json
                        ? JSON.object([("mutant", .string(mutant.rawValue))]).text + "\n"
                        : mutant.rawValue + "\n"
                )
            }
            return .done
        }
        let command = self
        return try await offPool { () throws(Failure) in
            if let path = command.scenario {
                return try ScenarioFile(path: path).run(json: command.json)
            }
            if command.check {
                var run = MutantRun(command)
                return run.execute()
            }
            var run = SimulationRun(command)
            return try run.execute()
        }.get()
    }

    func schedule(seed: UInt64) -> Schedule {
        Schedule(seed: seed, members: replicas, steps: steps, faults: faults, mutant: mutant)
    }
}
