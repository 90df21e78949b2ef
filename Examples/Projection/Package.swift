// swift-tools-version: 6.3
import PackageDescription

// An application that keeps what the log makes of its state in an LMDB file of its own, with its place in the log, by
// the product LMDB. `.ci/run` builds it, kills it again and again, and checks that every entry counts once.
let package = Package(
    name: "projection",
    platforms: [.macOS(.v15)],
    dependencies: [
        .package(name: "swift-replicated-log", path: "../..", traits: [])
    ],
    targets: [
        .executableTarget(
            name: "Projection",
            dependencies: [
                .product(name: "ReplicatedLog", package: "swift-replicated-log"),
                .product(name: "LMDB", package: "swift-replicated-log"),
            ]
        )
    ]
)
