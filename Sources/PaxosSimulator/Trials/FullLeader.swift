package import PaxosCore

extension Simulation {
    /// In a calm world the leader's store is full from one moment on: appends at every other node must succeed
    /// within two election timeouts.
    package static func runFullLeader(
        seed: UInt64,
        members: Int,
        keepsTrace: Bool = false
    ) throws(InvalidMembership) -> (report: Report, lines: [String]) {
        let world = try World(seed: seed, members: members, faults: .none, keepsTrace: keepsTrace)
        var violation: Violation?
        do {
            try world.fillLeader()
        } catch {
            violation = error
        }
        return (report(of: world, seed: seed, violation), world.trace.lines)
    }
}

extension World {
    fileprivate func fillLeader() throws(Violation) {
        try run(steps: 60)
        guard let leader = nodes.first(where: { $0.process?.wasLeader == true }) else {
            throw Violation(.liveness, "a calm world has no leader")
        }
        setFull(true, leader)
        trace.note(.fault, at: now, "\(leader.label) is full")
        probes = nodes.filter { $0 !== leader }.map { Probe(node: $0.index) }
        let ticks = 2 * Int(mix.limits.electionTicks)
        try drive(ticks: ticks)
        guard isQuiet else { throw Violation(.liveness, "\(ticks) ticks: \(account)") }
    }
}
