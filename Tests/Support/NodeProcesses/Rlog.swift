package import Foundation

/// The built binary, run as a process, as a shell runs it.
package enum Rlog {
    package static let path = BuiltProgram.path("rlog")

    package struct Result: Sendable {
        package let status: Int32
        package let output: String
        package let errors: String
        package let wasKilled: Bool

        package var lines: [Substring] { output.split(separator: "\n") }
        package var errorLines: [Substring] { errors.split(separator: "\n") }
    }

    /// Runs it to its end.
    package static func run(
        _ arguments: String...,
        environment: [String: String] = [:]
    ) throws -> Result {
        try start(arguments, environment: environment).wait()
    }

    package static func start(
        _ arguments: [String],
        environment: [String: String] = [:]
    ) throws -> BuiltProgram {
        try BuiltProgram(path, arguments, environment: environment)
    }
}

/// An executable of this package that runs.
package final class BuiltProgram {
    package let process = Process()
    private let output = Pipe()
    private let errors = Pipe()

    package init(
        _ path: String,
        _ arguments: [String],
        environment: [String: String] = [:]
    ) throws {
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardOutput = output
        process.standardError = errors
        process.standardInput = FileHandle.nullDevice
        try process.run()
    }

    /// Until its end.
    package func wait() -> Rlog.Result {
        // Errors are few: they fit the pipe while the output is read.
        let text = output.fileHandleForReading.readDataToEndOfFile()
        let complaints = errors.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return Rlog.Result(
            status: process.terminationStatus,
            output: String(decoding: text, as: UTF8.self),
            errors: String(decoding: complaints, as: UTF8.self),
            wasKilled: process.terminationReason == .uncaughtSignal
        )
    }

    /// Beside this program, or beside the test bundle or above it; where it would be, if it is not.
    package static func path(_ name: String) -> String {
        let bundle = Bundle.allBundles.first { $0.bundlePath.hasSuffix(".xctest") }
        let own = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        let beside = own.deletingLastPathComponent()
        var directory = bundle?.bundleURL.deletingLastPathComponent() ?? beside
        for _ in 0..<4 {
            let candidate = directory.appendingPathComponent(name).path
            if FileManager.default.isExecutableFile(atPath: candidate) { return candidate }
            directory.deleteLastPathComponent()
        }
        return beside.appendingPathComponent(name).path
    }
}
