import Foundation
import Testing

/// A short form of the crash-recovery suite: real processes for a few seconds.
@Suite(.tags(.slow)) struct CrashSuiteTests {
    /// Beside the test bundle.
    private static let path: String = {
        let bundle = Bundle.allBundles.first { $0.bundlePath.hasSuffix(".xctest") }
        let starts = [bundle?.bundleURL, URL(fileURLWithPath: CommandLine.arguments[0])]
        let candidates = starts.compactMap { $0 }.map { start in
            start.deletingLastPathComponent().appendingPathComponent("crash-suite").path
        }
        return candidates.first { FileManager.default.isExecutableFile(atPath: $0) } ?? ""
    }()

    private static func run(_ arguments: String...) throws -> (status: Int32, output: String) {
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        process.standardOutput = output
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let text = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: text, as: UTF8.self))
    }

    /// A schedule with kills, pauses and cut links in its first seconds.
    @Test func aClusterThatIsBrokenForSomeSecondsIsRight() throws {
        let result = try Self.run(
            "--seconds",
            "7",
            "--seed",
            "2",
            "--data",
            ".build/test-data/crash-suite"
        )
        #expect(result.status == 0, "\(result.output)")
        #expect(result.output.contains(", wrong 0\n"))
        #expect(result.output.contains(#/acknowledged [1-9]/#))
        #expect(result.output.contains(#/kill [1-9]/#))
    }
}

extension Tag {
    @Tag static var slow: Self
}
