import FailingDisks
import Foundation
import NodeProcesses
import PaxosCore
import Platform
import TestSupport
import Testing

@testable import ReplicatedLog

/// Processes that are killed, and processes whose disk fails.
@Suite(.heavy, .serialized) struct ProcessTests {
    private static let child = BuiltProgram.path("DurabilityChild")

    /// What was acknowledged, as "text" by slot.
    private static func told(_ lines: [Substring]) -> [UInt64: String] {
        var told: [UInt64: String] = [:]
        for line in lines {
            let parts = line.split(separator: " ")
            guard parts.count == 2, let slot = UInt64(parts[0]) else { continue }
            told[slot] = String(parts[1])
        }
        return told
    }

    /// Opens what a child has left, reads all of it and compares.
    private func expectAll(_ told: [UInt64: String], in directory: String) async throws {
        var configuration = LogNode.Configuration(
            cluster: try ClusterID("child"),
            node: 1,
            membership: try Membership([1])
        )
        configuration.storage.runwayBytes = 1 << 20
        configuration.limits.checkpointSlots = 500
        let node = RunningNode(try await LogNode.open(configuration, directory: directory))
        let last = try await node.log.barrier()
        var texts: [UInt64: String] = [:]
        var next = Slot.first
        while next <= last {
            let page = try await node.log.entries(in: next...last)
            for entry in page.entries {
                texts[entry.slot.rawValue] = String(decoding: entry.payload, as: UTF8.self)
            }
            next = page.through.next
        }
        let error = await node.shutdown()
        #expect(error == nil)
        let lost = told.filter { texts[$0.key] != $0.value }
        #expect(lost.isEmpty, "\(lost.count) of \(told.count) acknowledged: \(lost.prefix(3))")
        #expect(Set(texts.values).count == texts.count, "some append has effect twice")
        // Each batch of three is there whole or not at all.
        let batches = Dictionary(grouping: texts.values.filter { $0.contains(".") }) {
            $0.prefix { $0 != "." }
        }
        #expect(batches.values.allSatisfy { $0.count == 3 })
    }

    @Test(.tags(.slow), .timeLimit(.minutes(3)))
    func whatWasSaidBeforeAKillIsThere() async throws {
        let scratch = try Scratch("kill")
        let directory = scratch.path + "/n1"
        var told: [UInt64: String] = [:]
        var generator = SplitMix64(seed: PowerLossTests.seed)
        for life in 1...6 {
            let child = try BuiltProgram(Self.child, [directory, "\(life)", "24"])
            child.read(lines: 200 + Int(generator.next() % 3_000))
            kill(child.process.processIdentifier, SIGKILL)
            let ending = child.wait()
            #expect(ending.wasKilled, "\(ending.errorLines)")
            told.merge(Self.told(ending.wholeLines)) { first, second in
                Issue.record("one slot was told for \(first) and \(second)")
                return first
            }
            // Every other time the next child is the one who recovers.
            if life.isMultiple(of: 2) { try await expectAll(told, in: directory) }
        }
        print("kill -9: \(told.count) acknowledged appends in 6 lives, none lost")
        #expect(told.count > 1_000)
    }

    private static let faults = ["flush", "meta", "seal"].flatMap { kind in
        (1...5).map { "\(kind):\(150 + $0)" }
    }

    /// Killed by itself in the middle of a commit: right before a flush, the meta page or the seal.
    @Test(
        .tags(.slow),
        arguments: ["flush:101:kill", "meta:102:kill", "seal:102:kill", "write:103:kill"]
    )
    func aKillWithinACommitLosesNothing(_ fault: String) async throws {
        let scratch = try Scratch("kill-within")
        guard let environment = PreloadedShim.environment(faults: "\(fault):\(scratch.path)")
        else { return }
        let directory = scratch.path + "/n1"
        let child = try BuiltProgram(Self.child, [directory, "1", "8"], environment: environment)
        let ending = child.wait()
        #expect(ending.wasKilled)
        let told = Self.told(ending.wholeLines)
        #expect(!told.isEmpty)
        try await expectAll(told, in: directory)
    }

    @Test(.tags(.slow), arguments: faults)
    func aChildWhoseDiskFailsEndsWithStatusFour(_ fault: String) async throws {
        let scratch = try Scratch("child-eio")
        guard let environment = PreloadedShim.environment(faults: "\(fault):EIO:\(scratch.path)")
        else { return }
        let directory = scratch.path + "/n1"
        let child = try BuiltProgram(Self.child, [directory, "1", "16"], environment: environment)
        let ending = child.wait()
        #expect(!ending.wasKilled)
        #expect(ending.status == 4)
        #expect(ending.errorLines.count == 1, "\(ending.errorLines)")
        let told = Self.told(ending.wholeLines)
        #expect(!told.isEmpty)
        try await expectAll(told, in: directory)
        let verified = try Rlog.run("verify", directory)
        #expect(verified.status == 0, "\(verified.lines) \(verified.errorLines)")
    }

    /// From the first flush on: those of the creation and the opening too.
    @Test(.tags(.slow), arguments: ["flush", "meta", "seal"], [1, 2, 3, 4, 5, 100, 250])
    func aBenchWhoseDiskFailsEndsWithStatusFour(_ kind: String, nth: Int) throws {
        let scratch = try Scratch("bench-eio")
        guard
            let environment = PreloadedShim.environment(
                faults: "\(kind):\(nth):EIO:\(scratch.path)"
            )
        else { return }
        let ending = try Rlog.run(
            "bench",
            "--outstanding",
            "16",
            "--seconds",
            "2",
            "--warmup",
            "0",
            "--repeats",
            "0",
            "--data",
            scratch.path,
            environment: environment
        )
        #expect(!ending.wasKilled)
        #expect(ending.status == 4, "\(ending.errorLines)")
        #expect(ending.errorLines.count == 1, "\(ending.errorLines)")
        // What a failed disk holds is kept, and named.
        for place in try FileSystem.listDirectory(scratch.path) {
            let nodes = "\(scratch.path)/\(place)/nodes-3-256-16"
            guard FileSystem.exists(nodes) else { continue }
            #expect(ending.errorLines.first?.contains(nodes) == true, "\(ending.errorLines)")
            for node in try FileSystem.listDirectory(nodes) {
                let verified = try Rlog.run("verify", "\(nodes)/\(node)")
                #expect(verified.status == 0, "\(verified.lines) \(verified.errorLines)")
            }
        }
        if nth >= 100 { #expect(try !FileSystem.listDirectory(scratch.path).isEmpty) }
    }
}
