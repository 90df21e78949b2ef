// swift-tools-version: 6.3
import PackageDescription

// An application whose nodes speak TCP: it enables the trait NIO, and only then is swift-nio resolved.
let package = Package(
    name: "tcp-consumer",
    platforms: [.macOS(.v15)],
    dependencies: [
        .package(name: "swift-replicated-log", path: "../..", traits: ["NIO"])
    ],
    targets: [
        .executableTarget(
            name: "TCPConsumer",
            dependencies: [
                .product(name: "ReplicatedLogNIO", package: "swift-replicated-log")
            ]
        )
    ]
)
