import Foundation
import NodeProcesses
import Platform
import TestSupport
import Testing

@Suite(.heavy) struct BenchTests {
    private static let keys: Set<String> = [
        "system", "version", "replicas", "transport", "durable", "file_system", "value_bytes",
        "mode",
        "outstanding", "seconds", "appends", "appends_per_second", "latency", "flushes", "commits",
        "appends_per_commit", "bytes_written", "bytes_per_payload_byte", "messages_per_append",
        "cpu_seconds_per_100k", "peak_memory", "baseline_appends_per_second", "baseline_commit_p50",
        "throughput_ratio", "latency_ratio", "baseline_best_appends_per_second", "lost",
        "duplicated", "batch", "rate", "runs", "spread", "others", "failed", "machine",
        "subscribers", "delivery", "readers", "reads", "trim", "fault", "gap_us", "timeline",
    ]

    @Test(
        .tags(.slow),
        arguments: [(1, "memory"), (3, "memory"), (5, "memory"), (1, "tcp"), (3, "tcp")]
    )
    func aShortRunLosesNothing(replicas: Int, transport: String) throws {
        let scratch = try Scratch("rlog")
        let result = try Rlog.run(
            "bench",
            "--replicas",
            "\(replicas)",
            "--transport",
            transport,
            "--outstanding",
            "1,64",
            "--seconds",
            "0.3",
            "--warmup",
            "0.1",
            "--data",
            scratch.path,
            "--baseline",
            "--repeats",
            "0",
            "--json"
        )
        #expect(result.status == 0, "\(result.errors)")
        let points = try result.objects()
        #expect(points.map { $0["outstanding"] as? Int } == [1, 64])
        for point in points {
            #expect(Set(point.keys) == Self.keys)
            #expect(point["lost"] as? Int == 0)
            #expect(point["duplicated"] as? Int == 0)
            #expect(point["durable"] as? Bool == true)
            let appends = try #require(point["appends"] as? Int)
            let commits = try #require(point["commits"] as? Int)
            let flushes = try #require(point["flushes"] as? Int)
            #expect(appends > 0)
            // A flush a commit, and what an idle store writes ahead.
            #expect(flushes >= commits && flushes <= commits + 64 * replicas)
            #expect(point["replicas"] as? Int == replicas)
            #expect(point["transport"] as? String == transport)
            // Every replica writes every append, so what it counts is in the sum.
            let bytes = try #require(point["bytes_written"] as? Int)
            #expect(bytes > appends * replicas * 256)
            let messages = try #require(point["messages_per_append"] as? Double)
            #expect(replicas == 1 ? messages == 0 : messages > 0)
            let latency = try #require(point["latency"] as? [String: Double])
            #expect(Set(latency.keys) == ["p50", "p90", "p99", "p999", "max"])
            let p50 = try #require(latency["p50"])
            let max = try #require(latency["max"])
            #expect(p50 > 0 && max >= p50)
            for key in ["baseline_appends_per_second", "baseline_commit_p50", "throughput_ratio"] {
                #expect(try #require(point[key] as? Double) > 0)
            }
        }
        let left = try FileManager.default.contentsOfDirectory(atPath: scratch.path)
        #expect(left.isEmpty)
    }

    /// What is trimmed was read before, all of it: enough is appended for that.
    @Test(.tags(.slow)) func aLogThatIsTrimmedIsReadBack() throws {
        let scratch = try Scratch("rlog")
        let result = try Rlog.start([
            "bench", "--trim", "--outstanding", "1024", "--repeats", "0", "--seconds", "1",
            "--warmup", "0.1",
            "--data", scratch.path, "--json",
        ]).wait()
        #expect(result.status == 0, "\(result.errors)")
        let point = try #require(try result.objects().first)
        #expect(point["trim"] as? Bool == true)
        #expect(point["lost"] as? Int == 0 && point["duplicated"] as? Int == 0)
        #expect(try #require(point["appends"] as? Int) > 0)
    }

    /// Every member of the process delivers to each of its subscribers, and nothing before it was sent.
    @Test(.tags(.slow), arguments: [("memory", [1, 2, 3]), ("tcp", [1])])
    func subscribersAreMeasuredToo(transport: String, nodes: [Int]) throws {
        let scratch = try Scratch("rlog")
        let result = try Rlog.run(
            "bench",
            "--transport",
            transport,
            "--outstanding",
            "8",
            "--rate",
            "500",
            "--subscribers",
            "2",
            "--value-bytes",
            "16",
            "--repeats",
            "0",
            "--seconds",
            "0.5",
            "--warmup",
            "0.1",
            "--data",
            scratch.path,
            "--json"
        )
        #expect(result.status == 0, "\(result.errors)")
        let points = try result.objects()
        #expect(points.count == 2)
        for point in points {
            #expect(point["subscribers"] as? Int == 2)
            let deliveries = try #require(point["delivery"] as? [[String: Any]])
            #expect(deliveries.map { $0["node"] as? Int } == nodes)
            for delivery in deliveries {
                let p50 = try #require(delivery["p50"] as? Double)
                let longest = try #require(delivery["max"] as? Double)
                // Less than the whole run, so it counts from the sending.
                #expect(p50 > 0 && longest >= p50 && longest < 60_000_000)
            }
        }
        let tooSmall = try Rlog.run("bench", "--subscribers", "1", "--value-bytes", "8")
        #expect(tooSmall.status == 2)
    }

    @Test(.tags(.slow)) func theTableEndsInAVerdict() throws {
        let scratch = try Scratch("rlog")
        let result = try Rlog.run(
            "bench",
            "--outstanding",
            "8",
            "--batch",
            "4",
            "--value-bytes",
            "8",
            "--repeats",
            "0",
            "--seconds",
            "0.2",
            "--warmup",
            "0",
            "--data",
            scratch.path
        )
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.lines.contains { $0.hasPrefix("outstanding") })
        #expect(result.lines.last?.hasPrefix("lost 0 duplicated 0") == true)
        #expect(result.errors.isEmpty)
    }

    /// A process that stands still for a second is late for all who came in that second. In a closed loop
    /// nobody came, and the median does not show it.
    @Test(.tags(.slow)) func anOpenLoopShowsAPauseAndAClosedOneDoesNot() async throws {
        try await blocking {
            func measure(_ load: [String]) throws -> [String: Double] {
                let scratch = try Scratch("rlog")
                let running = try Rlog.start(
                    [
                        "bench", "--replicas", "1", "--seconds", "6", "--warmup", "0", "--json",
                        "--repeats", "0",
                        "--data", scratch.path,
                    ] + load
                )
                let bench = running.process.processIdentifier
                // More than half of the time, whenever the measurement begins.
                func isOver() -> Bool { !running.process.isRunning }
                while !waitUntil(.seconds(1), isOver) {
                    kill(bench, SIGSTOP)
                    _ = waitUntil(.milliseconds(1_500), isOver)
                    kill(bench, SIGCONT)
                }
                let result = running.wait()
                #expect(result.status == 0, "\(result.errors)")
                let point = try #require(try result.objects().first)
                #expect(point["lost"] as? Int == 0)
                return try #require(point["latency"] as? [String: Double])
            }
            let open = try measure(["--rate", "400"])
            let closed = try measure(["--outstanding", "4"])
            // Most appends were to be sent while it stood still.
            #expect(try #require(open["p90"]) > 500_000)
            #expect(try #require(closed["p50"]) < 500_000)
            #expect(try #require(closed["max"]) > 1_000_000)
        }
    }

    @Test(.tags(.slow)) func severalSizesAndReplicasAreAPointEach() throws {
        let scratch = try Scratch("rlog")
        let page = scratch.path + "/page.html"
        let result = try Rlog.run(
            "bench",
            "--replicas",
            "1,3",
            "--value-bytes",
            "16,5000",
            "--outstanding",
            "4",
            "--rate",
            "200.5",
            "--runs",
            "2",
            "--repeats",
            "0",
            "--seconds",
            "0.2",
            "--warmup",
            "0",
            "--data",
            scratch.path,
            "--json",
            "--report",
            page
        )
        #expect(result.status == 0, "\(result.errors)")
        let points = try result.objects()
        #expect(points.map { $0["replicas"] as? Int } == [1, 1, 1, 1, 3, 3, 3, 3])
        #expect(
            points.map { $0["value_bytes"] as? Int } == [16, 16, 5000, 5000, 16, 16, 5000, 5000]
        )
        #expect(points.allSatisfy { $0["lost"] as? Int == 0 && $0["duplicated"] as? Int == 0 })
        for point in points {
            let isOpen = point["mode"] as? String == "open"
            #expect((point["rate"] as? Double == 200.5) == isOpen)
            #expect((point["outstanding"] as? Int == 4) == !isOpen)
            #expect(point["runs"] as? Int == 2)
        }
        // The page holds the same points and asks no network for anything.
        let html = try String(contentsOfFile: page, encoding: .utf8)
        #expect(html.contains("\"value_bytes\":5000"))
        #expect(!html.replacing("http://www.w3.org/2000/svg", with: "").contains("http"))
        // What was printed makes a page too.
        let printed = scratch.path + "/a<b.json"
        try result.output.write(toFile: printed, atomically: true, encoding: .utf8)
        let both = scratch.path + "/both.html"
        let report = try Rlog.run("report", printed, printed, "--output", both)
        #expect(report.status == 0, "\(report.errors)")
        #expect(report.output == "\(both): 16 points\n")
        let made = try String(contentsOfFile: both, encoding: .utf8)
        #expect(made.contains(#""name":"a\u003cb""#))
        try "{\"replicas\":3}\n".write(toFile: printed, atomically: true, encoding: .utf8)
        let refused = try Rlog.run("report", printed, "--output", both)
        #expect(refused.status == 3)
        #expect(refused.errorLines.count == 1)
    }

    @Test(.tags(.slow)) func aSweepFindsItsRates() throws {
        let scratch = try Scratch("rlog")
        let result = try Rlog.run(
            "bench",
            "--replicas",
            "1",
            "--sweep",
            "--repeats",
            "0",
            "--seconds",
            "0.3",
            "--warmup",
            "0.1",
            "--data",
            scratch.path,
            "--json"
        )
        #expect(result.status == 0, "\(result.errors)")
        let points = try result.objects()
        #expect(
            points.map { $0["mode"] as? String } == ["closed"] + Array(repeating: "open", count: 6)
        )
        let most = try #require(points.first?["appends_per_second"] as? Double)
        let rates = points.dropFirst().compactMap { $0["rate"] as? Double }
        for (rate, share) in zip(rates, [0.1, 0.25, 0.5, 0.75, 0.9, 1.0]) {
            #expect(abs(rate - most * share) <= 1)
        }
    }

    @Test(arguments: [
        ["--rate", "0"], ["--rate", "x"], ["--runs", "0"], ["--replicas", "8"],
        ["--value-bytes", "7"], ["--sweep", "--rate", "5"], ["--outstanding", "1,,2"],
    ])
    func whatMakesNoSenseIsUsage(_ arguments: [String]) throws {
        let result = try Rlog.start(["bench"] + arguments).wait()
        #expect(result.status == 2)
        #expect(result.errorLines.count == 1)
        #expect(result.output.isEmpty)
    }

    @Test(.tags(.slow), arguments: ["memory", "tcp"])
    func anInterruptedRunLeavesNothing(transport: String) throws {
        let scratch = try Scratch("rlog")
        let running = try Rlog.start([
            "bench", "--transport", transport, "--outstanding", "4", "--data", scratch.path,
        ])
        // The directory appears before anything is measured.
        func isBegun() -> Bool {
            (try? FileManager.default.contentsOfDirectory(atPath: scratch.path))?.isEmpty == false
        }
        try #require(waitUntil(.seconds(60)) { isBegun() || !running.process.isRunning })
        try #require(running.process.isRunning)
        running.process.interrupt()
        let result = running.wait()
        #expect(result.wasKilled)
        let left = try FileManager.default.contentsOfDirectory(atPath: scratch.path)
        #expect(left.isEmpty)
    }

    /// The run ends early and says which replica it was.
    @Test(.tags(.slow)) func aReplicaThatIsKilledEndsTheRun() async throws {
        try await blocking {
            let scratch = try Scratch("rlog")
            let running = try Rlog.start([
                "bench", "--transport", "tcp", "--replicas", "5", "--outstanding", "16",
                "--seconds", "600", "--data", scratch.path, "--json",
            ])
            let bench = running.process.processIdentifier
            // Half a second of processor time: it takes part.
            let isBusy = waitUntil(.seconds(60)) {
                let children = Self.children(of: bench)
                return children.count == 4 && children.allSatisfy { $0.ticks > 50 }
            }
            try #require(isBusy)
            kill(try #require(Self.children(of: bench).last).pid, SIGKILL)
            let begin = MonotonicClock.now()
            let result = running.wait()
            #expect(begin.secondsAgo < 30)
            #expect(result.status == 5)
            #expect(result.output.isEmpty)
            #expect(result.errorLines.count == 1, "\(result.errors)")
            #expect(result.errors.contains("was ended by signal 9"))
            #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path).isEmpty)
        }
    }

    /// The processes that another one has started, and the processor time they have used.
    private static func children(of parent: Int32) -> [(pid: Int32, ticks: Int)] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.compactMap(Int32.init).sorted().compactMap { pid in
            let stat = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)
            guard let stat, let name = stat.lastIndex(of: ")") else { return nil }
            // From the state on: the parent is the second, user and system time 12th and 13th.
            let fields = stat[name...].split(separator: " ").dropFirst().map { Int($0) ?? 0 }
            guard fields.count > 12, fields[1] == Int(parent) else { return nil }
            return (pid, fields[11] + fields[12])
        }
    }

    @Test(.enabled(if: FileManager.default.isWritableFile(atPath: "/dev/shm")))
    func memoryIsLabelledAsNotDurable() throws {
        let result = try Rlog.run(
            "bench",
            "--outstanding",
            "4",
            "--seconds",
            "0.05",
            "--warmup",
            "0",
            "--data",
            "/dev/shm",
            "--json"
        )
        #expect(result.status == 0)
        let point = try #require(result.objects().first)
        #expect(point["durable"] as? Bool == false)
        #expect(point["file_system"] as? String == "tmpfs")
        #expect(point["baseline_commit_p50"] is NSNull)
        #expect(result.errorLines.count == 1)
    }
}
