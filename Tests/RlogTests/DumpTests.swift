import Foundation
import NodeProcesses
import ReplicatedLog
import TestSupport
import Testing

@Suite(.shared) struct DumpTests {
    @Test func showsWhatWasAppended() async throws {
        let scratch = try Scratch("rlog")
        let log = try scratch.log()
        let payloads = [Array("one".utf8), [], [0, 255, 10, 34], Array("four".utf8)]
        try await withLog(log) { node in
            for payload in payloads.prefix(2) { try await node.append(payload) }
            try await node.append(contentsOf: Array(payloads.suffix(2)))
        }
        let result = try Rlog.run("dump", log)
        #expect(result.status == 0)
        var objects = try result.objects()
        let head = objects.removeFirst()
        #expect(
            Set(head.keys) == ["promised", "last_round", "committed_slot", "trimmed_slot"]
        )
        #expect(head["promised"] as? String == "1.1")
        #expect(head["last_round"] as? Int == 1)
        #expect(head["trimmed_slot"] as? Int == 0)
        let commands = objects.filter { $0["kind"] as? String == "command" }
        #expect(
            commands.map { $0["payload_base64"] as? String } == [
                "b25l", "", "AP8KIg==", "Zm91cg==",
            ]
        )
        #expect(
            commands.map { $0["token"] as? String } == ["1-1-1", "1-1-2", "1-1-3", "1-1-3"]
        )
        for object in objects {
            #expect(
                Set(object.keys) == [
                    "slot", "ballot", "kind", "committed", "effective", "checksum_ok", "token",
                    "hash",
                    "payload_base64",
                ]
            )
            #expect(object["committed"] as? Bool == true)
            #expect(object["checksum_ok"] as? Bool == true)
            #expect(object["ballot"] as? String == "1.1")
            #expect((object["hash"] as? String)?.count == 16)
        }
        #expect(commands.allSatisfy { $0["effective"] as? Bool == true })
        #expect(Set(commands.compactMap { $0["hash"] as? String }).count == 4)
        let slots = commands.compactMap { $0["slot"] as? Int }
        #expect(head["committed_slot"] as? Int == slots.last)

        let part = try Rlog.run("dump", log, "--from", "\(slots[1])", "--to", "\(slots[2])")
        #expect(
            try part.objects().dropFirst().map { $0["slot"] as? Int } == Array(slots[1...2])
        )
        // The effect of a part is that of the whole.
        #expect(
            try part.objects().dropFirst().allSatisfy { $0["effective"] as? Bool == true }
        )
    }

    /// FNV-1a 64 of `command`, 0, `1-1-1`, 0, `a`: computed once by hand.
    @Test func theHashIsAsDocumented() async throws {
        let scratch = try Scratch("rlog")
        let log = try scratch.log()
        try await withLog(log) { node in try await node.append(Array("a".utf8)) }
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in Array("command\0".utf8) + Array("1-1-1\0a".utf8) {
            hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3
        }
        let shown = try Rlog.run("dump", log).objects().last?["hash"] as? String
        #expect(shown == String(format: "%016lx", hash))
    }
}
