package import ArgumentParser

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// A command of `rlog`, or of a program that is one of its commands.
package protocol RlogCommand: ParsableCommand {
    /// The output is one JSON object a line.
    var json: Bool { get }

    func execute() async throws(Failure) -> ExitStatus
}

/// What every program here does with its arguments.
package enum Program {
    package static let version = "0.1.0"

    /// Runs the command that the arguments name, and ends the process with its status.
    package static func run(_ root: any ParsableCommand.Type, named name: String) async -> Never {
        Output.ignoreBrokenPipes()
        do {
            let command = try root.parseAsRoot(Array(CommandLine.arguments.dropFirst()))
            exit(try await execute(command).rawValue)
        } catch {
            exit(report(error, of: root, named: name).rawValue)
        }
    }

    private static func execute(_ command: any ParsableCommand) async throws -> ExitStatus {
        guard let ours = command as? any RlogCommand else {
            // Help and version end by an error of the parser's own.
            var command = command
            try command.run()
            return .done
        }
        do throws(Failure) {
            return try await ours.execute()
        } catch {
            error.report(json: ours.json)
            return error.status
        }
    }

    /// The parser's errors: help is an answer, everything else is one line and status 2.
    private static func report(
        _ error: any Error,
        of root: any ParsableCommand.Type,
        named name: String
    ) -> ExitStatus {
        if root.exitCode(for: error) == .success {
            Output.answer(root.fullMessage(for: error) + "\n")
            return .done
        }
        Output.complain("usage: \(root.message(for: error)) See \(name) --help.")
        return .usage
    }
}
