import LogCommands
import PaxosCore
import Platform
import ReplicatedLog
import Synchronization

/// A replica of a run in this process.
struct BenchNode: BenchReplica {
    let log: LogNode
    /// What its disk does, where that was asked for.
    let disk: SlowDisk?
    private let running: Task<Failure?, Never>
    private let end: End

    /// Whether the node's run is over.
    private final class End: Sendable {
        private let isReached = Mutex(false)

        var hasCome: Bool { isReached.withLock { $0 } }

        func come() { isReached.withLock { $0 = true } }
    }

    /// Makes the directory of a node, whoever runs it.
    static func create(
        _ node: NodeID,
        of members: [NodeID],
        directory: String
    ) async throws(Failure) -> LogNode.Configuration {
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
        return configuration
    }

    static func start(
        _ configuration: LogNode.Configuration,
        directory: String,
        transport: (any LogTransport)?,
        isSlowed: Bool = false
    ) async throws(Failure) -> BenchNode {
        let made = Locked<SlowDisk?>(nil)
        var surroundings = Surroundings()
        if isSlowed {
            surroundings.store = { store in
                let disk = SlowDisk(store)
                made.withLock { $0 = disk }
                return disk
            }
        }
        do throws(LogOpenError) {
            let log = try await LogNode.open(
                configuration,
                directory: directory,
                transport: transport,
                logger: nil,
                surroundings: surroundings
            )
            let end = End()
            let running = Task {
                defer { end.come() }
                return await Self.run(log)
            }
            return BenchNode(
                log: log,
                disk: made.withLock { $0 },
                running: running,
                end: end
            )
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

    var directory: String { log.directory }

    var hasEnded: Bool { end.hasCome }

    func figures() async throws(Failure) -> ReplicaFigures {
        let status = log.status
        return ReplicaFigures(
            deliveredSlot: status.deliveredSlot,
            storage: status.storage,
            process: nil
        )
    }

    func read(
        _ slots: ClosedRange<Slot>,
        _ take: (Slot, [UInt8]) -> Void
    ) async throws(Failure) -> Slot {
        do throws(ReadError) {
            let page = try await log.entries(in: slots)
            for entry in page.entries { take(entry.slot, entry.payload) }
            return page.through
        } catch {
            switch error {
            case .storeFailed(let what):
                throw Failure(.storageFailed, Failure.storeFailed, "reading back failed: \(what)")
            default:
                let slot = slots.lowerBound
                throw Failure(.wrong, "not_read", "reading back failed at slot \(slot): \(error)")
            }
        }
    }

    func stop() async -> Failure? {
        await log.shutdown()
        return await running.value
    }
}
