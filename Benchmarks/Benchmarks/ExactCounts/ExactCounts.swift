import Benchmark
import BenchmarkSupport
import ReplicatedLog

/// What an append costs in commits, flushes and bytes, counted on a real durable node. The counts are the
/// same on every run and machine with 4 KiB pages; `Thresholds/` holds them, and a change of one is a
/// change of the design.
let benchmarks: @Sendable () -> Void = {
    Benchmark.defaultConfiguration = .init(
        metrics: Count.all,
        warmupIterations: 0,
        maxDuration: .seconds(60),
        maxIterations: 3,
        // The counts are exact; the bytes depend a little on which free pages LMDB picks.
        thresholds: [
            Count.commits: .init(), Count.flushes: .init(), Count.runwayFlushes: .init(),
            Count.bytes: .init(relative: [.p90: 5]),
        ]
    )

    // One client: nothing shares a commit.
    Benchmark("100_appends_one_by_one") { benchmark in
        try await withNode { node in
            let payload = [UInt8](repeating: 7, count: 256)
            try await node.append(payload)
            let before = node.status.storage
            for _ in 0..<100 { try await node.append(payload) }
            benchmark.record(from: before, to: node.status.storage)
        }
    }

    Benchmark("10_batches_of_256") { benchmark in
        try await withNode { node in
            let payloads = [[UInt8]](repeating: Array(repeating: 7, count: 256), count: 256)
            try await node.append(contentsOf: payloads)
            let before = node.status.storage
            for _ in 0..<10 { try await node.append(contentsOf: payloads) }
            benchmark.record(from: before, to: node.status.storage)
        }
    }

    Benchmark("1000_barriers_and_100_pages") { benchmark in
        try await withNode { node in
            let slots = try await node.append(contentsOf: [[1], [2], [3]])
            let before = node.status.storage
            for _ in 0..<1_000 { _ = try await node.barrier() }
            for _ in 0..<100 { blackHole(try await node.entries(in: slots)) }
            benchmark.record(from: before, to: node.status.storage)
        }
    }
}

private enum Count {
    static let commits = count("commits")
    static let flushes = count("flushes")
    static let runwayFlushes = count("flushes of the runway")
    static let bytes = count("bytes written")
    static let all = [commits, flushes, runwayFlushes, bytes]

    private static func count(_ name: String) -> BenchmarkMetric {
        .custom(name, polarity: .prefersSmaller, useScalingFactor: false)
    }
}

extension Benchmark {
    fileprivate func record(from before: StoreCounters, to after: StoreCounters) {
        measurement(Count.commits, Int(after.commits - before.commits))
        measurement(Count.flushes, Int(after.flushes - before.flushes))
        measurement(Count.runwayFlushes, Int(after.runwayFlushes - before.runwayFlushes))
        if let now = after.bytesWritten, let then = before.bytesWritten {
            measurement(Count.bytes, Int(now - then))
        }
    }
}
