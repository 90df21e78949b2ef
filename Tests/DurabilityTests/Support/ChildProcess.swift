import Foundation

/// A built executable of the package, run as a process.
final class ChildProcess {
    private let process = Process()
    private let output = Pipe()
    private let errors = Pipe()
    /// Open until this is gone, for a child that is driven by it.
    private let input: Pipe?
    private var collected = Data()

    struct Ending {
        let status: Int32
        let wasKilled: Bool
        let lines: [Substring]
        let errorLines: [Substring]
    }

    init(
        _ name: String,
        _ arguments: [String],
        environment: [String: String] = [:],
        isDriven: Bool = false
    ) throws {
        input = isDriven ? Pipe() : nil
        process.executableURL = Self.products.appendingPathComponent(name)
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardOutput = output
        process.standardError = errors
        if let input {
            process.standardInput = input
            // Writing to a child that has ended must not end the tests.
            signal(SIGPIPE, SIG_IGN)
        } else {
            process.standardInput = FileHandle.nullDevice
        }
        try process.run()
    }

    /// Where the test bundle and the executables are.
    private static let products: URL = {
        let bundle = Bundle.allBundles.first { $0.bundlePath.hasSuffix(".xctest") }
        var directory = (bundle?.bundleURL ?? Bundle.main.bundleURL).deletingLastPathComponent()
        for _ in 0..<4 {
            let candidate = directory.appendingPathComponent("rlog").path
            if FileManager.default.isExecutableFile(atPath: candidate) { return directory }
            directory.deleteLastPathComponent()
        }
        return URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
    }()

    /// Reads until it has said so many lines, or has ended.
    func read(lines: Int) {
        var count = 0
        while count < lines {
            let data = output.fileHandleForReading.availableData
            if data.isEmpty { return }
            collected.append(data)
            count += data.count { $0 == UInt8(ascii: "\n") }
        }
    }

    /// Writes one line to a child that is driven.
    func send(_ line: String) {
        try? input?.fileHandleForWriting.write(contentsOf: Data((line + "\n").utf8))
    }

    /// What it has said so far, as far as it was read.
    var said: String { String(decoding: collected, as: UTF8.self) }

    /// SIGKILL.
    func kill() { Foundation.kill(process.processIdentifier, SIGKILL) }

    /// Reads what is left and waits for the end. A last line that is cut off is left out.
    func wait() -> Ending {
        collected.append(output.fileHandleForReading.readDataToEndOfFile())
        let complaints = errors.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        var lines = String(decoding: collected, as: UTF8.self).split(separator: "\n")
        if collected.last != UInt8(ascii: "\n"), !lines.isEmpty { lines.removeLast() }
        return Ending(
            status: process.terminationStatus,
            wasKilled: process.terminationReason == .uncaughtSignal,
            lines: lines,
            errorLines: String(decoding: complaints, as: UTF8.self).split(separator: "\n")
        )
    }

    static func run(
        _ name: String,
        _ arguments: String...,
        environment: [String: String] = [:]
    ) throws -> Ending {
        try ChildProcess(name, arguments, environment: environment).wait()
    }
}
