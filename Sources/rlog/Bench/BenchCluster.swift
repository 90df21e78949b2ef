import PaxosCore
import Platform
import ReplicatedLog

/// The nodes of a run: real ones, each on a directory of its own, joined by a network in memory.
struct BenchCluster: Sendable {
    let nodes: [BenchNode]
    /// The node that the clients call: the one that led when the run began.
    let leader: BenchNode
    private let network: InMemoryNetwork

    /// Makes the directories `n1`, `n2` and so on below `directory`, runs a node on each, and waits until
    /// one of them leads.
    static func start(_ replicas: Int, below directory: String) async throws(Failure)
        -> BenchCluster
    {
        let network = InMemoryNetwork()
        let members = (1...UInt64(replicas)).compactMap(NodeID.init(rawValue:))
        do throws(PosixError) {
            try FileSystem.makeDirectories(directory)
        } catch {
            throw Failure(error)
        }
        var nodes: [BenchNode] = []
        do throws(Failure) {
            for member in members {
                nodes.append(
                    try await BenchNode.start(
                        member,
                        of: members,
                        directory: "\(directory)/n\(member)",
                        transport: replicas == 1 ? nil : network.transport(for: member)
                    )
                )
            }
            let leader = try await leader(of: nodes)
            return BenchCluster(nodes: nodes, leader: leader, network: network)
        } catch {
            for node in nodes { _ = await node.stop() }
            throw error
        }
    }

    private static func leader(of nodes: [BenchNode]) async throws(Failure) -> BenchNode {
        let deadline = MonotonicClock.now().advanced(by: .seconds(30))
        while MonotonicClock.now() < deadline {
            for node in nodes where await node.log.status.role == .leader {
                // Leads, and everybody follows it.
                if (try? await node.log.barrier(timeout: .seconds(5))) != nil { return node }
            }
            try? await Task.sleep(for: .milliseconds(5))
        }
        throw Failure(.unavailable, "no_leader", "no node came to lead within 30 s")
    }

    var directories: [String] { nodes.map(\.log.directory) }

    /// Messages that any node has sent so far.
    var messages: Int { network.counters.sent }

    /// What all stores have done so far.
    func storage() async -> StoreCounters {
        var sum = await nodes[0].log.status.storage
        for node in nodes.dropFirst() {
            let counters = await node.log.status.storage
            sum.commits += counters.commits
            sum.flushes += counters.flushes
            sum.runwayFlushes += counters.runwayFlushes
            sum.bytesWritten = sum.bytesWritten.flatMap { sum in
                counters.bytesWritten.map { sum + $0 }
            }
        }
        return sum
    }

    /// Shuts all nodes down and says what ended one before, if something did.
    func stop() async -> Failure? {
        var failure: Failure?
        for node in nodes {
            let ending = await node.stop()
            failure = failure ?? ending
        }
        return failure
    }
}
