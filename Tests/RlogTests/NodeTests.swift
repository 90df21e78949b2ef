import Foundation
import Platform
import Testing

/// One `rlog node` as a process: what it answers, refuses and ends with.
@Suite struct NodeTests {
    @Test func itAnswersEveryRequest() async throws {
        try await blocking {
            let scratch = try Scratch()
            let node = try NodeClient(["--data", try scratch.log()])
            #expect(waitUntil(10) { node.isReady })
            let first = try #require(node.ask("append", #","payload":"a\u00e4\n""#))
            #expect(first["outcome"] as? String == "committed")
            #expect(first["slot"] as? Int == 1)
            let batch = try #require(node.ask("append_batch", #","payloads":["b","c"]"#))
            #expect(batch["first_slot"] as? Int == 2)
            #expect(batch["last_slot"] as? Int == 3)
            let encoded = try #require(node.ask("append", #","payload_base64":"AP8=""#))
            #expect(encoded["slot"] as? Int == 4)
            #expect(node.ask("barrier")?["slot"] as? Int == 4)
            let read = try #require(node.ask("read", #","from":1,"to":100"#))
            let entries = try #require(read["entries"] as? [[String: Any]])
            let payloads = entries.compactMap { $0["payload_base64"] as? String }
            #expect(payloads == [Data("aä\n".utf8).base64EncodedString(), "Yg==", "Yw==", "AP8="])
            node.send(line: #"{"op":"subscribe","id":"s","from":2}"#)
            #expect(waitUntil(10) { node.slots(of: "s") == [2, 3, 4] })
            _ = node.ask("append", #","payload":"d""#)
            #expect(waitUntil(10) { node.slots(of: "s") == [2, 3, 4, 5] })
            let status = try #require(node.ask("status"))
            #expect(status["role"] as? String == "leader")
            #expect(status["cluster"] as? String == "tests")
            #expect((status["counters"] as? [String: Any])?["rows"] as? Int == 5)
            for operation in ["resolve", "trim", "transfer"] {
                #expect(node.ask(operation)?["error"] as? String == "unsupported")
            }
            let conditional = node.ask("append", #","payload":"e","expected_slot":9"#)
            #expect(conditional?["error"] as? String == "unsupported")
            #expect(node.ask("shutdown")?["event"] as? String == "closed")
            #expect(node.exit(within: 5) == 0)
        }
    }

    @Test func aLineThatAsksForNothingIsSaidToAndNothingHappens() async throws {
        let lines = [
            "garbage", "[]", "{}", #"{"op":"append","id":"1"}"#, #"{"op":"append","payload":"x"}"#,
            #"{"op":"fly","id":"1"}"#, #"{"op":"append","id":"1","payload":"x"} x"#,
            #"{"op":"append","id":"1","payload":1}"#, #"{"op":"read","id":"1","from":2,"to":1}"#,
            #"{"op":"append","id":"1","payload_base64":"A"}"#,
            #"{"op":"read","id":"1","from":0,"to":1}"#,
            #"{"op":"append","id":"1","payload":"\ud800"}"#, String(repeating: "[", count: 100_000),
        ]
        try await blocking {
            let scratch = try Scratch()
            let node = try NodeClient(["--data", try scratch.log()])
            for line in lines { node.send(line: line) }
            #expect(waitUntil(10) { node.errors.count == lines.count })
            #expect(node.ask("append", #","payload":"x""#)?["slot"] as? Int == 1)
            node.endInput()
            #expect(node.exit(within: 5) == 0)
        }
    }

    @Test func refusalsHaveTheirStatus() throws {
        let scratch = try Scratch()
        let missing = try Rlog.run("node", "--data", "\(scratch.path)/nowhere")
        #expect(missing.status == 3)
        #expect(try missing.objects().first?["refused"] as? String == "missing_directory")
        #expect(!FileManager.default.fileExists(atPath: "\(scratch.path)/nowhere"))
        let stranger = try Rlog.run(
            "node",
            "--data",
            try scratch.log(),
            "--listen",
            "127.0.0.1:0",
            "--peer",
            "2=127.0.0.1:1"
        )
        #expect(stranger.status == 2)
        #expect(stranger.errorLines.count == 1)
        let wrong = try Rlog.run("node", "--data", "\(scratch.path)/n1", "--peer", "2=nowhere")
        #expect(wrong.status == 2)
    }

    @Test func anAddressInUseAndAHeldDirectoryAreRefused() async throws {
        try await blocking {
            let scratch = try Scratch()
            let port = try freePorts(1)[0]
            let first = try NodeClient([
                "--data", try scratch.log(), "--listen", "127.0.0.1:\(port)",
            ])
            #expect(waitUntil(10) { first.isReady })
            let address = try Rlog.run(
                "node",
                "--data",
                try scratch.log("other"),
                "--listen",
                "127.0.0.1:\(port)"
            )
            #expect(address.status == 3)
            #expect(try address.objects().first?["refused"] as? String == "address_in_use")
            let held = try Rlog.run("node", "--data", "\(scratch.path)/n1")
            #expect(held.status == 3)
            #expect(try held.objects().first?["refused"] as? String == "directory_in_use")
            first.endInput()
            #expect(first.exit(within: 5) == 0)
        }
    }

    /// Every acknowledgement that left is true of the directory afterwards.
    @Test func sigtermUnderLoadLosesNothing() async throws {
        try await blocking {
            let scratch = try Scratch()
            let directory = try scratch.log()
            let node = try NodeClient(["--data", directory])
            #expect(waitUntil(10) { node.isReady })
            let ids = (0..<2_000).map { node.send("append", #","payload":"p\#($0)""#) }
            #expect(waitUntil(10) { node.answer(to: ids[100]) != nil })
            node.interrupt(SIGTERM)
            #expect(node.exit(within: 5) == 0)
            let rows = try Rlog.run("dump", directory).objects().dropFirst()
            let stored = Set(rows.compactMap { $0["slot"] as? Int })
            let acknowledged = ids.compactMap { node.answer(to: $0)?["slot"] as? Int }
            #expect(acknowledged.count > 100)
            #expect(stored.isSuperset(of: acknowledged))
        }
    }
}

/// Ports that nobody listens on at the moment.
func freePorts(_ count: Int) throws -> [UInt16] {
    let sockets = (0..<count).map { _ in socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0) }
    defer { for descriptor in sockets { close(descriptor) } }
    return try sockets.map { descriptor in
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { general in
                bind(descriptor, general, size) == 0 ? getsockname(descriptor, general, &size) : -1
            }
        }
        try #require(status == 0)
        return UInt16(bigEndian: address.sin_port)
    }
}
