import ArgumentParser
import CrashHistory
import FailingDisks
import Foundation
import NodeProcesses
import PaxosSimulator
import Platform

/// Real processes, directories and sockets, and everything that can happen to them.
@main
struct CrashSuite: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "crash-suite",
        abstract: "Break a cluster of rlog nodes in every way, and judge what it said.",
        discussion: """
            Starts processes of rlog node, which must be built and lie beside this program; appends from \
            several clients while the schedule that is drawn from the seed kills, pauses and cuts off \
            nodes and breaks their disks; heals everything, reads every log, and checks what clients and \
            subscribers were told. Ends with 0, or with 1 if something is wrong. docs/TESTING.md says more.
            """
    )

    @Option(help: "How long things go wrong.")
    var seconds = 60

    @Option(help: "How many nodes: 3 or 5.")
    var nodes = 3

    @Option(help: "How many clients append at the same time.")
    var clients = 8

    @Option(help: "Draws the schedule and what the clients do; drawn and printed if not given.")
    var seed: UInt64?

    @Option(help: "What goes wrong: \(Schedule.groups.joined(separator: ","))")
    var faults = Schedule.groups.joined(separator: ",")

    @Option(help: "Where to make the directories; on a real disk.")
    var data = ".build/crash-suite"

    @Flag(help: "Print the schedule alone.")
    var schedule = false

    private var groups: [String] { faults.split(separator: ",").map(String.init) }

    func validate() throws {
        guard nodes == 3 || nodes == 5 else { throw ValidationError("--nodes is 3 or 5.") }
        guard (1...86_400).contains(seconds), (1...256).contains(clients) else {
            throw ValidationError("--seconds is 1 to 86400 and --clients 1 to 256.")
        }
        for group in groups where !Schedule.groups.contains(group) {
            throw ValidationError("there is no fault \(group).")
        }
    }

    func run() throws {
        let seed = seed ?? SystemRandom.uint64() % 1_000_000
        let drawn = Schedule(
            seed: seed,
            members: nodes,
            milliseconds: 1_000 * seconds,
            groups: groups
        )
        if schedule {
            for step in drawn.steps { say("\(step.begin)..\(step.end) ms  \(step.fault)") }
            return
        }
        guard FileManager.default.isExecutableFile(atPath: Rlog.path) else {
            throw ValidationError(
                "there is no \(Rlog.path): build it with swift build --product rlog"
            )
        }
        let run = SuiteRun(
            seed: seed,
            nodes: nodes,
            clients: clients,
            milliseconds: 1_000 * seconds,
            root: "\(data)/\(String(SystemRandom.uint64(), radix: 16))"
        )
        let command = "crash-suite --seed \(seed) --seconds \(seconds) --nodes \(nodes)"
        say("\(command) --clients \(clients) --faults \(faults)")
        Interruption.watch()
        do {
            guard try run.run(drawn) else { throw ExitCode(1) }
        } catch let error as SuiteError {
            run.removeDirectories()
            throw error
        }
        run.removeDirectories()
    }
}
