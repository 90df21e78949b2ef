import Benchmark
import BenchmarkSupport
import Foundation
import LMDB
import ReplicatedLog

/// What the parts of an append cost by themselves. Times are for comparing two versions on one machine;
/// nothing is gated on them (docs/TESTING.md).
let benchmarks: @Sendable () -> Void = {
    Benchmark.defaultConfiguration = .init(
        metrics: [.wallClock, .throughput],
        warmupIterations: 1,
        scalingFactor: .kilo,
        maxDuration: .seconds(1),
        maxIterations: 1_000
    )

    Benchmark("CRC-32C of 4 KiB") { benchmark in
        let bytes = [UInt8](repeating: 7, count: 4096)
        for _ in benchmark.scaledIterations { blackHole(CRC32C.checksum(of: bytes)) }
    }

    Benchmark("Row encoded, 256 bytes") { benchmark in
        var loop = try RowCodecLoop(payloadBytes: 256)
        for _ in benchmark.scaledIterations { loop.encode() }
        blackHole(loop.decode())
    }

    Benchmark("Row decoded, 256 bytes") { benchmark in
        let loop = try RowCodecLoop(payloadBytes: 256)
        for _ in benchmark.scaledIterations { blackHole(loop.decode()) }
    }

    Benchmark("Core, 64 appends a step") { benchmark in
        let loop = try CoreLoop(payloadBytes: 256)
        benchmark.startMeasurement()
        for _ in benchmark.scaledIterations { blackHole(loop.append(64)) }
    }

    Benchmark(
        "LMDB commit, 64 rows of 256 bytes",
        configuration: .init(scalingFactor: .one, maxIterations: 500)
    ) { benchmark in
        try await withScratch { directory in
            let environment = try Environment.open(
                path: directory + "/data.mdb",
                options: .init(mapSize: 1 << 30)
            )
            let table = try environment.openDatabase("rows", keys: UInt64.self)
            let row = [UInt8](repeating: 7, count: 256)
            // The first commits make the tree.
            try commit(0, of: row, in: environment, table)
            benchmark.startMeasurement()
            try commit(1, of: row, in: environment, table)
            benchmark.stopMeasurement()
        }
    }

    // A barrier of one member writes nothing: what is left is the way through the inbox to the driver's
    // thread and back to the caller.
    Benchmark("Inbox round trip") { benchmark in
        try await withNode { node in
            _ = try await node.barrier()
            benchmark.startMeasurement()
            for _ in benchmark.scaledIterations { blackHole(try await node.barrier()) }
            benchmark.stopMeasurement()
        }
    }
}

private func commit(
    _ number: UInt64,
    of row: [UInt8],
    in environment: borrowing Environment,
    _ table: IntegerDatabase
) throws {
    try environment.withWrite { (txn: inout WriteTransaction) throws(LMDBError) in
        for key in number * 64..<number * 64 + 64 {
            try txn.put(row, for: key, in: table, mode: .append)
        }
    }
}
