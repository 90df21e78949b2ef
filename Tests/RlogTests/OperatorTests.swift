import FailingDisks
import Foundation
import NodeProcesses
import Platform
import TestSupport
import Testing

/// What people who operate such logs have met elsewhere, each as they would meet it.
@Suite(.heavy, .serialized, .tags(.slow)) struct OperatorTests {
    /// A directory with one entry, on a disk of its own; `nil` where none can be mounted.
    private static func log(on disk: SmallDisk) throws -> String {
        let directory = disk.mountPoint + "/n1"
        let identity = ["--cluster", "tests", "--id", "1", "--members", "1"]
        // The default reserve is nearly as large as the disk.
        let pipeline = ["--pipeline-bytes", "2097152", "--pipeline-slots", "1024"]
        let made = try Rlog.start(["init", "--data", directory] + identity + pipeline).wait()
        try #require(made.status == 0, "\(made.errors)")
        let node = try NodeProcess(["--data", directory])
        let append = node.ask("append", #","payload":"kept","timeout_ms":60000"#)
        #expect(append?.isCommitted == true)
        node.endInput()
        #expect(node.ending(within: .seconds(60)) == 0)
        return directory
    }

    /// The tools that only read, on that directory.
    private static func look(at directory: String) throws {
        let before = try FileManager.default.contentsOfDirectory(atPath: directory)
        for command in ["inspect", "dump", "verify"] {
            let result = try Rlog.run(command, directory)
            #expect(result.status == 0, "\(command): \(result.errors)")
            #expect(!result.wasKilled)
        }
        let rows = try Rlog.run("dump", directory).objects()
        #expect(rows.last?["payload_base64"] as? String == Data("kept".utf8).base64EncodedString())
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory) == before)
    }

    /// LMDB's lock file needs a block where the disk has none. Story: node and tools died by SIGBUS.
    @Test func aFullDiskWithoutALockFileIsRefusedAndCanBeRead() throws {
        let scratch = try Scratch("rlog")
        guard let disk = SmallDisk(below: scratch.path, mebibytes: 24) else { return }
        let directory = try Self.log(on: disk)
        try FileSystem.removeFile(directory + "/log.mdb-lock")
        disk.fill()
        let refused = try Rlog.run("node", "--data", directory)
        #expect(refused.status == 4, "\(refused.errors)")
        #expect(!refused.wasKilled)
        #expect(refused.errorLines.count == 1)
        try? FileSystem.removeFile(directory + "/log.mdb-lock")
        disk.fill()
        try Self.look(at: directory)
        try disk.free()
        let node = try NodeProcess(["--data", directory])
        #expect(waitUntil(.seconds(60)) { node.isReady })
        node.endInput()
        #expect(node.ending(within: .seconds(60)) == 0)
    }

    @Test func aDiskForReadingIsNamedAndCanBeRead() throws {
        let scratch = try Scratch("rlog")
        guard let disk = SmallDisk(below: scratch.path, mebibytes: 24) else { return }
        let directory = try Self.log(on: disk)
        guard disk.makeReadOnly() else { return }
        let refused = try Rlog.run("node", "--data", directory)
        #expect(refused.status == 3)
        #expect(try refused.objects().first?["refused"] as? String == "read_only")
        try Self.look(at: directory)
    }

    /// How early a disk that is hardly larger than the log is full follows from the pipeline, and what was
    /// refused is nowhere.
    @Test func aSmallDiskTakesWhatTheReserveLeaves() async throws {
        try await blocking {
            let scratch = try Scratch("rlog")
            guard let disk = SmallDisk(below: scratch.path, mebibytes: 24) else { return }
            let directory = try Self.log(on: disk)
            let node = try NodeProcess(["--data", directory])
            let payload = String(repeating: "q", count: 200_000)
            let appends = (0..<150).map { _ in
                node.send("append", #","payload":"\#(payload)","timeout_ms":120000"#)
            }
            let replies = appends.map { $0.wait(atMost: .seconds(180)) }
            let committed = replies.compactMap { $0?.isCommitted == true ? $0?.slot : nil }
            // Twelve of the twenty-four megabytes at least, after the reserve of five.
            #expect(committed.count >= 60)
            #expect(committed.count < 120)
            #expect(replies.allSatisfy { $0?.isCommitted == true || $0?.error == "full" })
            #expect(node.ask("status")?.health == "full")
            node.endInput()
            #expect(node.ending(within: .seconds(60)) == 0)
            let rows = try Rlog.run("dump", directory).objects().dropFirst()
            let shown = rows.filter { ($0["payload_base64"] as? String)?.count ?? 0 > 100_000 }
                .compactMap { $0["slot"] as? Int }
            // An append whose outcome is not known may be there too.
            let unknown = replies.count { $0?.outcome == "unknown" }
            #expect(Set(committed.map(Int.init)).isSubset(of: shown))
            #expect(shown.count <= committed.count + unknown)
        }
    }

    /// Story: nothing was logged when a leader was lost or a quorum missing.
    @Test func aPersonFindsInTheLogWhatHappened() async throws {
        try await blocking {
            let scratch = try Scratch("rlog")
            let path = scratch.path
            let seats = try Seat.all("logged", ports: try Loopback.freePorts(3)) { _ in path }
            let nodes = try seats.map { seat in
                try NodeProcess(
                    seat.arguments + ["--log-level", "info"],
                    errors: "\(path)/errors-\(seat.number)"
                )
            }
            func said(_ place: Int, _ text: String) -> Bool {
                let url = URL(fileURLWithPath: "\(path)/errors-\(place + 1)")
                return (try? String(contentsOf: url, encoding: .utf8))?.contains(text) ?? false
            }
            #expect(waitUntil(.seconds(60)) { (0..<3).contains { said($0, " leads") } })
            let leader = try #require((0..<3).first { said($0, " leads") })
            let others = (0..<3).filter { $0 != leader }
            #expect(waitUntil(.seconds(60)) { others.allSatisfy { said($0, "follows a leader") } })
            nodes[leader].signal(SIGKILL)
            // Of one kind there is a line a second: the loss may be left out for who leads next.
            #expect(waitUntil(.seconds(60)) { others.contains { said($0, " leads") } })
            nodes[others[0]].signal(SIGKILL)
            #expect(waitUntil(.seconds(60)) { said(others[1], "no leader: is a quorum") })
            nodes[others[1]].endInput()
            #expect(nodes[others[1]].ending(within: .seconds(60)) == 0)
            #expect(said(others[1], "shut down"))
        }
    }
}
