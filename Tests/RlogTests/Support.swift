import Foundation
import Platform
import Testing

/// The built binary, run as a process, as a shell runs it.
enum Rlog {
    /// Beside the test bundle.
    static let path: String = {
        let bundle = Bundle.allBundles.first { $0.bundlePath.hasSuffix(".xctest") }
        var directory = (bundle?.bundleURL ?? Bundle.main.bundleURL).deletingLastPathComponent()
        for _ in 0..<4 {
            let candidate = directory.appendingPathComponent("rlog").path
            if FileManager.default.isExecutableFile(atPath: candidate) { return candidate }
            directory.deleteLastPathComponent()
        }
        let executable = URL(fileURLWithPath: CommandLine.arguments[0])
        return executable.deletingLastPathComponent().appendingPathComponent("rlog").path
    }()

    struct Result {
        let status: Int32
        let output: String
        let errors: String
        let wasKilled: Bool

        var lines: [Substring] { output.split(separator: "\n") }
        var errorLines: [Substring] { errors.split(separator: "\n") }

        /// Every line, each of which must be one JSON object.
        func objects(sourceLocation: SourceLocation = #_sourceLocation) throws -> [[String: Any]] {
            try lines.map { line in
                let value = try JSONSerialization.jsonObject(with: Data(line.utf8))
                return try #require(value as? [String: Any], sourceLocation: sourceLocation)
            }
        }
    }

    /// Runs it to its end.
    static func run(
        _ arguments: String...,
        environment: [String: String] = [:]
    ) throws -> Result {
        let process = try start(arguments, environment: environment)
        return process.wait()
    }

    final class Running {
        let process = Process()
        private let output = Pipe()
        private let errors = Pipe()
        private var collected: Data?

        init(_ arguments: [String], environment: [String: String]) throws {
            process.executableURL = URL(fileURLWithPath: Rlog.path)
            process.arguments = arguments
            process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
            process.standardOutput = output
            process.standardError = errors
            process.standardInput = FileHandle.nullDevice
            try process.run()
        }

        func wait() -> Result {
            // Errors are few: they fit the pipe while the output is read.
            let text = output.fileHandleForReading.readDataToEndOfFile()
            let complaints = errors.fileHandleForReading.readDataToEndOfFile()
            process.waitUntilExit()
            return Result(
                status: process.terminationStatus,
                output: String(decoding: text, as: UTF8.self),
                errors: String(decoding: complaints, as: UTF8.self),
                wasKilled: process.terminationReason == .uncaughtSignal
            )
        }
    }

    static func start(
        _ arguments: [String],
        environment: [String: String] = [:]
    ) throws -> Running {
        try Running(arguments, environment: environment)
    }
}

/// A fresh directory below the package's own build directory, so on a real disk.
struct Scratch: ~Copyable {
    let path: String

    init() throws {
        path = ".build/test-data/rlog-" + String(SystemRandom.uint64(), radix: 16)
        try FileSystem.makeDirectories(path)
    }

    deinit { try? FileSystem.removeTree(path) }

    /// A data directory of a one-member cluster, made by the binary.
    func log(_ name: String = "n1") throws -> String {
        let made = try Rlog.run(
            "init",
            "--data",
            "\(path)/\(name)",
            "--cluster",
            "tests",
            "--id",
            "1",
            "--members",
            "1"
        )
        try #require(made.status == 0, "\(made.errors)")
        return "\(path)/\(name)"
    }
}

extension Tag {
    @Tag static var slow: Self
}
