import Foundation
import NodeProcesses
import Platform
import ReplicatedLog
import TestSupport
import Testing

/// Snapshots as `inspect` and `verify` see them.
@Suite(.shared) struct SnapshotTests {
    /// Ten entries, and snapshots of slots 4 and 8.
    private func filled(_ directory: String) async throws {
        try await withLog(directory) { node in
            for number in 0..<10 { try await node.append(Array("entry \(number)".utf8)) }
            for slot in [4, 8] as [Slot] {
                try await node.writeSnapshot(through: slot) { writer in
                    try writer.write([UInt8](repeating: 7, count: 300_000))
                }
            }
        }
    }

    @Test func theyAreListedAndChecked() async throws {
        let scratch = try Scratch("rlog")
        let log = try scratch.log()
        #expect(try Rlog.run("inspect", log).output.contains("none"))
        try await filled(log)
        let found = try #require(try Rlog.run("inspect", log, "--json").objects().first)
        let snapshots = try #require(found["snapshots"] as? [[String: Any]])
        #expect(snapshots.map { $0["slot"] as? Int } == [8, 4])
        #expect(snapshots.map { $0["bytes"] as? Int } == [300_000, 300_000])
        #expect(try Rlog.run("inspect", log).output.contains("slot 8"))
        let sound = try Rlog.run("verify", log)
        #expect(sound.status == 0, "\(sound.errors)\(sound.output)")
    }

    @Test func damageIsNamed() async throws {
        let scratch = try Scratch("rlog")
        let log = try scratch.log()
        try await filled(log)
        let name = try #require(
            try FileSystem.listDirectory(log).last { $0.hasPrefix("snapshot-") }
        )
        let url = URL(fileURLWithPath: "\(log)/\(name)")
        var bytes = try Data(contentsOf: url)
        // The second chunk.
        bytes[290_000] ^= 1
        try bytes.write(to: url)
        let result = try Rlog.run("verify", log, "--json")
        #expect(result.status == 1)
        let fault = try #require(result.objects().first)
        #expect(fault["fault"] as? String == "damaged_snapshot")
        #expect(fault["slot"] as? Int == 8)
        // The head: it is listed without its length.
        bytes[9] ^= 0x80
        try bytes.write(to: url)
        let found = try #require(try Rlog.run("inspect", log, "--json").objects().first)
        let snapshots = try #require(found["snapshots"] as? [[String: Any]])
        #expect(snapshots[0]["bytes"] is NSNull)
    }
}
