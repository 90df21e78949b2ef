import Glibc
import PaxosCore
import Platform
import ReplicatedLog

/// A number from the environment, or the default.
func setting(_ name: String, default value: Int) -> Int {
    getenv(name).flatMap { Int(String(cString: $0)) } ?? value
}

extension LogNode.Configuration {
    /// One member, or one of several, quick to fill its runway, with a checkpoint every few slots.
    static func small(
        node: NodeID = 1,
        members: [NodeID] = [1],
        mapSize: Int = 256 << 20,
        runwayBytes: Int = 64 << 10
    ) throws -> LogNode.Configuration {
        var configuration = LogNode.Configuration(
            cluster: try ClusterID("durability"),
            node: node,
            membership: try Membership(members)
        )
        configuration.storage.mapSize = mapSize
        configuration.storage.runwayBytes = runwayBytes
        configuration.limits.maxPayloadBytes = 16 << 10
        configuration.limits.pipelineSlots = 512
        configuration.limits.pipelineBytes = 256 << 10
        configuration.limits.checkpointSlots = 12
        configuration.limits.appendTimeout = .seconds(120)
        return configuration
    }
}

/// A node and the task that runs it.
struct RunningNode: Sendable {
    let log: LogNode
    private let running: Task<(any Error)?, Never>

    /// Runs the node.
    init(_ log: LogNode) {
        self.log = log
        running = Task {
            do {
                try await log.run()
                return nil
            } catch {
                return error
            }
        }
    }

    /// What `run()` threw, once it has ended.
    var ending: (any Error)? {
        get async { await running.value }
    }

    /// Shuts down in order; what `run()` threw.
    @discardableResult
    func shutdown() async -> (any Error)? {
        await log.shutdown()
        return await ending
    }

    /// Ends without waiting; what `run()` threw.
    @discardableResult
    func close() async -> (any Error)? {
        await log.close()
        return await ending
    }
}
