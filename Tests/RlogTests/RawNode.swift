import Foundation
import NodeProcesses
import Platform
import TestSupport
import Testing

/// `rlog node` and its pipes, so that a test says when its output is read. It is ended after two minutes,
/// whatever it waits for.
final class RawNode {
    let process = Process()
    private let input: Pipe
    private let output = Pipe()
    /// Whole lines that were read and not taken, and the beginning of the next one.
    private var lines: [Data] = []
    private var rest = Data()

    /// - Parameters:
    ///   - errors: Where it complains to.
    ///   - isNonBlocking: Whether reading its input returns at once where there is nothing.
    init(
        _ directory: String,
        _ arguments: [String] = [],
        errors: Pipe? = nil,
        isNonBlocking: Bool = false
    ) throws {
        signal(SIGPIPE, SIG_IGN)
        input = Pipe()
        if isNonBlocking {
            let reader = input.fileHandleForReading.fileDescriptor
            let flags = fcntl(reader, F_GETFL)
            try #require(fcntl(reader, F_SETFL, flags | O_NONBLOCK) == 0)
        }
        process.executableURL = URL(fileURLWithPath: Rlog.path)
        process.arguments = ["node", "--data", directory] + arguments
        process.standardInput = input
        process.standardOutput = output
        process.standardError = errors ?? FileHandle.nullDevice
        try process.run()
        let process = process
        _ = try PinnedThread(name: "watchdog", stackBytes: 1 << 17) {
            if !waitUntil(.seconds(120), { !process.isRunning }) {
                Foundation.kill(process.processIdentifier, SIGKILL)
            }
        }
    }

    func send(_ lines: [String]) throws {
        let bytes = Data((lines.joined(separator: "\n") + "\n").utf8)
        try input.fileHandleForWriting.write(contentsOf: bytes)
    }

    func endInput() throws { try input.fileHandleForWriting.close() }

    func line() -> Data? {
        while lines.isEmpty {
            let piece = output.fileHandleForReading.availableData
            guard !piece.isEmpty else { return nil }
            var parts = piece.split(separator: 10, omittingEmptySubsequences: false)
            guard parts.count > 1 else {
                rest += piece
                continue
            }
            lines.append(rest + parts.removeFirst())
            rest = Data(parts.removeLast())
            lines += parts.map { Data($0) }
        }
        return lines.removeFirst()
    }

    func reply() throws -> Reply {
        try JSONDecoder().decode(Reply.self, from: try #require(line()))
    }

    func kill() {
        Foundation.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    /// Bytes that belong to no file.
    private func residentBytes() throws -> Int {
        let path = "/proc/\(process.processIdentifier)/status"
        let status = try String(contentsOfFile: path, encoding: .utf8)
        let line = status.split(separator: "\n").first { $0.hasPrefix("RssAnon:") }
        let kilobytes = try #require(line?.split(separator: " ").dropFirst().first)
        return try #require(Int(kilobytes)) << 10
    }

    /// The most of those until nothing is added any more.
    func settledResidentBytes() throws -> Int {
        var samples: [Int] = []
        let parker = Parker()
        repeat {
            parker.park(timeout: .milliseconds(50))
            samples.append(try residentBytes())
        } while samples.count < 600
            && (samples.count < 20 || samples.suffix(20).contains { $0 != samples.last })
        return samples.max() ?? 0
    }

    /// A log of four entries of 300 kB: one page.
    static func page(in scratch: Scratch) throws -> String {
        let directory = try scratch.log()
        let node = try NodeProcess(["--data", directory])
        let payload = String(repeating: "y", count: 300_000)
        for _ in 0..<4 {
            let append = node.send("append", #","payload":"\#(payload)","timeout_ms":60000"#)
            #expect(append.wait(atMost: .seconds(120))?.isCommitted == true)
        }
        node.endInput()
        #expect(node.ending(within: .seconds(60)) == 0)
        return directory
    }
}
