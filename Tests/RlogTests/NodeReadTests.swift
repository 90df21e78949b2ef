import Foundation
import NodeProcesses
import Platform
import Testing

/// `rlog node` asked for more than is taken from it, line by line.
@Suite(.serialized, .tags(.slow)) struct NodeReadTests {
    /// The process and its pipes, so that a test says when its output is read.
    private final class RawNode {
        let process = Process()
        private let input = Pipe()
        private let output = Pipe()
        /// Whole lines that were read and not taken, and the beginning of the next one.
        private var lines: [Data] = []
        private var rest = Data()

        init(_ directory: String) throws {
            signal(SIGPIPE, SIG_IGN)
            process.executableURL = URL(fileURLWithPath: Rlog.path)
            process.arguments = ["node", "--data", directory]
            process.standardInput = input
            process.standardOutput = output
            process.standardError = FileHandle.nullDevice
            try process.run()
        }

        func send(_ lines: [String]) throws {
            let bytes = Data((lines.joined(separator: "\n") + "\n").utf8)
            try input.fileHandleForWriting.write(contentsOf: bytes)
        }

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

        /// Bytes that belong to no file.
        func residentBytes() throws -> Int {
            let path = "/proc/\(process.processIdentifier)/status"
            let status = try String(contentsOfFile: path, encoding: .utf8)
            let line = status.split(separator: "\n").first { $0.hasPrefix("RssAnon:") }
            let kilobytes = try #require(line?.split(separator: " ").dropFirst().first)
            return try #require(Int(kilobytes)) << 10
        }
    }

    /// A log of four entries of 300 kB: one page.
    private static func page(in scratch: borrowing Scratch) throws -> String {
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

    private static func read(_ id: String) -> String {
        #"{"op":"read","id":"\#(id)","from":1,"to":4}"#
    }

    /// Twelve pages are asked for in one write, and other things behind them: those are answered while the pages
    /// are being written. Story: two reads of 60 MB kept every other request waiting for four seconds.
    @Test func shortAnswersOvertakePages() async throws {
        try await blocking {
            let scratch = try Scratch()
            let node = try RawNode(try Self.page(in: scratch))
            #expect(try node.reply().event == "ready")
            let others = [
                #"{"op":"status","id":"s"}"#, #"{"op":"barrier","id":"b"}"#,
                #"{"op":"append","id":"a","payload":"z","timeout_ms":60000}"#,
            ]
            try node.send((0..<12).map { Self.read("r\($0)") } + others)
            var pages = 0
            var before: [String: Int] = [:]
            while pages < 12 || before.count < others.count {
                let reply = try node.reply()
                if let entries = reply.entries {
                    #expect(entries.count == 4)
                    pages += 1
                } else {
                    before[try #require(reply.id?.text)] = pages
                }
            }
            #expect(before.keys.sorted() == ["a", "b", "s"])
            #expect(before.values.allSatisfy { $0 < 12 }, "after so many pages: \(before)")
            try node.send([#"{"op":"shutdown","id":"e"}"#])
            #expect(try node.reply().event == "closed")
            node.process.waitUntilExit()
            #expect(node.process.terminationStatus == 0)
        }
    }

    #if os(Linux)
    /// Story: sixty reads of a log of 64 MB with nobody reading held 1.84 GB.
    @Test func readsThatNobodyTakesHoldFewPages() async throws {
        try await blocking {
            let scratch = try Scratch()
            let node = try RawNode(try Self.page(in: scratch))
            #expect(try node.reply().event == "ready")
            // 2.4 GB of pages, in requests that the pipe alone cannot hold.
            let name = String(repeating: "r", count: 200)
            try node.send((0..<2_000).map { Self.read("\(name)\($0)") })
            var samples: [Int] = []
            let parker = Parker()
            // Until nothing is added any more.
            repeat {
                parker.park(timeout: .milliseconds(50))
                samples.append(try node.residentBytes())
            } while samples.count < 600
                && (samples.count < 20 || samples.suffix(20).contains { $0 != samples.last })
            #expect(samples.max() ?? 0 < 256 << 20)
            kill(node.process.processIdentifier, SIGKILL)
            node.process.waitUntilExit()
        }
    }
    #endif
}
