package import PaxosCore

extension Simulation {
    /// In a calm world one slot is chosen and delivered by the leader alone, everybody is cut off from
    /// everybody, and the leader's row of that slot rots. Then the leader and one other can talk, and at last
    /// all: appends on the others must succeed in at most `ticks`, though only the damaged member knows
    /// the slot chosen.
    package static func runLostKnower(
        seed: UInt64,
        ticks: Int = 1_000,
        keepsTrace: Bool = false
    ) throws(InvalidMembership) -> (report: Report, lines: [String]) {
        let world = try World(seed: seed, members: 3, faults: .none, keepsTrace: keepsTrace)
        var violation: Violation?
        do {
            try world.loseKnower(ticks: ticks)
        } catch {
            violation = error
        }
        return (report(of: world, seed: seed, violation), world.trace.lines)
    }
}

extension World {
    fileprivate func loseKnower(ticks: Int) throws(Violation) {
        try run(steps: 60)
        guard let knower = nodes.first(where: { $0.process?.wasLeader == true }),
            let process = knower.process
        else { throw Violation(.liveness, "a calm world has no leader") }
        probes = []
        submitAppend(count: 1, isBatch: false, size: 8, deadline: .never, process)
        schedule(knower)
        let before = ledger.chosenThrough
        try drive { ledger.chosenThrough > before }
        let timeout = Int(mix.limits.electionTicks)
        let others = nodes.filter { $0 !== knower }
        let links = nodes.indices.flatMap { from in
            nodes.indices.filter { $0 != from }.map { network.link(from: from, to: $0) }
        }
        // It hears the acceptances, and nobody hears what they come to.
        let mute = network.impair(links.filter { $0 / network.width == knower.index })
        try drive { process.core.delivered > before }
        let everybody = network.impair(links)
        network.heal(mute)
        knower.isDamaged = true
        knower.store.rot(process.core.delivered)
        trace.note(.fault, at: now, "\(knower.label) alone knows \(process.core.delivered)")
        try drive(ticks: 2 * timeout)
        let silent = others[1].index
        let part = network.impair(
            links.filter { [$0 / network.width, $0 % network.width].contains(silent) }
        )
        network.heal(everybody)
        try drive(ticks: 6 * timeout)
        network.heal(part)
        trace.note(.healed, at: now, "everybody is heard")
        probes = others.map { Probe(node: $0.index) }
        try drive(ticks: ticks)
        guard isQuiet else { throw Violation(.liveness, "\(ticks) ticks: \(account)") }
    }

    private func drive(until isReached: () -> Bool) throws(Violation) {
        while !isReached(), let next = agenda.popFirst() {
            now = next.moment
            try handle(next.event)
        }
    }
}
