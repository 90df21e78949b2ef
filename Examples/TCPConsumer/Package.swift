// swift-tools-version: 6.3
import PackageDescription

// The service of README.md, whose members speak TCP: it enables the trait NIO, and only then is swift-nio
// resolved.
let package = Package(
    name: "tcp-consumer",
    platforms: [.macOS(.v15)],
    dependencies: [
        .package(name: "swift-replicated-log", path: "../..", traits: ["NIO"]),
        .package(url: "https://github.com/apple/swift-log", from: "1.6.0"),
    ],
    targets: [
        .executableTarget(
            name: "TCPConsumer",
            dependencies: [
                .product(name: "ReplicatedLog", package: "swift-replicated-log"),
                .product(name: "ReplicatedLogNIO", package: "swift-replicated-log"),
                .product(name: "Logging", package: "swift-log"),
            ]
        )
    ]
)
