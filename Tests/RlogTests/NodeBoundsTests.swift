import Foundation
import NodeProcesses
import Platform
import TestSupport
import Testing

/// One `rlog node` as a process that is asked for much, or that nobody listens to.
@Suite(.heavy, .serialized, .tags(.slow)) struct NodeBoundsTests {
    /// A node of three that is alone: what it is asked for stays without an answer.
    private static func lonely(in scratch: Scratch) throws -> NodeProcess {
        let ports = try Loopback.freePorts(3)
        let path = scratch.path
        let seats = try Seat.all("lonely", ports: ports) { _ in path }
        let node = try NodeProcess(seats[0].arguments)
        try #require(waitUntil(.seconds(60)) { node.isReady })
        return node
    }

    /// What is read comes in pages of about a megabyte, whoever asks for more.
    @Test func aReadIsAnsweredByPages() async throws {
        try await blocking {
            let scratch = try Scratch("rlog")
            let node = try NodeProcess(["--data", try scratch.log()])
            let payload = String(repeating: "y", count: 300_000)
            for _ in 0..<6 {
                let append = node.send("append", #","payload":"\#(payload)","timeout_ms":60000"#)
                #expect(append.wait(atMost: .seconds(120))?.isCommitted == true)
            }
            var next: UInt64 = 1
            var pages = 0
            while next <= 6 {
                let page = try #require(
                    node.ask("read", #","from":\#(next),"to":6"#, atMost: .seconds(120))
                )
                let entries = try #require(page.entries)
                let bytes = entries.map(\.payload.count).reduce(0, +)
                #expect(bytes < 2 << 20)
                #expect(entries.map(\.slot) == Array(next...(try #require(page.through))))
                next = try #require(page.through) + 1
                pages += 1
            }
            #expect(pages == 2)
            node.endInput()
            #expect(node.ending(within: .seconds(60)) == 0)
        }
    }

    /// It ends in order, says why, and the directory is free.
    @Test func aReaderThatIsGoneEndsTheNodeInOrder() async throws {
        try await blocking {
            let scratch = try Scratch("rlog")
            let directory = try scratch.log()
            signal(SIGPIPE, SIG_IGN)
            let process = Process()
            let (input, output, errors) = (Pipe(), Pipe(), Pipe())
            process.executableURL = URL(fileURLWithPath: Rlog.path)
            process.arguments = ["node", "--data", directory]
            process.standardInput = input
            process.standardOutput = output
            process.standardError = errors
            try process.run()
            #expect(!output.fileHandleForReading.availableData.isEmpty)
            try output.fileHandleForReading.close()
            let request = #"{"op":"append","id":1,"payload":"z"}"# + "\n"
            try input.fileHandleForWriting.write(contentsOf: Data(request.utf8))
            let said = errors.fileHandleForReading.readDataToEndOfFile()
            process.waitUntilExit()
            #expect(process.terminationReason == .exit)
            #expect(process.terminationStatus == 6)
            #expect(String(decoding: said, as: UTF8.self).contains("standard output"))
            let rows = try Rlog.run("dump", directory)
            #expect(rows.status == 0)
            #expect(rows.lines.count == 2)
        }
    }

    @Test func aReaderThatIsGoneEndsAToolInOrder() throws {
        let scratch = try Scratch("rlog")
        let directory = try scratch.log()
        let process = Process()
        let (output, errors) = (Pipe(), Pipe())
        process.executableURL = URL(fileURLWithPath: Rlog.path)
        process.arguments = ["inspect", directory]
        process.standardOutput = output
        process.standardError = errors
        try output.fileHandleForReading.close()
        try process.run()
        let said = errors.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        #expect(process.terminationReason == .exit)
        #expect(process.terminationStatus == 6)
        #expect(String(decoding: said, as: UTF8.self).contains("standard output"))
    }

    /// Requests that can have no answer hold an end up for one while, not for one after the other.
    @Test func anEndWithoutAQuorumHasOneDeadline() async throws {
        try await blocking {
            let scratch = try Scratch("rlog")
            let node = try Self.lonely(in: scratch)
            let append = node.send("append", #","payload":"x","timeout_ms":600000"#)
            let barrier = node.send("barrier", #","timeout_ms":600000"#)
            node.endInput()
            #expect(node.ending(within: .seconds(60)) == 0)
            #expect(append.reply?.outcome == "never" || append.reply?.outcome == "unknown")
            #expect(barrier.reply?.error == "closed")
        }
    }

    /// At the limit of descriptors connections wait and are counted; the node does not spin, and takes them
    /// again when there is room.
    @Test func theLimitOfDescriptorsIsMetCalmly() async throws {
        try await blocking {
            let scratch = try Scratch("rlog")
            let port = try Loopback.freePorts(1)[0]
            let node = try NodeProcess(
                ["--data", try scratch.log(), "--listen", "127.0.0.1:\(port)"],
                descriptors: 32
            )
            try #require(waitUntil(.seconds(60)) { node.isReady })
            func counter(_ name: String) -> UInt64 { node.ask("status")?.counter(name) ?? 0 }
            let begin = MonotonicClock.now()
            let sockets = (0..<48).compactMap { _ in Loopback.connecting(to: port) }
            #expect(waitUntil(.seconds(60)) { counter("accept_failures") >= 3 })
            let failures = counter("accept_failures")
            // It is asked again five times a second, and never earlier.
            #expect(Double(failures) <= begin.secondsAgo * 5 + 2)
            for socket in sockets { close(socket) }
            let stranger = try #require(Loopback.connecting(to: port))
            #expect(
                waitUntil(.seconds(60)) {
                    _ = Foundation.send(stranger, "GET /", 5, Int32(MSG_NOSIGNAL))
                    return counter("refused_not_the_protocol") > 0
                }
            )
            close(stranger)
            node.endInput()
            #expect(node.ending(within: .seconds(60)) == 0)
        }
    }

    #if os(Linux)
    /// Story: 1,500 appends of 400 KB handed in at once were all taken in, 601 MB.
    @Test func appendsWithoutAnAnswerStopTheInput() async throws {
        try await blocking {
            let scratch = try Scratch("rlog")
            let node = try Self.lonely(in: scratch)
            let payload = String(repeating: "z", count: 400_000)
            // 160 MB, more than the pipe takes: whoever writes waits until the node is gone.
            let writer = try PinnedThread(name: "writer") {
                for _ in 0..<400 {
                    node.send("append", #","payload":"\#(payload)","timeout_ms":600000"#) { _ in }
                }
            }
            var samples: [UInt64] = []
            _ = waitUntil(.seconds(60)) {
                Parker().park(timeout: .milliseconds(50))
                samples.append(node.anonymousResidentBytes ?? 0)
                return samples.count > 60 && samples.suffix(60).allSatisfy { $0 == samples.last }
            }
            // Half of what the inbox may hold, once as lines and once as payloads.
            #expect(samples.max() ?? 0 < 100 << 20)
            node.signal(SIGKILL)
            #expect(node.ending(within: .seconds(60)) == -SIGKILL)
            writer.join()
        }
    }
    #endif

    /// Story: `ulimit -f` killed an idle node by a signal, when its runway met it.
    @Test func aLimitOfFilesIsAFullDisk() async throws {
        try await blocking {
            let scratch = try Scratch("rlog")
            let directory = try scratch.log()
            var node = try NodeProcess(["--data", directory])
            let append = node.send("append", #","payload":"before","timeout_ms":60000"#)
            #expect(append.wait(atMost: .seconds(120))?.isCommitted == true)
            node.endInput()
            #expect(node.ending(within: .seconds(60)) == 0)
            // Twelve megabytes, or twenty-four, as the shell counts.
            node = try NodeProcess(["--data", directory], fileBlocks: 24_576)
            #expect(waitUntil(.seconds(60)) { node.ask("status")?.health == "full" })
            let refused = node.ask("append", #","payload":"z","timeout_ms":60000"#)
            #expect(refused?.outcome == "never")
            #expect(refused?.error == "full")
            let read = node.ask("read", #","from":1,"to":9"#)
            #expect(read?.entries?.map(\.payload) == [Data("before".utf8)])
            node.endInput()
            #expect(node.ending(within: .seconds(60)) == 0)
        }
    }
}
