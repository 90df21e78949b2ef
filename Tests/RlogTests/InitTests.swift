import Foundation
import NodeProcesses
import Platform
import ReplicatedLog
import TestSupport
import Testing

@Suite(.shared) struct InitTests {
    @Test func makesADirectoryThatInspectKnows() throws {
        let scratch = try Scratch("rlog")
        let made = try Rlog.run(
            "init",
            "--data",
            "\(scratch.path)/deep/n2",
            "--cluster",
            "orders",
            "--id",
            "2",
            "--members",
            "3,1,2",
            "--json"
        )
        #expect(made.status == 0)
        #expect(try made.objects().first?["id"] as? Int == 2)
        let shown = try Rlog.run("inspect", "\(scratch.path)/deep/n2", "--json")
        #expect(shown.status == 0)
        let answer = try #require(shown.objects().first)
        #expect(answer["cluster"] as? String == "orders")
        #expect(answer["node"] as? Int == 2)
        #expect(answer["members"] as? [Int] == [1, 2, 3])
        #expect(answer["promised"] as? String == "0.0")
        #expect(answer["committed_slot"] as? Int == 0)
        #expect(answer["format_version"] as? Int == 10)
        #expect((answer["incarnation"] as? String)?.count == 32)
        let table = try Rlog.run("inspect", "\(scratch.path)/deep/n2")
        #expect(table.output.contains("orders"))
    }

    @Test func refusesWhatIsNotEmpty() throws {
        let scratch = try Scratch("rlog")
        let log = try scratch.log()
        let again = try Rlog.run(
            "init",
            "--data",
            log,
            "--cluster",
            "c",
            "--id",
            "1",
            "--members",
            "1",
            "--json"
        )
        #expect(again.status == 3)
        #expect(try again.objects().first?["refused"] as? String == "not_empty")
        #expect(try Rlog.run("verify", log).status == 0)
    }

    @Test func aForeignDirectoryIsRefused() throws {
        let scratch = try Scratch("rlog")
        for command in ["inspect", "dump", "verify"] {
            let result = try Rlog.run(command, scratch.path, "--json")
            #expect(result.status == 3)
            #expect(try result.objects().first?["refused"] as? String == "not_a_log")
        }
    }

    @Test func aHeldDirectoryIsRefused() async throws {
        let scratch = try Scratch("rlog")
        let log = try scratch.log()
        let node = try await openLog(log)
        for command in ["inspect", "dump", "verify"] {
            let result = try Rlog.run(command, log, "--json")
            #expect(result.status == 3)
            #expect(try result.objects().first?["refused"] as? String == "directory_in_use")
        }
        await node.shutdown()
        #expect(try Rlog.run("verify", log).status == 0)
    }
}

/// Opens what `Scratch.log` made.
func openLog(_ directory: String) async throws -> LogNode {
    let configuration = LogNode.Configuration(
        cluster: try ClusterID("tests"),
        node: 1,
        membership: try Membership([1])
    )
    return try await LogNode.open(configuration, directory: directory)
}

/// Runs `body` on a running node and shuts it down.
func withLog(_ directory: String, _ body: (LogNode) async throws -> Void) async throws {
    let node = try await openLog(directory)
    async let running: Void = node.run()
    try await body(node)
    await node.shutdown()
    try await running
}
