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
        /// Without a last one that was cut off.
        package var wholeLines: [Substring] { lines.dropLast(output.hasSuffix("\n") ? 0 : 1) }
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
    /// Open until this is gone, for a program that is driven by it.
    private let input: Pipe?
    private var collected = Data()

    /// - Parameter isDriven: Whether it is told things on its standard input.
    package init(
        _ path: String,
        _ arguments: [String],
        environment: [String: String] = [:],
        isDriven: Bool = false
    ) throws {
        input = isDriven ? Pipe() : nil
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardOutput = output
        process.standardError = errors
        if let input {
            process.standardInput = input
            // Writing to a program that has ended must not end this process.
            signal(SIGPIPE, SIG_IGN)
        } else {
            process.standardInput = FileHandle.nullDevice
        }
        try process.run()
    }

    /// Reads until it has said so many more lines, or has ended.
    package func read(lines: Int) {
        var count = 0
        while count < lines {
            let data = output.fileHandleForReading.availableData
            if data.isEmpty { return }
            collected.append(data)
            count += data.count { $0 == UInt8(ascii: "\n") }
        }
    }

    /// Writes one line to a program that is driven.
    package func send(_ line: String) {
        try? input?.fileHandleForWriting.write(contentsOf: Data((line + "\n").utf8))
    }

    /// What it has said so far, as far as it was read.
    package var said: String { String(decoding: collected, as: UTF8.self) }

    /// Until its end.
    package func wait() -> Rlog.Result {
        // Errors are few: they fit the pipe while the output is read.
        collected.append(output.fileHandleForReading.readDataToEndOfFile())
        let complaints = errors.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return Rlog.Result(
            status: process.terminationStatus,
            output: said,
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
