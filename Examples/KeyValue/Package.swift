// swift-tools-version: 6.3
import PackageDescription

let package = Package(
    name: "key-value",
    platforms: [.macOS(.v15)],
    dependencies: [
        .package(name: "swift-replicated-log", path: "../.."),
        .package(path: "../Support"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.4.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.20.0"),
    ],
    targets: [
        .executableTarget(
            name: "KeyValue",
            dependencies: [
                .product(name: "ExampleSupport", package: "Support"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "ReplicatedLog", package: "swift-replicated-log"),
                .product(name: "ReplicatedLogMachine", package: "swift-replicated-log"),
            ]
        )
    ]
)
