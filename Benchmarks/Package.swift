// swift-tools-version: 6.3
import PackageDescription

// A package of its own: nobody who depends on the log resolves the benchmark tool. Run with
// RLOG_BENCHMARKS=1, which makes the log's package offer `BenchmarkSupport` (docs/TESTING.md).
let package = Package(
    name: "replicated-log-benchmarks",
    platforms: [.macOS(.v15)],
    dependencies: [
        .package(name: "swift-replicated-log", path: "..", traits: []),
        .package(url: "https://github.com/ordo-one/benchmark", from: "1.38.1", traits: []),
    ],
    targets: ["Micro", "ExactCounts"].map { name in
        .executableTarget(
            name: name,
            dependencies: [
                .product(name: "Benchmark", package: "benchmark"),
                .product(name: "BenchmarkSupport", package: "swift-replicated-log"),
                .product(name: "ReplicatedLog", package: "swift-replicated-log"),
                .product(name: "LMDB", package: "swift-replicated-log"),
            ],
            path: "Benchmarks/\(name)",
            swiftSettings: [.treatAllWarnings(as: .error)],
            plugins: [.plugin(name: "BenchmarkPlugin", package: "benchmark")]
        )
    }
)
