// swift-tools-version: 6.3
import PackageDescription

// An application that uses the log and nothing else of this repository: without its traits, which are all
// enabled unless `traits:` says otherwise. `.ci/run` builds it, runs it and checks what it had to check out: no
// swift-nio, no swift-nio-ssl, no service-lifecycle, no distributed-tracing.
let package = Package(
    name: "consumer",
    platforms: [.macOS(.v15)],
    dependencies: [
        .package(name: "swift-replicated-log", path: "../..", traits: [])
    ],
    targets: [
        .executableTarget(
            name: "Consumer",
            dependencies: [
                .product(name: "ReplicatedLog", package: "swift-replicated-log")
            ]
        )
    ]
)
