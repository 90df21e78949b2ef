import Foundation
import NodeProcesses
import Platform
import ReplicatedLog
import TestSupport
import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// What operators and disks do to directories, met by the commands as processes.
@Suite(.shared) struct OfflineTests {
    private func filled(_ directory: String) async throws {
        try await withLog(directory) { node in
            for number in 0..<60 {
                try await node.append(
                    Array("payload-\(number)-".utf8) + [UInt8](repeating: 7, count: 400)
                )
            }
        }
    }

    /// A leaf that holds the payload turns into a page of another kind: one bit of its header. Older copies of
    /// the page too, which nobody reads.
    private func damageLeaf(holding text: String, in directory: String) throws {
        let file = "\(directory)/log.mdb"
        var bytes = try Data(contentsOf: URL(fileURLWithPath: file))
        var from = bytes.startIndex
        var found = 0
        while let range = bytes.range(of: Data(text.utf8), in: from..<bytes.endIndex) {
            let page = range.lowerBound / 4096 * 4096
            from = min(bytes.endIndex, page + 4096)
            // Between the keys and the rows of a page stands what it held before: the page is of other things now.
            let upper = Int(bytes[page + 14]) | Int(bytes[page + 15]) << 8
            guard range.lowerBound - page >= upper else { continue }
            bytes[page + 10] = 6
            found += 1
        }
        try #require(found > 0)
        try bytes.write(to: URL(fileURLWithPath: file))
    }

    /// What keeps a node that is at rest from going on: it does not run, and what was never met or decided.
    @Test func aDirectoryExplainsItself() async throws {
        let scratch = try Scratch("rlog")
        let log = try scratch.log()
        try await filled(log)
        let text = try Rlog.run("explain", log)
        #expect(text.status == 0)
        #expect(text.output == "no leader: the node does not run; run it, or open it again\n")
        let one = try Rlog.run("explain", "--json", log)
        let start = #"{"subject":"leadership","member":null,"cause":"not_running""#
        #expect(one.output.hasPrefix(start))
        let founder = scratch.path + "/founder"
        let made = try Rlog.run(
            "init",
            "--data",
            founder,
            "--cluster",
            "c",
            "--id",
            "1",
            "--members",
            "1,2,3"
        )
        #expect(made.status == 0)
        let unmet = try Rlog.run("explain", founder)
        #expect(unmet.output.contains("members 2, 3 and this node have not met"))
        #expect(try Rlog.run("explain", scratch.path + "/nothing").status == 3)
    }

    /// A log whose beginning is gone is whole: its rows begin behind the trim point, and what they do is decided
    /// by the base beside it.
    @Test func aTrimmedLogIsWhole() async throws {
        let scratch = try Scratch("rlog")
        let log = try scratch.log()
        try await filled(log)
        try await withLog(log) { node in
            let end = try await node.barrier()
            #expect(try await node.trim(through: 25).through == 25)
            #expect(try await node.append([1]) > end)
        }
        let verify = try Rlog.run("verify", log)
        #expect(verify.status == 0, "\(verify)")
        let dump = try Rlog.run("dump", log)
        #expect(dump.status == 0)
        let lines = try dump.objects()
        #expect(lines.first?["trimmed_slot"] as? Int == 25)
        #expect(lines.dropFirst().first?["slot"] as? Int == 26)
        #expect(lines.dropFirst().allSatisfy { $0["checksum_ok"] as? Bool == true })
    }

    /// `dump` ended with 0 although its first line said that more was committed; a subscription went over
    /// the gap.
    @Test func aDamagedLeafIsMetByEveryCommand() async throws {
        let scratch = try Scratch("rlog")
        let log = try scratch.log()
        try await filled(log)
        let committed = try #require(
            try Rlog.run("dump", log).objects().first?["committed_slot"] as? Int
        )
        try damageLeaf(holding: "payload-30-", in: log)
        let dump = try Rlog.run("dump", log)
        #expect(dump.status == 1)
        let rows = try dump.objects().dropFirst()
        #expect(rows.compactMap { $0["slot"] as? Int } == Array(1...committed))
        let missing = rows.filter { $0["checksum_ok"] as? Bool == false }
            .compactMap { $0["slot"] as? Int }
        let first = try #require(missing.first)
        #expect(missing == Array(first...first + missing.count - 1))
        #expect(dump.errors.contains("damaged"))
        let verify = try Rlog.run("verify", log, "--json")
        #expect(verify.status == 1)
        #expect(
            try verify.objects().contains {
                $0["fault"] as? String == "missing_row" && $0["slot"] as? Int == first
            }
        )
        try await blocking {
            let slots = Locked<[Int]>([])
            let end = Locked<Int?>(nil)
            let node = try NodeProcess(["--data", log]) { event in
                if event.error == "unreadable" {
                    end.withLock { $0 = event.slot.map(Int.init) }
                } else if let slot = event.slot {
                    slots.withLock { $0.append(Int(slot)) }
                }
            }
            #expect(waitUntil(.seconds(60)) { node.isReady })
            node.subscribe(from: 1)
            #expect(waitUntil(.seconds(60)) { end.withLock { $0 } != nil })
            #expect(end.withLock { $0 } == first)
            #expect(slots.withLock { $0 } == Array(1..<first))
            let status = try #require(node.ask("status", atMost: .seconds(60)))
            #expect(status.health == "damaged")
            #expect(status.counter("unreadable_reads") ?? 0 > 0)
            // What stands behind is served.
            let read = #","from":\#(first + missing.count),"to":\#(committed)"#
            let rest = try #require(node.ask("read", read, atMost: .seconds(60)))
            #expect(rest.entries?.count == committed - first - missing.count + 1)
            let appended = node.ask("append", #","payload":"x""#, atMost: .seconds(60))
            #expect(appended?.isCommitted ?? false)
            #expect(node.stop())
        }
    }

    @Test func lookingLeavesNothingBehind() async throws {
        let scratch = try Scratch("rlog")
        let log = try scratch.log()
        try await filled(log)
        for name in ["log.mdb-lock", "log.mdb-owner"] {
            try FileSystem.removeFile(log + "/" + name)
        }
        for command in ["inspect", "dump", "verify"] {
            #expect(try Rlog.run(command, log).status == 0)
        }
        #expect(try FileSystem.listDirectory(log) == ["log.mdb"])
    }

    /// It acknowledged on, and nothing was there when it had ended.
    @Test func aRemovedDirectoryEndsTheNode() async throws {
        try await blocking {
            let scratch = try Scratch("rlog")
            let log = try scratch.log()
            let errors = scratch.path + "/errors"
            let node = try NodeProcess(["--data", log], errors: errors)
            #expect(waitUntil(.seconds(60)) { node.isReady })
            func append() -> NodeProcesses.Reply? {
                node.ask("append", #","payload":"x""#, atMost: .seconds(60))
            }
            #expect(append()?.isCommitted ?? false)
            try FileSystem.removeTree(log)
            // However busy it is: it looks once a second, and takes nothing more when it has seen that.
            let limit = MonotonicClock.now().advanced(by: .seconds(60))
            while append()?.isCommitted == true, MonotonicClock.now() < limit {}
            let more = append()
            #expect(more?.isCommitted != true)
            #expect(more?.slot == nil)
            #expect(node.ending(within: .seconds(60)) == 4)
            let said = try String(contentsOfFile: errors, encoding: .utf8)
            #expect(said.contains("removed or replaced"), "\(said)")
        }
    }

    @Test func anAddressSpaceTooSmallForTheMapIsNamed() throws {
        let scratch = try Scratch("rlog")
        func initialise(_ more: String) throws -> Rlog.Result {
            let command =
                "ulimit -v 67108864; exec '\(Rlog.path)' init --data '\(scratch.path)/n1' "
                + "--cluster tests --id 1 --members 1 --json \(more)"
            return try BuiltProgram("/bin/sh", ["-c", command]).wait()
        }
        let refused = try initialise("")
        #expect(refused.status == 3, "\(refused.errors)")
        #expect(try refused.objects().first?["refused"] as? String == "map_size")
        #expect(refused.errors.contains("--map-size"))
        let made = try initialise("--map-size 1073741824")
        #expect(made.status == 0, "\(made.errors)")
    }

    /// A name with an escape sequence is not obeyed by the terminal that it is shown on.
    @Test func controlCharactersAreWrittenOut() throws {
        let scratch = try Scratch("rlog")
        let result = try Rlog.run("inspect", scratch.path + "/a\u{1B}[31mb\u{9B}2J\u{202E}c")
        #expect(result.status == 3)
        #expect(result.errors.contains(#"a\u{1b}[31mb\u{9b}2J\u{202e}c"#), "\(result.errors)")
        let control = result.errors.unicodeScalars.dropLast().filter { $0.value < 32 }
        #expect(control.isEmpty)
    }

    @Test func aTraceIsItsOwnersAlone() throws {
        let scratch = try Scratch("rlog")
        let trace = scratch.path + "/trace"
        let log = try scratch.log()
        let result = try Rlog.run(
            "node",
            "--data",
            log,
            "--listen",
            "127.0.0.1:0",
            "--trace",
            trace
        )
        #expect(result.status == 0, "\(result.errors)")
        var status = stat()
        #expect(stat(trace, &status) == 0)
        #expect(status.st_mode & 0o777 == 0o600)
        #expect(stat(log, &status) == 0)
        #expect(status.st_mode & 0o777 == 0o700)
    }
}
