import ArgumentParser
import LogBench
import LogCommands

/// `rlog-bench`: `rlog bench` and `rlog report` as a program of their own. For replicas in processes it starts the
/// `rlog` that lies beside it.
@main
struct RlogBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rlog-bench",
        abstract: "Measure the replicated log on a real disk, and make pages of what was measured.",
        version: Program.version,
        subcommands: [Bench.self, Report.self],
        defaultSubcommand: Bench.self
    )

    static func main() async {
        await Program.run(RlogBench.self, named: "rlog-bench")
    }
}
