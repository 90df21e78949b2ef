import Foundation
import NodeProcesses
import Platform
import TestSupport
import Testing

/// One `rlog node` as a process: what it answers, refuses and ends with.
@Suite(.heavy) struct NodeTests {
    @Test func itAnswersEveryRequest() async throws {
        try await blocking {
            let scratch = try Scratch("rlog")
            let slots = Locked<[UInt64]>([])
            let node = try NodeProcess(["--data", try scratch.log()]) { event in
                slots.withLock { $0 += [event.slot].compactMap { $0 } }
            }
            #expect(waitUntil(.seconds(60)) { node.isReady })
            let first = try #require(node.ask("append", #","payload":"a\u00e4\n""#))
            #expect(first.isCommitted)
            #expect(first.slot == 1)
            let batch = try #require(node.ask("append_batch", #","payloads":["b","c"]"#))
            #expect(batch.firstSlot == 2)
            #expect(batch.lastSlot == 3)
            let encoded = try #require(node.ask("append", #","payload_base64":"AP8=""#))
            #expect(encoded.slot == 4)
            #expect(node.ask("barrier")?.slot == 4)
            let read = try #require(node.ask("read", #","from":1,"to":100"#))
            let payloads = try #require(read.entries).map(\.payload)
            #expect(payloads == ["aä\n", "b", "c"].map { Data($0.utf8) } + [Data([0, 0xFF])])
            node.subscribe(from: 2)
            #expect(waitUntil(.seconds(60)) { slots.withLock({ $0 }) == [2, 3, 4] })
            _ = node.ask("append", #","payload":"d""#)
            #expect(waitUntil(.seconds(60)) { slots.withLock({ $0 }) == [2, 3, 4, 5] })
            let status = try #require(node.ask("status"))
            #expect(status.role == "leader")
            #expect(status.cluster == "tests")
            #expect(status.counter("rows") == 5)
            Self.leadsAndExplains(node)
            #expect(node.ask("resolve", #","token":"1-1-1""#)?.slot == 1)
            #expect(node.ask("resolve", #","token":"1-1-2""#)?.lastSlot == 3)
            #expect(node.ask("resolve", #","token":"1-1-99""#)?.error == "no_such_token")
            Self.keepsAPlace(node)
            #expect(node.ask("trim", #","through":9"#)?.error == "not_committed")
            let trim = try #require(node.ask("trim", #","through":3"#))
            #expect(trim.trimmedSlot == 3)
            #expect(trim.heldBack == nil)
            #expect(node.ask("status")?.trimmedSlot == 3)
            #expect(node.ask("read", #","from":3,"to":5"#)?.error == "trimmed")
            Self.asksForSlots(node)
            #expect(node.ask("snapshot", #","through":5,"payload":"state""#)?.slot == 5)
            #expect(node.ask("shutdown")?.event == "closed")
            #expect(node.ending(within: .seconds(60)) == 0)
        }
    }

    /// It is the only member: it leads, and nothing keeps it from going on.
    private static func leadsAndExplains(_ node: NodeProcess) {
        #expect(node.ask("transfer", #","to":1"#)?.leader == 1)
        #expect(node.ask("transfer", #","to":2"#)?.error == "no_such_member")
        #expect(node.ask("explain")?.explanations?.isEmpty == true)
    }

    /// The log ends with slot 5: the next one is to be had, and it alone.
    private static func asksForSlots(_ node: NodeProcess) {
        let taken = node.ask("append", #","payload":"e","expected_slot":5"#)
        #expect(taken?.outcome == "never" && taken?.error == "slot_taken")
        #expect(node.ask("append", #","payload":"e","expected_slot":6"#)?.slot == 6)
        let batch = node.ask("append_batch", #","payloads":["f","g"],"expected_slot":7"#)
        #expect(batch?.lastSlot == 8)
        let far = node.ask("append_batch", #","payloads":["h"],"expected_slot":99"#)
        #expect(far?.outcome == "never" && far?.error == "slot_taken")
        #expect(node.ask("append", #","payload":"e","key":"k""#)?.error == "unsupported")
    }

    /// A cursor holds a trim back until it has passed, and is gone when removed.
    private static func keepsAPlace(_ node: NodeProcess) {
        #expect(node.ask("cursor", #","name":"mail""#)?.slot == 0)
        #expect(node.ask("cursor", #","name":"mail","slot":2"#)?.slot == 2)
        #expect(node.ask("cursor", #","name":"mail","slot":9"#)?.error == "not_delivered")
        let held = node.ask("trim", #","through":3"#)
        #expect(held?.trimmedSlot == 2)
        #expect(held?.heldBack == "cursor")
        #expect(node.ask("cursor", #","name":"mail","remove":true"#)?.error == nil)
        #expect(node.ask("wait", #","slot":5"#)?.slot == 5)
        #expect(node.ask("wait", #","slot":99,"timeout_ms":1"#)?.error == "timed_out")
        #expect(node.ask("snapshot", #","through":99,"payload":"s""#)?.error == "not_delivered")
    }

    /// What happens is told from the moment on that `watching` names, until somebody unsubscribes.
    @Test func eventsAreToldAsTheyHappen() async throws {
        try await blocking {
            let scratch = try Scratch("rlog")
            let told = Locked<[String]>([])
            let node = try NodeProcess(["--data", try scratch.log()]) { event in
                told.withLock { $0.append(event.event ?? "nothing") }
            }
            #expect(waitUntil(.seconds(60)) { node.isReady })
            #expect(node.ask("append", #","payload":"a""#)?.slot == 1)
            node.send(line: #"{"op":"events","id":"\#(NodeProcess.subscription)"}"#)
            // Of a disk that is slow is told too, whenever it is.
            func isTold(_ events: [String]) -> Bool {
                told.withLock { $0.filter { !$0.hasPrefix("disk_") } } == events
            }
            #expect(waitUntil(.seconds(60)) { isTold(["watching"]) })
            #expect(node.ask("trim", #","through":1"#)?.trimmedSlot == 1)
            #expect(waitUntil(.seconds(60)) { isTold(["watching", "trimmed"]) })
            #expect(node.ask("shutdown")?.event == "closed")
            #expect(node.ending(within: .seconds(60)) == 0)
            #expect(node.strange.isEmpty)
        }
    }

    @Test func aLineThatAsksForNothingIsSaidToAndNothingHappens() async throws {
        let lines = [
            "garbage", "[]", "{}", #"{"op":"append","id":"1"}"#, #"{"op":"append","payload":"x"}"#,
            #"{"op":"fly","id":"1"}"#, #"{"op":"cursor","id":"1"}"#,
            #"{"op":"cursor","id":"1","name":"a b"}"#, #"{"op":"append","id":"1","payload":"x"} x"#,
            #"{"op":"append","id":"1","payload":1}"#, #"{"op":"read","id":"1","from":2,"to":1}"#,
            #"{"op":"append","id":"1","payload_base64":"A"}"#,
            #"{"op":"read","id":"1","from":0,"to":1}"#,
            #"{"op":"append","id":"1","payload":"\ud800"}"#, String(repeating: "[", count: 100_000),
        ]
        try await blocking {
            let scratch = try Scratch("rlog")
            let node = try NodeProcess(["--data", try scratch.log()])
            for line in lines { node.send(line: line) }
            #expect(waitUntil(.seconds(60)) { node.strange.count == lines.count })
            #expect(node.ask("append", #","payload":"x""#)?.slot == 1)
            node.endInput()
            #expect(node.ending(within: .seconds(60)) == 0)
        }
    }

    @Test func refusalsHaveTheirStatus() throws {
        let scratch = try Scratch("rlog")
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
            let scratch = try Scratch("rlog")
            let port = try Loopback.freePorts(1)[0]
            let first = try NodeProcess([
                "--data", try scratch.log(), "--listen", "127.0.0.1:\(port)",
            ])
            #expect(waitUntil(.seconds(60)) { first.isReady })
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
            #expect(first.ending(within: .seconds(60)) == 0)
        }
    }

    /// Every acknowledgement that left is true of the directory afterwards.
    @Test func sigtermUnderLoadLosesNothing() async throws {
        try await blocking {
            let scratch = try Scratch("rlog")
            let directory = try scratch.log()
            let node = try NodeProcess(["--data", directory])
            #expect(waitUntil(.seconds(60)) { node.isReady })
            let appends = (0..<2_000).map { node.send("append", #","payload":"p\#($0)""#) }
            #expect(waitUntil(.seconds(60)) { appends[100].isOver })
            node.signal(SIGTERM)
            #expect(node.ending(within: .seconds(60)) == 0)
            let rows = try Rlog.run("dump", directory).objects().dropFirst()
            let stored = Set(rows.compactMap { $0["slot"] as? UInt64 })
            let acknowledged = appends.compactMap { $0.reply?.slot }
            #expect(acknowledged.count > 100)
            #expect(stored.isSuperset(of: acknowledged))
        }
    }
}
