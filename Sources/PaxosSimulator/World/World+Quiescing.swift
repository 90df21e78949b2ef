import PaxosCore

/// The end of a run: faults stop, and every healthy node must get an append through and learn everything.
extension World {
    /// Ticks in which that must be done: a few elections, and the catching up in pages that may hold one
    /// row each.
    var quiescingTicks: Int {
        // Who may never start need not be watched for longer than it takes to elect many leaders.
        guard !excusesLiveness else { return 40 * Int(mix.limits.electionTicks) }
        let patience = lastingCut == nil ? 0 : LastingCut.patience * Int(mix.limits.electionTicks)
        return 3_000 + patience + 6 * Int(ledger.chosenThrough.rawValue)
    }

    func quiesce() throws(Violation) {
        calmDown()
        trace.note(.note, at: now, "faults stop")
        let cutOff = leaveLaneCut()
        let ticks = quiescingTicks
        probes = nodes.filter { $0.isHealthy && $0 !== cutOff }.map { Probe(node: $0.index) }
        try drive(ticks: ticks)
        try checkTerms()
        try checkFreight()
        guard !isQuiet, !excusesLiveness else { return }
        throw Violation(.liveness, "after \(ticks) calm ticks: \(account)")
    }

    /// Ends every fault that lasts, and starts whoever is down.
    func calmDown() {
        isQuiescing = true
        endAmbush()
        endAim()
        network.healAll()
        for node in nodes {
            // A twin that takes half of a node's mail is not a calm world.
            if node.isTwin {
                node.end()
                node.isRetired = true
            }
            node.stall = 0
            resume(node)
            setFull(false, node)
            agenda.put(.start(node.index), at: now.advanced(by: 1))
        }
    }

    /// Runs until every probe is through and everybody has caught up, or the time is over.
    func drive(ticks: Int) throws(Violation) {
        let end = now.advanced(byTicks: ticks)
        agenda.put(.probe, at: now)
        while !isQuiet, let moment = agenda.next, moment <= end, let next = agenda.popFirst() {
            now = moment
            try handle(next.event)
        }
    }

    func probeAll() {
        for index in probes.indices { probe(index) }
        agenda.put(.probe, at: now.advanced(byTicks: 5))
    }

    /// An append that must succeed; asked again if it was refused or its process ended.
    struct Probe {
        let node: Int
        var append: Int?
        var generation = 0
        var isDone = false
    }

    func probe(_ index: Int) {
        let node = nodes[probes[index].node]
        guard !probes[index].isDone, let process = node.process, !process.hasClosed else { return }
        let isWaiting =
            probes[index].generation == node.generation
            && probes[index].append.map { process.callers.contains(append: $0) } ?? false
        guard !isWaiting else { return }
        submitAppend(count: 1, isBatch: false, size: 8, deadline: .never, process)
        probes[index].append = appends
        probes[index].generation = node.generation
        trace.note(.called, at: now, node, UInt64(appends), 1, "append a\(appends)")
        schedule(node)
    }

    func acknowledged(_ append: Int) {
        for index in probes.indices where probes[index].append == append {
            probes[index].isDone = true
        }
    }

    var isQuiet: Bool {
        guard !probes.isEmpty, probes.allSatisfy(\.isDone), hasSettledTokens else { return false }
        return probes.allSatisfy { probe in
            guard let process = nodes[probe.node].process else { return false }
            return process.position == ledger.expected.events.count
        }
    }

    var account: String {
        let waiting = probes.filter { !$0.isDone }.map { nodes[$0.node].label }
        let states = nodes.map { node in
            guard let process = node.process else { return "\(node.label) down" }
            let status = process.core.status
            return "\(node.label) \(status.role) promised=\(status.promised) "
                + "committed=\(status.committed) delivered=\(status.delivered)"
                + (node.isDamaged ? " damaged" : "")
        }
        return "no append from \(waiting); chosen through \(ledger.chosenThrough); "
            + states.joined(separator: ", ")
    }
}
