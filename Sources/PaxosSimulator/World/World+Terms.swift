import PaxosCore

/// Members that an operator gave different lists, or different limits.
struct DifferentTerms {
    var memberships: [Membership]
    var limits: [Limits]
}

extension World {
    /// In some worlds, from a generator of its own: a seed keeps the rest of its story.
    func drawTerms(seed: UInt64) {
        var random = SeededGenerator(seed: seed ^ 0x6c69_7374)
        let count = membership.members.count
        guard count > 1, random.oneIn(5) else { return }
        var drawn = DifferentTerms(
            memberships: Array(repeating: membership, count: count + 1),
            limits: Array(repeating: mix.limits, count: count + 1)
        )
        if random.oneIn(4) {
            drawn.limits[random.below(count)].pageBytes += 1
        } else if count >= 5 {
            tieBow(&drawn)
        } else if let own = try? Membership(
            membership.members,
            quorum: .sized(phase1: count, phase2: 1)
        ) {
            drawn.memberships[random.below(count)] = own
        }
        counts.count(.lists)
        trace.note(.fault, at: now, "lists differ")
        terms = drawn
        excusesLiveness = true
    }

    /// Two halves that know each other only through the member in the middle: a majority of one need not
    /// meet one of the other. The middle has the whole list: with one of the halves it would be a cluster of
    /// its own, which may well start.
    private func tieBow(_ drawn: inout DifferentTerms) {
        let members = membership.members
        let middle = members.count / 2
        guard let left = try? Membership(Array(members[...middle])),
            let right = try? Membership(Array(members[middle...]))
        else { return }
        for place in members.indices where place != middle {
            drawn.memberships[place] = place < middle ? left : right
        }
    }

    func membership(of node: SimulatedNode) -> Membership {
        terms?.memberships[place(of: node)] ?? membership
    }

    func limits(of node: SimulatedNode) -> Limits {
        terms?.limits[place(of: node)] ?? mix.limits
    }

    private func place(of node: SimulatedNode) -> Int {
        membership.members.firstIndex(of: node.id) ?? 0
    }

    /// Nobody starts where the lists differ, and whoever runs says why it waits.
    func checkTerms() throws(Violation) {
        guard terms != nil, nodes.allSatisfy({ $0.process != nil || $0.isTwin }) else { return }
        let count = nodes.filter { $0.process?.core.status.disagreements.isEmpty == false }.count
        try demand(
            count >= 2,
            .identity,
            "lists differ, and only \(count) of the members say so"
        )
    }
}
