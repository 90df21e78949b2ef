import Foundation
import Testing

/// A short form of the crash-recovery suite: real processes for a few seconds.
@Suite(.tags(.slow)) struct CrashSuiteTests {
    private static func run(_ arguments: String...) throws -> (status: Int32, output: String) {
        let bundle = Bundle.allBundles.first { $0.bundlePath.hasSuffix(".xctest") }
        var directory = (bundle?.bundleURL ?? Bundle.main.bundleURL).deletingLastPathComponent()
        var path = directory.appendingPathComponent("crash-suite").path
        while !FileManager.default.isExecutableFile(atPath: path), directory.path != "/" {
            directory.deleteLastPathComponent()
            path = directory.appendingPathComponent("crash-suite").path
        }
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
