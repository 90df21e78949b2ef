import Foundation
import NodeProcesses
import Platform
import TestSupport
import Testing

/// `rlog backup` and `rlog restore`: of a process that goes on, and of what it leaves.
@Suite(.shared) struct BackupTests {
    /// What was acknowledged before it was copied is in the new cluster, though the node went on appending and trimming
    /// meanwhile and was killed afterwards.
    @Test func aLiveNodeComesBackAsAnotherCluster() async throws {
        try await blocking {
            let scratch = try Scratch()
            let log = try scratch.log()
            let backup = "\(scratch.path)/backup"
            let node = try NodeProcess(["--data", log])
            defer { node.signal(SIGKILL) }
            #expect(waitUntil(.seconds(60)) { node.isReady })
            var last: UInt64 = 0
            for number in 1...300 {
                last = try #require(node.ask("append", #","payload":"\#(number)""#)?.slot)
            }
            #expect(node.ask("trim", #","through":50"#)?.trimmedSlot == 50)
            let later = (301...400).map { node.send("append", #","payload":"\#($0)""#) }
            let copied = try Rlog.run("backup", log, backup, "--json")
            #expect(copied.status == 0, "\(copied.errors)\(copied.output)")
            let found = try #require(copied.objects().first)
            #expect(found["backup"] as? String == backup)
            #expect(found["trimmed_slot"] as? Int == 50)
            #expect(found["last_slot"] as? Int ?? 0 >= last)
            for reply in later { #expect(reply.wait(atMost: .seconds(60))?.isCommitted == true) }
            node.signal(SIGKILL)
            _ = node.ending(within: .seconds(60))
            try check(scratch, backup, last)
        }
    }

    private func check(_ scratch: Scratch, _ backup: String, _ last: UInt64) throws {
        let sound = try Rlog.run("verify", backup)
        #expect(sound.status == 0, "\(sound.errors)\(sound.output)")
        let inspected = try #require(try Rlog.run("inspect", backup, "--json").objects().first)
        #expect(inspected["backup"] as? Bool == true)
        #expect(try Rlog.run("inspect", backup).output.contains("never opened as this node"))
        let started = try Rlog.run("node", "--data", backup)
        #expect(started.status == 3)
        #expect(try started.objects().first?["refused"] as? String == "backup")
        let place = "\(scratch.path)/restored"
        let restored = try Rlog.run(
            "restore",
            "--data",
            place,
            "--from",
            backup,
            "--cluster",
            "other",
            "--json"
        )
        #expect(restored.status == 0, "\(restored.errors)")
        #expect(restored.errors.contains("NEW cluster other"))
        #expect(try restored.objects().first?["cluster"] as? String == "other")
        let again = try Rlog.run("verify", place)
        #expect(again.status == 0, "\(again.errors)\(again.output)")
        let node = try NodeProcess(["--data", place])
        defer { node.signal(SIGKILL) }
        #expect(waitUntil(.seconds(60)) { node.isReady })
        #expect(node.ask("append", #","payload":"new""#)?.slot ?? 0 > last)
        let read = try #require(node.ask("read", #","from":51,"to":\#(last)"#)?.entries)
        #expect(read.map(\.payload) == (51...last).map { Data("\($0)".utf8) })
        #expect(node.ask("shutdown")?.event == "closed")
        #expect(node.ending(within: .seconds(60)) == 0)
    }

    @Test func whatMakesNoSenseIsRefused() async throws {
        let scratch = try Scratch()
        let log = try scratch.log()
        let place = "\(scratch.path)/new"
        let cases: [(arguments: [String], status: Int32, reason: String)] = [
            (["backup", "\(scratch.path)/none", place], 3, "missing_directory"),
            (["backup", log, log], 3, "not_empty"),
            (["restore", "--data", place, "--from", log, "--cluster", "tests"], 2, "same_cluster"),
            (["restore", "--data", log, "--from", log, "--cluster", "other"], 3, "not_empty"),
            (
                ["restore", "--data", place, "--from", scratch.path, "--cluster", "other"], 3,
                "not_a_log"
            ),
        ]
        for (arguments, status, reason) in cases {
            let result = try Rlog.start(arguments + ["--json"]).wait()
            #expect(result.status == status, "\(arguments): \(result.errors)")
            // Only a refusal has a name.
            let refused = try result.objects().first?["refused"] as? String
            #expect(refused == (status == 3 ? reason : nil), "\(arguments)")
            #expect(result.errorLines.count == 1, "\(arguments)")
        }
        for arguments in [
            ["backup", log], ["restore", "--data", place], ["backup", log, place, "--compact"],
            ["restore", "--data", "", "--from", log, "--cluster", "o"],
            ["restore", "--data", place, "--from", log, "--cluster", "o", "--id", "0"],
        ] {
            #expect(try Rlog.start(arguments).wait().status == 2, "\(arguments)")
        }
        #expect(try FileSystem.listDirectory(scratch.path) == ["n1"])
        // An empty log is a log too.
        let copied = try Rlog.run("backup", log, place)
        #expect(copied.status == 0 && copied.output.contains("committed through slot 0"))
    }
}
