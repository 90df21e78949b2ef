public import ReplicatedLog

internal import Platform

/// Runs the body with a fresh directory below the build directory, so on a disk, and removes it.
public func withScratch<Result>(
    _ body: (_ directory: String) async throws -> Result
) async throws -> Result {
    let directory = ".build/benchmark-data/" + String(SystemRandom.uint64(), radix: 36)
    try FileSystem.makeDirectories(directory)
    defer { try? FileSystem.removeTree(directory) }
    return try await body(directory)
}

/// Runs the body with a durable node of one member, and shuts it down.
///
/// Its runway is as long as an opening fills at once, so that nothing extends the file meanwhile and the
/// counts of a run are the same every time.
public func withNode<Result: Sendable>(
    _ body: (LogNode) async throws -> Result
) async throws -> Result {
    try await withScratch { directory in
        var storage = StorageOptions()
        storage.runwayBytes = 8 << 20
        let configuration = LogNode.Configuration(
            cluster: try ClusterID("bench"),
            node: 1,
            membership: try Membership([1]),
            storage: storage
        )
        try await LogNode.create(configuration, directory: directory + "/n1")
        let node = try await LogNode.open(configuration, directory: directory + "/n1")
        async let running: Void = node.run()
        do {
            let result = try await body(node)
            await node.shutdown()
            try await running
            return result
        } catch {
            await node.shutdown()
            throw error
        }
    }
}
