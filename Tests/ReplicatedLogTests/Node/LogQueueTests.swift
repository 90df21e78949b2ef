import Logging
import TestSupport
import Testing

@testable import PaxosCore
@testable import Platform
@testable import ReplicatedLog

/// What a node logs never holds it up, whatever the sink does.
@Suite(.shared) struct LogQueueTests {
    /// A logger whose sink takes nothing until it is opened.
    private final class BlockedLines: Sendable {
        private struct Handler: LogHandler {
            let lines: BlockedLines
            var metadata: Logger.Metadata = [:]
            var logLevel = Logger.Level.trace

            subscript(metadataKey key: String) -> Logger.Metadata.Value? {
                get { metadata[key] }
                set { metadata[key] = newValue }
            }

            func log(event: Logging.LogEvent) {
                lines.reached.withLock { $0 += 1 }
                while lines.isBlocked.withLock({ $0 }) {
                    lines.parker.park(timeout: .milliseconds(5))
                }
                let dropped = event.metadata?["rlog_dropped_lines"].map { " \($0) dropped" } ?? ""
                lines.written.withLock { $0.append("\(event.message)\(dropped)") }
            }
        }

        private let parker = Parker()
        private let isBlocked = Locked(true)
        let reached = Locked(0)
        let written = Locked<[String]>([])

        var logger: Logger { Logger(label: "test") { _ in Handler(lines: self) } }

        func open() {
            isBlocked.withLock { $0 = false }
            parker.unpark()
        }
    }

    @Test func whatFindsNoRoomIsCounted() async throws {
        let sink = BlockedLines()
        let queue = LogQueue(sink.logger)
        queue.add(.info, "first", [:])
        try await eventually("it is with the sink") { sink.reached.withLock { $0 } == 1 }
        for number in 0..<LogQueue.maxLines { queue.add(.info, "line \(number)", [:]) }
        #expect(queue.dropped == 0)
        for _ in 0..<7 { queue.add(.info, "too much", [:]) }
        #expect(queue.dropped == 7)
        // What somebody has to look at finds room, and says what is missing before it.
        for number in 0..<LogQueue.moreErrors { queue.add(.error, "error \(number)", [:]) }
        #expect(queue.dropped == 7)
        queue.add(.error, "too much", [:])
        #expect(queue.dropped == 8)
        // It blocks, so nobody waits for it for long.
        await queue.end(within: .milliseconds(1))
        queue.add(.info, "after the end", [:])
        #expect(queue.dropped == 9)
        sink.open()
        try await eventually("all is written") {
            sink.written.withLock { $0.count } == 1 + LogQueue.maxLines + LogQueue.moreErrors
        }
        let written = sink.written.withLock { $0 }
        #expect(written.prefix(2) == ["first", "line 0"])
        let errors = written.dropFirst(1 + LogQueue.maxLines)
        #expect(errors.prefix(2) == ["error 0 7 dropped", "error 1"])
        #expect(written.count { $0.hasSuffix("dropped") } == 1)
    }

    @Test func theEndWaitsForTheLastLine() async throws {
        let lines = KeptLines()
        let queue = LogQueue(lines.logger)
        await queue.end(within: .seconds(60))
        #expect(lines.all.isEmpty)
        let other = LogQueue(lines.logger)
        for number in 0..<100 { other.add(.info, "line \(number)", [:]) }
        await other.end(within: .seconds(60))
        #expect(lines.all.map(\.text) == (0..<100).map { "line \($0)" })
    }

    /// Story: the driver called the logger, so a log that nobody took stopped consensus.
    @Test func aSinkThatBlocksStopsNothing() async throws {
        let directory = try NodeDirectory()
        try await directory.create()
        let sink = BlockedLines()
        try await running(try await directory.open(logger: sink.logger)) { node in
            for number in 0..<20 { try await node.append(payload(number)) }
            try await eventually("the sink has a line") { sink.reached.withLock { $0 } == 1 }
            #expect(sink.written.withLock { $0.isEmpty })
            #expect(try await node.everything().count == 20)
        }
        // The node has ended, and what it had to say is said when the sink takes it.
        sink.open()
        try await eventually("the rest is written") {
            sink.written.withLock { $0.last } == "shut down"
        }
    }
}
