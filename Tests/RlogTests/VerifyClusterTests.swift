import Foundation
import NodeProcesses
import ReplicatedLog
import ReplicatedLogTestKit
import TestSupport
import Testing

/// `rlog verify` over the directories of one cluster.
@Suite(.heavy, .serialized) struct VerifyClusterTests {
    /// A cluster of three that has appended so many payloads, and is closed.
    private func filled(_ directory: String, _ text: String) async throws -> FaultyCluster {
        let cluster = try await FaultyCluster(directory: directory)
        try await cluster.startAll()
        for number in 0..<30 {
            let node = try cluster.node(cluster.members[number % 3])
            let payload = Array("\(text) \(number)".utf8)
            _ = try await cluster.withTime { try await node.append(payload) }
        }
        // Until the last notice has been everywhere, so that all have the same watermark.
        // The leader hears of everybody.
        let isEverywhere = try await cluster.eventually {
            for member in cluster.members {
                let status = try cluster.node(member).status
                guard status.role == .leader, status.committedSlot >= 30 else { continue }
                return status.members.allSatisfy { $0.lag == 0 }
            }
            return false
        }
        #expect(isEverywhere)
        try await cluster.shutDownAll()
        return cluster
    }

    @Test func threeReplicasAgree() async throws {
        let scratch = try Scratch("rlog")
        let cluster = try await filled(scratch.path + "/a", "paid")
        let paths = cluster.members.map(cluster.directory)
        let result = try Rlog.run("verify", paths[0], paths[1], paths[2], "--json")
        #expect(result.status == 0, "\(result.errors)\(result.output)")
        let summaries = try result.objects()
        #expect(summaries.count == 3)
        #expect(summaries.allSatisfy { $0["faults"] as? Int == 0 })
        #expect(summaries.allSatisfy { $0["rows"] as? Int ?? 0 >= 30 })
    }

    /// The third directory is of another history of the same members: every slot that both have committed
    /// is named, and whose it is.
    @Test func aForgedReplicaIsFoundSlotBySlot() async throws {
        let scratch = try Scratch("rlog")
        let cluster = try await filled(scratch.path + "/a", "paid")
        let other = try await filled(scratch.path + "/b", "lost")
        let forged = other.directory(of: 3)
        let result = try Rlog.run(
            "verify",
            cluster.directory(of: 1),
            cluster.directory(of: 2),
            forged,
            "--json"
        )
        #expect(result.status == 1)
        let faults = try result.objects().filter { $0["fault"] as? String == "disagreement" }
        #expect(faults.count >= 30)
        #expect(faults.allSatisfy { $0["directory"] as? String == forged })
        let slots = faults.compactMap { $0["slot"] as? Int }
        #expect(slots == slots.sorted() && Set(slots).count == slots.count)
        let text = try Rlog.run("verify", cluster.directory(of: 1), forged)
        #expect(text.status == 1)
        #expect(text.output.contains("slot \(slots[0]): disagreement"))
    }
}
