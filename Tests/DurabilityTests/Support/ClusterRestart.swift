import PaxosCore
import Platform

@testable import ReplicatedLog

/// Starts a cluster from what a power cut has left of all its nodes, and looks whether every append that
/// was acknowledged is in its slot on each of them.
struct ClusterRestart: Sendable {
    func violations(at root: String, told: [UInt64: UInt32]) async -> [String] {
        let network = InMemoryNetwork()
        var nodes: [RunningNode] = []
        var found: [String] = []
        do {
            for node in ClusterScript.members {
                let log = try await LogNode.open(
                    try ClusterScript.configuration(node),
                    directory: root + "/" + ClusterRecording.directory(of: node),
                    transport: network.transport(for: node)
                )
                nodes.append(RunningNode(log))
            }
            found = try await contradictions(nodes, told)
        } catch {
            found.append("the cluster does not work: \(error)")
        }
        for node in nodes {
            if let error = await node.close() { found.append("a node ended with \(error)") }
        }
        return found
    }

    private func contradictions(
        _ nodes: [RunningNode],
        _ told: [UInt64: UInt32]
    ) async throws -> [String] {
        var outcomes = Outcomes.Found()
        outcomes.told = told
        let probe = TestPayload(id: .max)
        let slot = try await nodes[0].log.append(probe.bytes, timeout: .seconds(60))
        outcomes.told[slot.rawValue] = probe.id
        var found: [String] = []
        for node in nodes {
            let last = try await node.log.barrier(timeout: .seconds(60))
            let rows = try await NodeDirectory.everything(of: node.log, through: last)
            found += outcomes.contradictions(rows)
        }
        return found
    }
}
