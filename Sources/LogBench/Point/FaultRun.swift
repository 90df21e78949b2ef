import LogCommands
import PaxosCore
import Platform
import ReplicatedLog

/// Does a fault to the cluster of a point, from the first third of the measured time to the second.
struct FaultRun: Sendable {
    let fault: BenchFault
    let cluster: BenchCluster
    let timeline: Timeline?

    /// Begins it. What has gone wrong with it, if something has: nothing is measured then.
    func begin() async throws(Failure) -> Undo {
        timeline?.mark(MonotonicClock.now())
        switch fault {
        case .none: return .nothing
        case .killLeader: return .start(try await takeDown(inOrder: false))
        case .restart:
            try await takeDown(inOrder: true).startAgain()
            return .nothing
        case .slowDisk:
            guard let disk = followers.first?.disk else { throw Self.nobody }
            disk.delay(BenchFault.delay)
            return .speed(disk)
        case .slowLink:
            guard let network = cluster.network, let member = followers.first?.log.status.node
            else { throw Self.nobody }
            set(LinkFaults(delay: BenchFault.delay...BenchFault.delay), network, member)
            return .heal(network, member)
        case .slowSubscriber: return .cancel(subscribe())
        }
    }

    /// What is undone at its end.
    enum Undo: Sendable {
        case nothing
        case start(BenchChild)
        case speed(SlowDisk)
        case heal(InMemoryNetwork, NodeID)
        case cancel(Task<Void, Never>)
    }

    func end(_ undo: Undo) async throws(Failure) {
        switch undo {
        case .nothing: break
        case .start(let child): try await child.startAgain()
        case .speed(let disk): disk.delay(.zero)
        case .heal(let network, let member): set(.none, network, member)
        case .cancel(let task):
            task.cancel()
            await task.value
        }
    }

    private var followers: [BenchNode] {
        cluster.replicas.compactMap { $0 as? BenchNode }.filter { $0.log !== cluster.called }
    }

    private static var nobody: Failure {
        Failure(.unavailable, "no_leader", "there was nobody to whom the fault could be done")
    }

    private func takeDown(inOrder: Bool) async throws(Failure) -> BenchChild {
        guard let child = cluster.leadingChild else { throw Self.nobody }
        try await child.takeDown(inOrder: inOrder)
        return child
    }

    private func set(_ faults: LinkFaults, _ network: InMemoryNetwork, _ member: NodeID) {
        for other in cluster.nodes.map(\.status.node) where other != member {
            network.setFaults(faults, from: other, to: member)
            network.setFaults(faults, from: member, to: other)
        }
    }

    private func subscribe() -> Task<Void, Never> {
        let node = cluster.called
        return Task {
            var events = node.subscribe(from: node.status.deliveredSlot.next).makeAsyncIterator()
            while (try? await events.next()) != nil {
                guard (try? await Task.sleep(for: BenchFault.delay)) != nil else { return }
            }
        }
    }
}
