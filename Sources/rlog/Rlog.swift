import ArgumentParser
import LogBench
import LogCommands

/// `rlog`: try, operate and prove the replicated log from a shell.
@main
struct Rlog: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rlog",
        abstract: "A durable Multi-Paxos replicated log: try it, operate it, prove it.",
        discussion: """
            Exit status: 0 done, 1 the thing checked is wrong, 2 usage, 3 refused, 4 storage failed, \
            5 unavailable, 6 nobody reads the output.
            """,
        version: Program.version,
        subcommands: [
            Init.self, Node.self, Bench.self, Inspect.self, Dump.self, Verify.self, Frames.self,
            Explain.self, Backup.self, Restore.self, Simulate.self, Report.self,
        ]
    )

    func run() throws {
        throw ValidationError(
            "Name a command: init, node, bench, inspect, dump, verify, frames, explain, backup, "
                + "restore, simulate or report."
        )
    }

    static func main() async {
        await Program.run(Rlog.self, named: "rlog")
    }
}
