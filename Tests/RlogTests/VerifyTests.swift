import Foundation
import NodeProcesses
import Platform
import ReplicatedLog
import TestSupport
import Testing

@Suite(.shared) struct VerifyTests {
    /// A log of so many payloads, each with a mark that can be found in the file.
    private func filled(_ directory: String, _ count: Int) async throws {
        try await withLog(directory) { node in
            for number in 0..<count {
                try await node.append(
                    Array("payload-\(number)-".utf8) + [UInt8](repeating: 7, count: 80)
                )
            }
        }
    }

    private func flip(_ text: String, in directory: String) throws {
        let file = "\(directory)/log.mdb"
        var bytes = try Data(contentsOf: URL(fileURLWithPath: file))
        let mark = Data(text.utf8)
        // A row is in the file more than once: pages are copied before they are changed.
        var from = bytes.startIndex
        var found = 0
        while let range = bytes.range(of: mark, in: from..<bytes.endIndex) {
            bytes[range.lowerBound] ^= 0x10
            from = range.upperBound
            found += 1
        }
        try #require(found > 0)
        try bytes.write(to: URL(fileURLWithPath: file))
    }

    @Test func aSoundLogHasNoFault() async throws {
        let scratch = try Scratch("rlog")
        let log = try scratch.log()
        try await filled(log, 20)
        let result = try Rlog.run("verify", log, "--json")
        #expect(result.status == 0, "\(result.errors)\(result.output)")
        let summary = try #require(result.objects().first)
        #expect(summary["faults"] as? Int == 0)
        #expect(summary["rows"] as? Int ?? 0 >= 20)
    }

    @Test func aFlippedByteIsNamedByItsSlot() async throws {
        let scratch = try Scratch("rlog")
        let log = try scratch.log()
        try await filled(log, 20)
        let slot = try #require(
            try Rlog.run("dump", log).objects().first { object in
                let text = object["payload_base64"] as? String
                let payload = text.flatMap { Data(base64Encoded: $0) }
                return payload?.starts(with: Data("payload-13-".utf8)) == true
            }?["slot"] as? Int
        )
        try flip("payload-13-", in: log)
        let result = try Rlog.run("verify", log, "--json")
        #expect(result.status == 1)
        let fault = try #require(result.objects().first)
        #expect(fault["fault"] as? String == "unreadable_row")
        #expect(fault["slot"] as? Int == slot)
        #expect(result.errorLines.count == 1)
        let row = try Rlog.run("dump", log, "--from", "\(slot)", "--to", "\(slot)").objects()[1]
        #expect(row["checksum_ok"] as? Bool == false)
        #expect(row["effective"] is NSNull)
        #expect(try Rlog.run("verify", log).output.contains("slot \(slot): unreadable_row"))
    }

    /// LMDB's own cursor follows such a page out of the map.
    @Test(arguments: [10, 13, 14, 17, 19])
    func aDamagedPageIsNamed(_ place: Int) async throws {
        let scratch = try Scratch("rlog")
        let log = try scratch.log()
        try await filled(log, 60)
        let file = "\(log)/log.mdb"
        var bytes = try Data(contentsOf: URL(fileURLWithPath: file))
        var from = bytes.startIndex
        while let range = bytes.range(of: Data("payload-30-".utf8), in: from..<bytes.endIndex) {
            let page = range.lowerBound / 4096 * 4096
            from = range.upperBound
            // LMDB leaves old bytes in the unused middle of a page: there it is no row.
            let nodes = page + Int(bytes[page + 14]) + Int(bytes[page + 15]) << 8
            if range.lowerBound > nodes { bytes[page + place] ^= 0x90 }
        }
        try bytes.write(to: URL(fileURLWithPath: file))
        let result = try Rlog.run("verify", log, "--json")
        #expect(result.status == 1, "\(result.errors)")
        let faults = try result.objects()
        #expect(faults.contains { $0["fault"] as? String == "damaged_tree" })
        // The rows behind it are missing, and said to be.
        #expect(faults.contains { $0["fault"] as? String == "missing_row" })
        let dumped = try Rlog.run("dump", log)
        #expect(dumped.status == 1)
        #expect(dumped.errorLines.count == 1)
    }

    @Test func aTruncatedFileIsRefused() async throws {
        let scratch = try Scratch("rlog")
        let log = try scratch.log()
        try await filled(log, 20)
        #expect(truncate("\(log)/log.mdb", 9_000) == 0)
        let result = try Rlog.run("verify", log, "--json")
        #expect(result.status == 3)
        #expect(try result.objects().first?["refused"] as? String == "truncated")
    }

    @Test func copiesAgreeAndTwinsDoNot() async throws {
        let scratch = try Scratch("rlog")
        let log = try scratch.log()
        try await filled(log, 20)
        let twin = "\(scratch.path)/twin"
        try FileManager.default.copyItem(atPath: log, toPath: twin)
        #expect(try Rlog.run("verify", log, twin).status == 0)
        // The same slots are committed with other payloads: what no two replicas may ever do.
        try await withLog(log) { node in try await node.append(Array("here".utf8)) }
        try await withLog(twin) { node in try await node.append(Array("there".utf8)) }
        let result = try Rlog.run("verify", log, twin, "--json")
        #expect(result.status == 1)
        let fault = try #require(
            result.objects().first { $0["fault"] as? String == "disagreement" }
        )
        #expect(fault["directory"] as? String == twin)
        #expect(fault["slot"] as? Int ?? 0 > 20)
    }

    /// Of what is trimmed there is still what it did: in two directories, and in a snapshot of its last slot.
    @Test func whatIsTrimmedIsComparedByWhatItDid() async throws {
        let scratch = try Scratch("rlog")
        let log = try scratch.log()
        try await filled(log, 20)
        let twin = "\(scratch.path)/twin"
        try FileManager.default.copyItem(atPath: log, toPath: twin)
        for (place, text) in [(log, "here"), (twin, "there")] {
            try await withLog(place) { node in
                let slot = try await node.append(Array(text.utf8))
                try await node.writeSnapshot(through: slot) { try $0.write([1]) }
                #expect(try await node.trim(through: slot).through == slot)
            }
        }
        let sound = try Rlog.run("verify", log)
        #expect(sound.status == 0, "\(sound)")
        let both = try Rlog.run("verify", log, twin, "--json")
        #expect(both.status == 1)
        let disagreement = try both.objects().first { $0["fault"] as? String == "disagreement" }
        #expect(disagreement?["directory"] as? String == twin)
        let name = try #require(
            try FileManager.default.contentsOfDirectory(atPath: twin)
                .first { $0.hasPrefix("snapshot-") }
        )
        try FileManager.default.removeItem(atPath: "\(log)/\(name)")
        try FileManager.default.copyItem(atPath: "\(twin)/\(name)", toPath: "\(log)/\(name)")
        let other = try Rlog.run("verify", log, "--json")
        #expect(other.status == 1)
        #expect(try other.objects().first?["fault"] as? String == "snapshot_differs")
    }

    @Test func otherClustersAreNotCompared() async throws {
        let scratch = try Scratch("rlog")
        let log = try scratch.log()
        let other = "\(scratch.path)/other"
        _ = try Rlog.run(
            "init",
            "--data",
            other,
            "--cluster",
            "else",
            "--id",
            "1",
            "--members",
            "1"
        )
        let result = try Rlog.run("verify", log, other, "--json")
        #expect(result.status == 1)
        #expect(
            try result.objects().contains { $0["fault"] as? String == "foreign_cluster" }
        )
    }
}
