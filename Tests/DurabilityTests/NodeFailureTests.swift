import FailingDisks
import Foundation
import NodeProcesses
import Platform
import TestSupport
import Testing

/// `rlog node` on a disk that fails.
@Suite(.alone) struct NodeFailureTests {
    /// Every request has its answer, the failed ones with the failure; the process is gone within two
    /// seconds of it with status 4, and what was acknowledged is in the directory.
    @Test(.tags(.slow), arguments: ["flush:40", "meta:30", "seal:30", "flush:61"])
    func aFlushThatFailsIsAnsweredAndEndsTheProcess(_ fault: String) async throws {
        let scratch = try Scratch("node-eio")
        guard let environment = PreloadedShim.environment(faults: "\(fault):EIO:\(scratch.path)")
        else { return }
        let directory = scratch.path + "/n1"
        let made = try Rlog.run(
            "init",
            "--data",
            directory,
            "--cluster",
            "failing",
            "--id",
            "1",
            "--members",
            "1"
        )
        try #require(made.status == 0)
        let node = try BuiltProgram(
            Rlog.path,
            ["node", "--data", directory],
            environment: environment,
            isDriven: true
        )
        node.read(lines: 1)
        var sent = 0
        while sent < 400, !node.said.contains("store_failed") {
            // Two at a time: one may be in a commit while the other waits.
            for id in sent..<sent + 2 {
                node.send(#"{"op":"append","id":"a\#(id)","payload":"p\#(id)"}"#)
            }
            sent += 2
            node.read(lines: 2)
        }
        let failed = MonotonicClock.now()
        node.send(#"{"op":"append","id":"after","payload":"after"}"#)
        node.send(#"{"op":"barrier","id":"barrier"}"#)
        let ending = node.wait()
        #expect(failed.duration(to: MonotonicClock.now()) < .seconds(2))
        #expect(!ending.wasKilled)
        #expect(ending.status == 4)
        #expect(ending.errorLines.count == 1, "\(ending.errorLines)")
        var acknowledged: [Int: String] = [:]
        var failures = 0
        for line in ending.wholeLines.dropFirst() {
            let value = try JSONSerialization.jsonObject(with: Data(line.utf8))
            let answer = try #require(value as? [String: Any])
            let id = try #require(answer["id"] as? String)
            if let slot = answer["slot"] as? Int {
                acknowledged[slot] = id
            } else {
                #expect(answer["error"] as? String == "store_failed", "\(line)")
                failures += 1
            }
        }
        #expect(failures > 0 && !acknowledged.isEmpty)
        // Those sent after the failure may find nobody who reads.
        #expect((sent...sent + 2).contains(acknowledged.count + failures))
        let dump = try Rlog.run("dump", directory)
        for (slot, id) in acknowledged {
            let payload = Data("p\(id.dropFirst())".utf8).base64EncodedString()
            let row = dump.lines.first { $0.contains(#""slot":\#(slot),"#) }
            #expect(row?.contains(payload) == true, "slot \(slot)")
        }
    }
}
