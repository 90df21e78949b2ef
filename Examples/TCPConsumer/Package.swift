// swift-tools-version: 6.3
import PackageDescription

// The service of README.md, whose members speak TCP, without the traits that it does not use: no BoringSSL is
// compiled. `.ci/run` builds it and runs three of them.
let package = Package(
    name: "tcp-consumer",
    platforms: [.macOS(.v15)],
    dependencies: [
        .package(name: "swift-replicated-log", path: "../..", traits: ["TCP"]),
        .package(url: "https://github.com/apple/swift-log", from: "1.6.0"),
    ],
    targets: [
        .executableTarget(
            name: "TCPConsumer",
            dependencies: [
                .product(name: "ReplicatedLog", package: "swift-replicated-log"),
                .product(name: "ReplicatedLogMachine", package: "swift-replicated-log"),
                .product(name: "ReplicatedLogTCP", package: "swift-replicated-log"),
                .product(name: "Logging", package: "swift-log"),
            ]
        )
    ]
)
