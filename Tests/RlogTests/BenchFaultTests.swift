import Foundation
import NodeProcesses
import TestSupport
import Testing

/// What `rlog bench` does to its cluster on purpose, and what it tells of that.
@Suite(.heavy, .tags(.slow)) struct BenchFaultTests {
    @Test(arguments: [
        ("kill-leader", "tcp"), ("restart", "tcp"), ("slow-disk", "memory"),
        ("slow-link", "memory"), ("slow-subscriber", "memory"),
    ])
    func aFaultIsMeasuredAndLosesNothing(fault: String, transport: String) throws {
        // On a busy machine another may have come to lead before the fault, or nobody: then nothing is measured, or who is
        // killed has led no more.
        for attempt in 1...5 {
            let scratch = try Scratch("rlog")
            let result = try Rlog.start([
                "bench", "--fault", fault, "--transport", transport, "--outstanding", "16",
                "--seconds",
                "1.5", "--warmup", "0.1", "--repeats", "0", "--data", scratch.path, "--json",
            ]).wait()
            let isMissed = result.errors.contains("nobody to whom the fault")
            if isMissed, attempt < 5 { continue }
            #expect(result.status == 0, "\(result.errors)")
            let point = try #require(try result.objects().first)
            let gap = try Self.check(point, fault)
            // Nobody is answered before another leads, and the others wait for that.
            if fault == "kill-leader", gap <= 100_000, attempt < 5 { continue }
            if fault == "kill-leader" { #expect(gap > 100_000) }
            return
        }
    }

    /// - Returns: The gap in service, in microseconds.
    private static func check(_ point: [String: Any], _ fault: String) throws -> Double {
        #expect(point["fault"] as? String == fault)
        #expect(point["lost"] as? Int == 0)
        #expect(point["duplicated"] as? Int == 0)
        let appends = try #require(point["appends"] as? Int)
        let timeline = try #require(point["timeline"] as? [String: Any])
        let answered = try #require(timeline["appends"] as? [Int])
        let slowest = try #require(timeline["slowest_us"] as? [Int])
        // The last answers may come as the measured time ends.
        #expect(answered.reduce(0, +) <= appends && answered.reduce(0, +) > 0)
        #expect(slowest.count == answered.count)
        #expect(zip(answered, slowest).allSatisfy { ($0 > 0) == ($1 > 0) })
        #expect(try #require(timeline["fault_at_us"] as? Int) >= 500_000)
        let gap = try #require(point["gap_us"] as? Double)
        #expect(gap > 0)
        return gap
    }

    @Test func readersAreMeasuredToo() throws {
        let scratch = try Scratch("rlog")
        let result = try Rlog.run(
            "bench",
            "--readers",
            "2",
            "--outstanding",
            "16",
            "--seconds",
            "0.5",
            "--warmup",
            "0.1",
            "--repeats",
            "0",
            "--data",
            scratch.path,
            "--json"
        )
        #expect(result.status == 0, "\(result.errors)")
        let reads = try #require(try result.objects().first?["reads"] as? [String: Any])
        let pages = try #require(reads["pages"] as? Int)
        #expect(pages > 0)
        #expect(try #require(reads["entries"] as? Int) >= pages)
        #expect(try #require(reads["p99"] as? Double) > 0)
    }

    /// The first Ctrl-C ends the measurement and tells what it showed; the shell sees a process that it has ended.
    @Test(arguments: ["memory", "tcp"]) func aRunThatIsInterruptedTellsWhatItHas(
        transport: String
    ) throws {
        let scratch = try Scratch("rlog")
        let many = Array(repeating: "4", count: 500).joined(separator: ",")
        let running = try Rlog.start([
            "bench", "--outstanding", many, "--seconds", "0.3", "--warmup", "0", "--repeats", "0",
            "--transport", transport, "--data", scratch.path, "--json",
        ])
        running.read(lines: 1)
        running.process.interrupt()
        let result = running.wait()
        #expect(result.wasKilled)
        #expect(result.errors.contains("interrupted"))
        let points = try result.objects()
        #expect(points.count >= 1 && points.count < 500)
        #expect(points.allSatisfy { $0["lost"] as? Int == 0 })
        let left = try FileManager.default.contentsOfDirectory(atPath: scratch.path)
        #expect(left.isEmpty)
    }
}
