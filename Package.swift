// swift-tools-version: 6.3
import PackageDescription

let package = Package(
    name: "swift-replicated-log",
    platforms: [.macOS(.v15)],
    products: [
        .library(name: "ReplicatedLog", targets: ["ReplicatedLog"]),
        // Needs the trait TCP, and for certificates TLS; both are enabled unless `traits:` says otherwise.
        .library(name: "ReplicatedLogTCP", targets: ["ReplicatedLogTCP"]),
        .library(name: "ReplicatedLogMachine", targets: ["ReplicatedLogMachine"]),
        .library(name: "ReplicatedLogTestKit", targets: ["ReplicatedLogTestKit"]),
        .library(name: "LMDB", targets: ["LMDB"]),
    ],
    traits: [
        .default(enabledTraits: ["TCP", "TLS", "ServiceLifecycle", "Tracing"]),
        .trait(name: "TCP", description: "ReplicatedLogTCP: nodes in processes of their own."),
        .trait(
            name: "TLS",
            description: "Mutual TLS in ReplicatedLogTCP, by swift-nio-ssl.",
            enabledTraits: ["TCP"]
        ),
        .trait(
            name: "ServiceLifecycle",
            description: "LogNode is a Service of swift-service-lifecycle."
        ),
        .trait(
            name: "Tracing",
            description: "Spans of swift-distributed-tracing around append, barrier and read."
        ),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-log", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.7.0"),
        // Each resolved by those only who enable the trait that needs it.
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.8.0"),
        .package(url: "https://github.com/apple/swift-distributed-tracing", from: "1.7.3"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.90.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.34.0"),
        // Only rlog uses these two, and rlog is no product: who depends on the libraries never
        // resolves them.
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.6.0"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
    ],
    targets: [
        // The pure protocol: imports nothing (docs/DESIGN.md, rooms).
        .target(name: "PaxosCore", swiftSettings: [.strictMemorySafety()]),

        // Its bytes, without sockets and without LMDB: frames and handshakes, rows and small values.
        .target(name: "LogWire", dependencies: ["PaxosCore", "CCRC32C"]),

        // LMDB, without a word of Paxos.
        .systemLibrary(
            name: "CLMDB",
            pkgConfig: "lmdb",
            providers: [.apt(["liblmdb-dev"]), .brew(["lmdb"])]
        ),
        .target(name: "LMDB", dependencies: ["CLMDB"]),

        // Threads, clock, files; hardware CRC-32C.
        .target(name: "CCRC32C", cSettings: [.treatAllWarnings(as: .error)]),
        .target(name: "CPlatform", cSettings: [.treatAllWarnings(as: .error)]),
        .target(name: "Platform", dependencies: ["CPlatform"]),

        // One node's log on one disk: the store, its snapshots, and what the tools read of a directory.
        .target(name: "LogStorage", dependencies: ["PaxosCore", "LogWire", "LMDB", "Platform"]),

        // Engine and public face.
        .target(
            name: "ReplicatedLog",
            dependencies: [
                "PaxosCore", "LogStorage", "Platform",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "CoreMetrics", package: "swift-metrics"),
                .product(
                    name: "ServiceLifecycle",
                    package: "swift-service-lifecycle",
                    condition: .when(traits: ["ServiceLifecycle"])
                ),
                .product(
                    name: "Tracing",
                    package: "swift-distributed-tracing",
                    condition: .when(traits: ["Tracing"])
                ),
            ]
        ),

        // A state machine on a node, in a few lines.
        .target(
            name: "ReplicatedLogMachine",
            dependencies: [
                "ReplicatedLog", "PaxosCore", "Platform",
                .product(
                    name: "ServiceLifecycle",
                    package: "swift-service-lifecycle",
                    condition: .when(traits: ["ServiceLifecycle"])
                ),
            ]
        ),

        // Nodes in processes of their own. Whoever disables the trait TCP resolves no swift-nio, and does
        // not depend on this target's product.
        .target(
            name: "ReplicatedLogTCP",
            dependencies: [
                "ReplicatedLog", "PaxosCore", "LogWire", "Platform",
                .product(name: "Logging", package: "swift-log"),
                .product(
                    name: "NIOSSL",
                    package: "swift-nio-ssl",
                    condition: .when(traits: ["TLS"])
                ),
            ]
                + ["NIOCore", "NIOPosix", "NIOConcurrencyHelpers", "NIOTLS"].map {
                    .product(name: $0, package: "swift-nio", condition: .when(traits: ["TCP"]))
                }
        ),

        // The deterministic world that runs the pure protocol.
        .target(name: "PaxosSimulator", dependencies: ["PaxosCore"]),

        // What the programs share: how they are asked, answer and end.
        .target(
            name: "LogCommands",
            dependencies: [
                "ReplicatedLog", "Platform",
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]
        ),

        // The benchmark: loads, baselines, faults, pages of what was measured.
        .target(
            name: "LogBench",
            dependencies: [
                "LogCommands", "ReplicatedLog", "ReplicatedLogTCP", "LogStorage", "PaxosCore",
                "Platform", "CLMDB",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Histogram", package: "hdrhistogram-swift"),
            ]
        ),

        // The command line, and the benchmark as a program of its own.
        .executableTarget(
            name: "rlog",
            dependencies: [
                "LogBench", "LogCommands", "ReplicatedLog", "ReplicatedLogTCP", "LogStorage",
                "LogWire", "PaxosCore", "PaxosSimulator", "Platform",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]
        ),
        .executableTarget(
            name: "rlog-bench",
            dependencies: [
                "LogBench", "LogCommands",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]
        ),

        // For embedders' tests: faults, and suites that implementations are checked with.
        .target(
            name: "ReplicatedLogTestKit",
            dependencies: ["ReplicatedLog", "PaxosSimulator", "PaxosCore", "Platform"]
        ),

        // Test support: libc's file calls interposed, crash images made of what was seen.
        .target(
            name: "CDiskShim",
            path: "Tests/Support/CDiskShim",
            cSettings: [.treatAllWarnings(as: .error)]
        ),
        .target(
            name: "DiskShim",
            dependencies: ["CDiskShim", "PaxosCore", "Platform"],
            path: "Tests/Support/DiskShim"
        ),

        // What the test targets share: beside whom a test may run, its directory, and how it waits.
        .target(
            name: "CTestSupport",
            path: "Tests/Support/CTestSupport",
            cSettings: [.treatAllWarnings(as: .error)]
        ),
        .target(
            name: "TestSupport",
            dependencies: ["CTestSupport", "Platform"],
            path: "Tests/Support/TestSupport"
        ),

        // A node in a process of its own, to be killed or to meet a failing disk.
        .executableTarget(
            name: "DurabilityChild",
            dependencies: ["ReplicatedLog", "PaxosCore"],
            path: "Tests/Support/DurabilityChild"
        ),

        // Disks that fill up or fail, for processes: a small file system, and shims as libraries of
        // their own.
        .target(
            name: "FailingDisks",
            dependencies: ["Platform"],
            path: "Tests/Support/FailingDisks"
        ),

        // Processes of `rlog node` on loopback, and the links between them.
        .target(
            name: "NodeProcesses",
            dependencies: ["FailingDisks", "PaxosSimulator", "Platform"],
            path: "Tests/Support/NodeProcesses"
        ),

        // The service of README, as a process of its own.
        .executableTarget(
            name: "readme-member",
            dependencies: [
                "ReplicatedLogTCP", "ReplicatedLogMachine", "ReplicatedLog",
                .product(name: "Logging", package: "swift-log"),
            ],
            path: "Tests/Support/ReadmeMember"
        ),

        // Crash recovery: what clients saw, and whether it may be so; and the driver that makes it happen
        // to processes of `rlog node`.
        .target(name: "CrashHistory", path: "Tests/Support/CrashHistory"),
        .executableTarget(
            name: "crash-suite",
            dependencies: [
                "CrashHistory", "NodeProcesses", "FailingDisks", "PaxosSimulator", "Platform",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            path: "Tests/Support/CrashSuite"
        ),

        // What must hold of every decoder whatever the bytes are: for libFuzzer and for the tests.
        .target(
            name: "DecoderProperties",
            dependencies: ["PaxosCore", "LogWire", "CCRC32C"],
            path: "Tests/Fuzzing/Properties"
        ),

        .testTarget(name: "PaxosCoreTests", dependencies: ["PaxosCore", "PaxosSimulator"]),
        .testTarget(
            name: "PaxosSimulatorTests",
            dependencies: ["TestSupport", "PaxosSimulator", "PaxosCore"],
            exclude: ["Scenarios"]
        ),
        .testTarget(name: "SourceRuleTests"),
        .testTarget(
            name: "WireTests",
            dependencies: ["DecoderProperties", "LogWire", "PaxosCore", "PaxosSimulator"],
            exclude: ["Golden"]
        ),
        .testTarget(
            name: "TransportTests",
            dependencies: [
                "TestSupport", "ReplicatedLog", "ReplicatedLogTestKit", "PaxosCore", "Platform",
            ]
        ),
        .testTarget(
            name: "ReplicatedLogMachineTests",
            dependencies: [
                "TestSupport", "ReplicatedLogMachine", "ReplicatedLog", "ReplicatedLogTestKit",
                "PaxosCore", "Platform",
            ]
        ),
        .testTarget(
            name: "TestKitTests",
            dependencies: [
                "TestSupport", "ReplicatedLogTestKit", "ReplicatedLog", "LogStorage",
                "PaxosSimulator", "PaxosCore", "Platform",
            ]
        ),
        .testTarget(
            name: "TCPTransportTests",
            dependencies: [
                "TestSupport", "ReplicatedLogTCP", "ReplicatedLog", "ReplicatedLogTestKit",
                "LogWire", "PaxosCore", "Platform",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ]
        ),
        .testTarget(
            name: "ReadmeTests",
            dependencies: [
                "TestSupport", "ReplicatedLog", "ReplicatedLogTestKit",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ]
        ),
        .testTarget(
            name: "LMDBTests",
            dependencies: ["TestSupport", "LMDB", "DiskShim", "Platform"]
        ),
        .testTarget(name: "PlatformTests", dependencies: ["TestSupport", "Platform", "CCRC32C"]),
        .testTarget(
            name: "CrashSuiteTests",
            dependencies: [
                "TestSupport", "CrashHistory", "NodeProcesses", "crash-suite", "rlog", "Platform",
            ]
        ),
        .testTarget(
            name: "RlogTests",
            dependencies: [
                "TestSupport", "rlog", "rlog-bench", "LogCommands", "readme-member",
                "NodeProcesses", "FailingDisks",
                "ReplicatedLog", "ReplicatedLogTestKit", "Platform",
            ]
        ),
        .testTarget(
            name: "DiskShimTests",
            dependencies: ["TestSupport", "DiskShim", "Platform", "CLMDB"]
        ),
        .testTarget(
            name: "ReplicatedLogTests",
            dependencies: [
                "TestSupport", "ReplicatedLog", "LogStorage", "PaxosCore", "LogWire", "LMDB",
                "Platform", "FailingDisks",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "CoreMetrics", package: "swift-metrics"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "Tracing", package: "swift-distributed-tracing"),
                .product(name: "InMemoryTracing", package: "swift-distributed-tracing"),
            ]
        ),
        .testTarget(
            name: "DurabilityTests",
            dependencies: [
                "TestSupport", "ReplicatedLog", "LogStorage", "PaxosCore", "LMDB", "Platform",
                "DiskShim", "FailingDisks", "NodeProcesses", "rlog", "DurabilityChild",
            ]
        ),
    ],
    cLanguageStandard: .c11
)

// What only this repository needs is asked for by the environment, so that whoever depends on the
// libraries neither sees nor resolves it.
if Context.environment["RLOG_BENCHMARKS"] != nil {
    package.products.append(.library(name: "BenchmarkSupport", targets: ["BenchmarkSupport"]))
    package.targets.append(
        .target(
            name: "BenchmarkSupport",
            dependencies: ["ReplicatedLog", "PaxosCore", "LogWire", "Platform", "CCRC32C"],
            path: "Benchmarks/Support"
        )
    )
    // What Scripts/wire-counts counts the instructions and allocations of.
    package.targets.append(
        .executableTarget(
            name: "wire-counts",
            dependencies: ["BenchmarkSupport"],
            path: "Benchmarks/WireCounts"
        )
    )
    // What Scripts/trim-pace measures trimming with.
    package.targets.append(
        .executableTarget(
            name: "trim-pace",
            dependencies: ["ReplicatedLog", "Platform"],
            path: "Benchmarks/TrimPace"
        )
    )
}
// The libFuzzer targets, with the decoders and nothing else: Scripts/fuzz builds them with sanitizers, which
// take their time, and what no decoder needs is neither compiled nor resolved.
if Context.environment["RLOG_FUZZ"] != nil {
    let kept: Set = ["PaxosCore", "CCRC32C", "LogWire", "DecoderProperties"]
    package.targets.removeAll { !kept.contains($0.name) }
    package.dependencies = []
    package.traits = []
    package.products = []
    for decoder in ["frame", "envelope", "handshake", "connection", "row", "state"] {
        package.targets.append(
            .executableTarget(
                name: "fuzz-\(decoder)",
                dependencies: ["DecoderProperties"],
                path: "Tests/Fuzzing/Targets/\(decoder)",
                // libFuzzer brings main().
                swiftSettings: [.unsafeFlags(["-parse-as-library"])]
            )
        )
    }
}

let cTargets: Set = ["CCRC32C", "CPlatform", "CDiskShim", "CTestSupport"]
for target in package.targets where target.type != .system && !cTargets.contains(target.name) {
    target.swiftSettings =
        (target.swiftSettings ?? []) + [
            .swiftLanguageMode(.v6),
            .enableUpcomingFeature("ExistentialAny"),
            .enableUpcomingFeature("MemberImportVisibility"),
            .enableUpcomingFeature("InternalImportsByDefault"),
            .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
            .treatAllWarnings(as: .error),
        ]
}
