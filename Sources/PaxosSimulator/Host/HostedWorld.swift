package import PaxosCore

/// A world with a host, step by step: the same seed and the same calls give the same everything.
package final class HostedWorld {
    private let world: World
    private let host = Host()

    /// - Parameter faults: The kinds that the seed may draw from.
    package init(
        seed: UInt64,
        members: Int,
        faults: FaultSet,
        limits: Limits
    ) throws(InvalidMembership) {
        world = try World(
            host: host,
            seed: seed,
            members: members,
            faults: faults,
            limits: limits
        )
    }

    /// Starts every member, lets all meet and one lead, and then the faults begin.
    package func found() throws(Violation) {
        world.isQuiescing = true
        world.startAll()
        for _ in 0..<world.quiescingTicks where !isFounded { try run(ticks: 1) }
        try demand(isFounded, .liveness, "nobody leads: \(world.account)")
        world.isQuiescing = false
        world.drawFaults()
    }

    private var isFounded: Bool {
        members.allSatisfy { status(of: $0)?.leader != nil }
    }

    package var members: [NodeID] { world.membership.members }
    package var digest: Digest { world.trace.digest }
    package var counts: FaultCounts { world.counts }
    package var ticks: UInt64 { world.now.ticks }

    /// Effective commands as far as any node has delivered them.
    package var log: [Delivered] { host.log }

    /// How many of `log` the process that runs on a member has got, what came before its last
    /// checkpoint included, and which of the member's processes it is; `nil` if none runs.
    package func position(of member: NodeID) -> (count: Int, process: Int)? {
        guard let node = node(member), let process = node.process else { return nil }
        return (process.position, node.generation)
    }

    package func status(of member: NodeID) -> CoreStatus? { node(member)?.process?.core.status }

    // MARK: - Calls

    /// Hands in an append and answers with its number; `nil` if the member does not run.
    package func append(_ payloads: [[UInt8]], isBatch: Bool, on member: NodeID) -> Int? {
        guard let node = node(member), let process = node.process, !process.hasClosed else {
            return nil
        }
        host.called(append: node)
        let timeout = Limits.ticks(in: world.mix.limits.appendTimeout)
        world.appends += 1
        let labelled = payloads.enumerated().map { index, payload in
            PayloadLabel(append: world.appends, index: index, count: payloads.count)
                .payload(size: PayloadLabel.bytes) + payload
        }
        world.submit(
            labelled,
            isBatch: isBatch,
            deadline: process.tick(at: world.now).advanced(by: timeout),
            process
        )
        world.schedule(node)
        return world.appends
    }

    /// Hands in a barrier and answers with its number; `nil` if the member does not run.
    package func barrier(on member: NodeID) -> Int? {
        guard let node = node(member), let process = node.process, !process.hasClosed else {
            return nil
        }
        let number = host.nextBarrier()
        world.barrier(node, process)
        host.called(barrier: node)
        world.schedule(node)
        return number
    }

    package func state(append number: Int) -> CallState { host.state(append: number, in: world) }

    package func state(barrier number: Int) -> CallState { host.state(barrier: number, in: world) }

    // MARK: - Time

    package func run(ticks: Int) throws(Violation) {
        let end = world.now.advanced(byTicks: ticks)
        while let moment = world.agenda.next, moment <= end, let next = world.agenda.popFirst() {
            world.now = moment
            try world.handle(next.event)
        }
        world.now = end
    }

    /// Lets faults stop until every call is answered and everybody who is sound has the whole log.
    package func calm() throws(Violation) {
        for member in members { host.keep(member, down: false) }
        _ = host.takeCuts()
        world.calmDown()
        let end = world.now.advanced(byTicks: world.quiescingTicks)
        var asked: [Int: Int] = [:]
        while !isCalm(asked: asked) {
            try demand(
                world.now < end || world.excusesLiveness,
                .liveness,
                "the log does not come to rest: \(world.account)"
            )
            if world.now >= end { break }
            for node in world.nodes where node.isHealthy {
                if let number = asked[node.index], state(barrier: number) == .waits { continue }
                if isCaughtUp(node, asked: asked) { continue }
                asked[node.index] = barrier(on: node.id)
            }
            try run(ticks: 5)
        }
        world.isQuiescing = false
    }

    private func isCalm(asked: [Int: Int]) -> Bool {
        !host.hasOpenAppend(in: world)
            && world.nodes.allSatisfy { !$0.isHealthy || isCaughtUp($0, asked: asked) }
    }

    /// A barrier was answered after the faults had stopped, and everything chosen is delivered.
    private func isCaughtUp(_ node: SimulatedNode, asked: [Int: Int]) -> Bool {
        guard let number = asked[node.index], case .answered(.barrier) = state(barrier: number)
        else { return false }
        return node.process?.position == world.ledger.expected.events.count
            && host.log.count == world.ledger.expected.events.count
    }

    // MARK: - Faults at the host's word

    /// The process ends at once, a prefix of its last writes survives, and it stays down until `start`.
    package func crash(_ member: NodeID, keeping count: Int) throws(Violation) {
        host.keep(member, down: true)
        guard let node = node(member), node.process != nil else { return }
        try world.crash(node, keeping: min(count, node.store.unreceipted))
    }

    package func start(_ member: NodeID) {
        host.keep(member, down: false)
        guard let node = node(member) else { return }
        world.agenda.put(.start(node.index), at: world.now.advanced(by: 1))
    }

    /// Cuts every link between members of different groups, both ways.
    package func partition(_ groups: [[NodeID]]) {
        var links: [Int] = []
        for (place, group) in groups.enumerated() {
            for (other, others) in groups.enumerated() where other != place {
                for from in group.compactMap(node) {
                    for to in others.compactMap(node) {
                        links.append(world.network.link(from: from.index, to: to.index))
                    }
                }
            }
        }
        host.note(cut: world.network.impair(links))
    }

    /// Undoes every partition of the host's.
    package func heal() {
        for cut in host.takeCuts() { world.network.heal(cut) }
    }

    private func node(_ member: NodeID) -> SimulatedNode? {
        world.nodes.first { $0.id == member && !$0.isTwin }
    }
}
