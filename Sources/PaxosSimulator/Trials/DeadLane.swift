package import PaxosCore

/// The ways in which the log lane alone of a member can be dead, while all are heard in the other one.
package enum DeadLane: String, CaseIterable, Sendable {
    /// The leader is heard by nobody, hears nobody, or neither.
    case leaderSends = "leader-sends"
    case leaderHears = "leader-hears"
    case leader
    /// Between the leader and one follower, one way or both.
    case followerSends = "follower-sends"
    case followerHears = "follower-hears"
    case follower

    fileprivate var isLeaders: Bool { [.leaderSends, .leaderHears, .leader].contains(self) }
}

extension Simulation {
    /// Elects a leader in a calm world, takes log lanes away for good, and asks for an append of every node that
    /// reaches a quorum by way of them, through a peer if need be, and for a barrier of a follower whose own
    /// one to the leader is dead.
    package static func run(
        _ lane: DeadLane,
        seed: UInt64,
        members: Int,
        keepsTrace: Bool = false
    ) throws(InvalidMembership) -> (report: Report, lines: [String]) {
        let world = try World(seed: seed, members: members, faults: .none, keepsTrace: keepsTrace)
        var violation: Violation?
        do {
            try world.run(lane)
        } catch {
            violation = error
        }
        return (report(of: world, seed: seed, violation), world.trace.lines)
    }
}

extension World {
    fileprivate func run(_ lane: DeadLane) throws(Violation) {
        try run(steps: 60)
        guard let leader = nodes.first(where: { $0.process?.wasLeader == true }) else {
            throw Violation(.liveness, "a calm world has no leader")
        }
        let follower = nodes[(leader.index + 1) % nodes.count]
        let others = lane.isLeaders ? nodes.filter { $0 !== leader } : [follower]
        var links: [Int] = []
        for other in others {
            let out = network.link(from: leader.index, to: other.index)
            let back = network.link(from: other.index, to: leader.index)
            switch lane {
            case .leaderSends, .followerHears: links.append(out)
            case .leaderHears, .followerSends: links.append(back)
            case .leader, .follower: links += [out, back]
            }
        }
        _ = network.impair(links, [.log])
        trace.note(.fault, at: now, lane.rawValue)
        let elected = elections
        probes = nodes.filter { !lane.isLeaders || $0 !== leader }.map { Probe(node: $0.index) }
        let waiting = follower.process?.callers.waiting ?? 0
        if !lane.isLeaders { askBarrier(of: follower) }
        // A full pipeline is waited for nine times as long as an empty one.
        let ticks = 10 * 16 * Int(mix.limits.electionTicks)
        try drive(ticks: ticks)
        guard isQuiet else {
            throw Violation(.liveness, "\(lane.rawValue), \(ticks) ticks: \(account)")
        }
        // One tick after the other, since nobody but the barrier waits.
        var left = ticks
        while (follower.process?.callers.waiting ?? 0) > waiting, left > 0 {
            left -= 1
            let end = now.advanced(byTicks: 1)
            while let moment = agenda.next, moment <= end, let next = agenda.popFirst() {
                now = moment
                try handle(next.event)
            }
            now = end
        }
        try demand(left > 0, .liveness, "\(lane.rawValue): \(follower.label) has no barrier")
        try demand(
            elections - elected <= (lane.isLeaders ? 3 : 0),
            .liveness,
            "\(lane.rawValue): \(elections - elected) elections"
        )
    }

    private func askBarrier(of node: SimulatedNode) {
        guard let process = node.process else { return }
        let caller = Callers.Caller(
            append: nil,
            count: 0,
            deadline: .never,
            floor: ledger.acknowledged
        )
        let waiter = process.callers.add(caller)
        process.barriers.append(BarrierRequest(waiter: waiter, deadline: .never))
        schedule(node)
    }
}
