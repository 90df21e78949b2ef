// swift-tools-version: 6.3
import PackageDescription

// What the servers of this folder have in common, and is not their subject.
let package = Package(
    name: "example-support",
    platforms: [.macOS(.v15)],
    products: [.library(name: "ExampleSupport", targets: ["ExampleSupport"])],
    dependencies: [
        .package(name: "swift-replicated-log", path: "../.."),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.4.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.7.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.20.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.8.0"),
    ],
    targets: [
        .target(
            name: "ExampleSupport",
            dependencies: [
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Metrics", package: "swift-metrics"),
                .product(name: "ReplicatedLog", package: "swift-replicated-log"),
                .product(name: "ReplicatedLogMachine", package: "swift-replicated-log"),
                .product(name: "ReplicatedLogTCP", package: "swift-replicated-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ]
        )
    ]
)
