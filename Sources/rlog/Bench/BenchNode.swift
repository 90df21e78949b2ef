import PaxosCore
import Platform
import ReplicatedLog

/// A node of a run, on a directory of its own.
struct BenchNode: Sendable {
    let log: LogNode
    private let running: Task<Failure?, Never>

    static func start(
        _ node: NodeID,
        of members: [NodeID],
        directory: String,
        transport: (any Transport)?
    ) async throws(Failure) -> BenchNode {
        let configuration: LogNode.Configuration
        do {
            configuration = LogNode.Configuration(
                cluster: try ClusterID("bench"),
                node: node,
                membership: try Membership(members)
            )
        } catch {
            throw Failure(.usage, "configuration", "\(error)")
        }
        do throws(LogCreateError) {
            try await LogNode.create(configuration, directory: directory)
        } catch {
            throw Failure(error)
        }
        do throws(LogOpenError) {
            let log = try await LogNode.open(
                configuration,
                directory: directory,
                transport: transport
            )
            return BenchNode(log: log, running: Task { await Self.run(log) })
        } catch {
            throw Failure(error)
        }
    }

    private static func run(_ log: LogNode) async -> Failure? {
        do {
            try await log.run()
            return nil
        } catch LogRunError.storeFailed(let what) {
            return Failure(
                .storageFailed,
                Failure.storeFailed,
                "storage of \(log.directory) failed (\(what)): check the disk and the system's log"
            )
        } catch {
            return Failure(.unavailable, "not_run", "the node on \(log.directory): \(error)")
        }
    }

    /// Shuts the node down and says what ended it, if it was not this.
    func stop() async -> Failure? {
        await log.shutdown()
        return await running.value
    }
}
