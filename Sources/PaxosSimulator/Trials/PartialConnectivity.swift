package import PaxosCore

/// The three ways in which links can fail so that some nodes reach a quorum and others do not (Ng, Haridi
/// and Carbone, "Omni-Paxos", EuroSys 2023, section 2).
package enum PartialConnectivity: String, CaseIterable, Sendable {
    /// Everybody reaches one node only, which does not lead: the leader has lost its quorum and is alive.
    case quorumLoss = "quorum-loss"
    /// As before, and the leader is cut off from everybody.
    case constrainedElection = "constrained-election"
    /// Three nodes in a row with the leader at an end: it is alive, and one node does not hear it.
    case chained

    package var members: Int { self == .chained ? 3 : 5 }
}

extension Simulation {
    /// Elects a leader in a calm world, takes links away for good, and asks for progress from every node
    /// that reaches a quorum directly or through one peer, in at most `ticks`.
    package static func run(
        _ topology: PartialConnectivity,
        seed: UInt64,
        ticks: Int = 600,
        keepsTrace: Bool = false
    ) throws(InvalidMembership) -> (report: Report, lines: [String]) {
        let world = try World(
            seed: seed,
            members: topology.members,
            faults: .none,
            keepsTrace: keepsTrace
        )
        var violation: Violation?
        do {
            try world.run(topology, ticks: ticks)
        } catch {
            violation = error
        }
        return (report(of: world, seed: seed, violation), world.trace.lines)
    }
}

extension World {
    fileprivate func run(_ topology: PartialConnectivity, ticks: Int) throws(Violation) {
        try run(steps: 60)
        guard let leader = nodes.firstIndex(where: { $0.process?.wasLeader == true }) else {
            throw Violation(.liveness, "a calm world has no leader")
        }
        let hub = (leader + 1) % nodes.count
        var links: [Int] = []
        for from in nodes.indices {
            for to in nodes.indices where from != to {
                let isIsolated = topology == .constrainedElection && [from, to].contains(leader)
                guard isIsolated || ![from, to].contains(hub) else { continue }
                links.append(network.link(from: from, to: to))
            }
        }
        _ = network.impair(links)
        trace.note(.fault, at: now, topology.rawValue)
        let elected = elections
        probes = nodes.filter { topology != .constrainedElection || $0.index != leader }
            .map { Probe(node: $0.index) }
        try drive(ticks: ticks)
        guard isQuiet else {
            throw Violation(.liveness, "\(topology.rawValue), \(ticks) ticks: \(account)")
        }
        // The way through a peer is known now, and used at once.
        probes = probes.map { Probe(node: $0.node) }
        let prompt = 10
        if topology == .chained { try drive(ticks: prompt) }
        guard isQuiet || topology != .chained else {
            throw Violation(.liveness, "\(topology.rawValue), \(prompt) more ticks: \(account)")
        }
        try demand(
            elections - elected <= 3,
            .liveness,
            "\(topology.rawValue): \(elections - elected) elections"
        )
    }
}
