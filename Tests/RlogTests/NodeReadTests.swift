import Foundation
import NodeProcesses
import Platform
import TestSupport
import Testing

/// `rlog node` asked for more than is taken from it, line by line.
@Suite(.heavy, .serialized, .tags(.slow)) struct NodeReadTests {
    private static func read(_ id: String) -> String {
        #"{"op":"read","id":"\#(id)","from":1,"to":4}"#
    }

    /// Twelve pages are asked for in one write, and other things behind them: those are answered while the pages
    /// are being written. Story: two reads of 60 MB kept every other request waiting for four seconds.
    @Test func shortAnswersOvertakePages() async throws {
        try await blocking {
            let scratch = try Scratch("rlog")
            let node = try RawNode(try RawNode.page(in: scratch))
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
            let scratch = try Scratch("rlog")
            let node = try RawNode(try RawNode.page(in: scratch))
            #expect(try node.reply().event == "ready")
            // 2.4 GB of pages, in requests that the pipe alone cannot hold.
            let name = String(repeating: "r", count: 200)
            try node.send((0..<2_000).map { Self.read("\(name)\($0)") })
            #expect(try node.settledResidentBytes() < 256 << 20)
            node.kill()
        }
    }

    /// Story: each of a thousand subscriptions that nobody read held a page, and an event as text.
    @Test func subscriptionsThatNobodyReadsHoldFewEvents() async throws {
        try await blocking {
            let scratch = try Scratch("rlog")
            let node = try RawNode(try RawNode.page(in: scratch))
            #expect(try node.reply().event == "ready")
            try node.send(
                (0..<1_000).map { #"{"op":"subscribe","id":"s\#($0)","from":1}"# }
            )
            #expect(try node.settledResidentBytes() < 256 << 20)
            // They go on where they stood when somebody reads.
            var seen: [String: [UInt64]] = [:]
            for _ in 0..<100 {
                let reply = try node.reply()
                #expect(reply.event == "entry")
                seen[reply.id?.text ?? "", default: []].append(try #require(reply.slot))
            }
            for slots in seen.values { #expect(slots == Array([1, 2, 3, 4].prefix(slots.count))) }
            node.kill()
        }
    }
    #endif
}
