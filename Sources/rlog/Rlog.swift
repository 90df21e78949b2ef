import ArgumentParser

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// `rlog`: try, operate and prove the replicated log from a shell.
struct Rlog: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rlog",
        abstract: "A durable Multi-Paxos replicated log: try it, operate it, prove it.",
        discussion: """
            Exit status: 0 done, 1 the thing checked is wrong, 2 usage, 3 refused, 4 storage failed, \
            5 unavailable, 6 nobody reads the output.
            """,
        version: version,
        subcommands: [
            Init.self, Node.self, Bench.self, Inspect.self, Dump.self, Verify.self, Frames.self,
            Backup.self, Restore.self, Simulate.self, Report.self,
        ]
    )

    static let version = "0.1.0"

    func run() throws {
        throw ValidationError(
            "Name a command: init, node, bench, inspect, dump, verify, frames, backup, restore, "
                + "simulate or report."
        )
    }
}

@main
enum Main {
    static func main() async {
        Output.ignoreBrokenPipes()
        exit(await run(Array(CommandLine.arguments.dropFirst())).rawValue)
    }

    private static func run(_ arguments: [String]) async -> ExitStatus {
        do {
            var command = try Rlog.parseAsRoot(arguments)
            guard let ours = command as? any RlogCommand else {
                // Help and version end by an error of the parser's own.
                try command.run()
                return .done
            }
            do throws(Failure) {
                return try await ours.execute()
            } catch {
                error.report(json: ours.json)
                return error.status
            }
        } catch {
            return report(error)
        }
    }

    /// The parser's errors: help is an answer, everything else is one line and status 2.
    private static func report(_ error: any Error) -> ExitStatus {
        if Rlog.exitCode(for: error) == .success {
            Output.answer(Rlog.fullMessage(for: error) + "\n")
            return .done
        }
        let message = Rlog.message(for: error)
        Output.complain("usage: \(message) See rlog --help.")
        return .usage
    }
}

/// A command of `rlog`.
protocol RlogCommand: ParsableCommand {
    /// The output is one JSON object a line.
    var json: Bool { get }

    func execute() async throws(Failure) -> ExitStatus
}
