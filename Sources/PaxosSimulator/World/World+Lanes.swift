import PaxosCore

/// One lane of links fails and the other goes on: who answers to whether it lives cannot be worked with, or
/// the other way round. A transport may have a connection for each lane.
///
/// Liveness that is judged by another way than the one that the work takes shows only where the two fail apart.
extension World {
    /// In some worlds, from a generator of its own: a seed keeps the rest of its story.
    func drawLanes(seed: UInt64) {
        var random = SeededGenerator(seed: seed ^ 0x6c61_6e65)
        guard membership.members.count > 1, random.oneIn(4) else { return }
        for kind in [FaultKind.laneCut, .laneStall] where faults.contains(kind) {
            mix.drawn += [kind, kind]
        }
        if faults.contains(.laneCut) { lastingCut = LastingCut(random: &random) }
    }

    func impairLane(_ kind: FaultKind) {
        let count = membership.members.count
        guard let node = pickRunning().map(place(of:)) else { return }
        let one = (node.index + 1 + faultRandom.below(count - 1)) % count
        let cut = LastingCut(random: &faultRandom)
        let others = cut.isOfAll ? (0..<count).filter { $0 != node.index } : [one]
        let links = links(of: node, to: others, cut.direction)
        let lane: Lane = faultRandom.oneIn(4) ? .liveness : .log
        counts.count(kind)
        trace.note(.fault, at: now, "\(kind.name) \(lane) \(describe(links))")
        let duration = faultRandom.within(mix.duration)
        let end = now.advanced(byTicks: duration)
        if kind == .laneStall {
            network.stall(links, lane, until: end)
        } else {
            agenda.put(.heal(network.impair(links, [lane])), at: end)
        }
    }

    private func links(
        of node: SimulatedNode,
        to others: [Int],
        _ direction: LastingCut.Direction
    ) -> [Int] {
        var links: [Int] = []
        for other in others {
            if direction != .inward { links.append(network.link(from: node.index, to: other)) }
            if direction != .outward { links.append(network.link(from: other, to: node.index)) }
        }
        return links
    }

    /// Leaves the log lane of one member dead for good, where the others are a quorum without it, and returns
    /// the member if it cannot be asked for progress.
    func leaveLaneCut() -> SimulatedNode? {
        guard let cut = lastingCut else { return nil }
        let healthy = nodes.filter(\.isHealthy)
        let count = membership.members.count
        guard terms == nil, !excusesLiveness, healthy.count > count / 2 + 1,
            healthy.allSatisfy(haveAllMet), nodes.count == count
        else {
            lastingCut = nil
            return nil
        }
        // Most of the time who leads: of others it takes less to do without.
        let leaders = healthy.filter { $0.process?.wasLeader == true }
        guard let victim = leaders.last ?? healthy.first else { return nil }
        let others = healthy.filter { $0 !== victim }
        let apart = cut.isOfAll ? nodes.filter { $0 !== victim } : Array(others.prefix(1))
        let links = links(of: victim, to: apart.map(\.index), cut.direction)
        _ = network.impair(links, [.log])
        counts.count(.laneCut)
        trace.note(.fault, at: now, "log lane dead for good: \(describe(links))")
        return cut.isOfAll ? victim : nil
    }
}

/// How the log lane of a member is cut.
struct LastingCut {
    enum Direction: CaseIterable {
        case outward, inward, both
    }

    let direction: Direction
    /// With all others, or with one.
    let isOfAll: Bool

    init(random: inout SeededGenerator) {
        direction = random.pick(Direction.allCases) ?? .both
        isOfAll = random.below(3) > 0
    }

    /// In how many election timeouts it must be got over. A full pipeline is waited for several times as long as
    /// an empty one, by each of those who may lead.
    static let patience = 600
}
