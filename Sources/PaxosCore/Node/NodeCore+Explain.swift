/// Why something does not go on, by what a core knows.
extension NodeCore {
    /// The reasons, most important first; none, if all goes on.
    package var explanations: [Explanation] {
        var all: [Explanation] = []
        if let failure = lifetime.failure {
            return [Explanation(.leadership, .storeFailed(failure))]
        }
        if let found = lifetime.rolledBack {
            return [Explanation(.leadership, .rolledBack(found))]
        }
        if lifetime.refusal == .closed { all.append(Explanation(.leadership, .ending)) }
        explainLeadership(&all)
        explainCommitment(&all)
        explainTrimming(&all)
        for (position, node) in replica.membership.members.enumerated() where node != replica.node {
            explain(node, at: position, &all)
        }
        return all
    }

    private func explainLeadership(_ all: inout [Explanation]) {
        let now = replica.now
        guard replica.leader == nil, replica.election.liveLeader(at: now) == nil,
            replica.election.route(at: now) == nil
        else { return }
        func add(_ cause: Explanation.Cause) { all.append(Explanation(.leadership, cause)) }
        let unmet = meeting.isEstablished ? [] : meeting.admission.sought
        guard unmet.isEmpty else { return add(.notMet(unmet)) }
        if replica.isOverdue { add(.diskOverdue) }
        var heard = MemberSet()
        var names: [NodeID] = []
        for (position, node) in replica.membership.members.enumerated() {
            if node == replica.node {
                heard.insert(position: position)
            } else if replica.election.isConnected(position: position, at: now) {
                heard.insert(position: position)
                names.append(node)
            }
        }
        if !replica.membership.isPhase1Quorum(heard) {
            let count = replica.membership.members.count
            add(.noQuorum(heard: names, needed: replica.membership.quorum.phase1(of: count)))
        } else if let candidate = replica.candidate {
            let awaited = candidate.missing.map { replica.membership.members[$0] }
            add(.campaigning(candidate.ballot, awaited: awaited))
        } else {
            add(.electing)
        }
    }

    private func explainCommitment(_ all: inout [Explanation]) {
        func add(_ cause: Explanation.Cause) { all.append(Explanation(.commitment, cause)) }
        if replica.acceptor.isFull || replica.isQuorumFull { add(.full) }
        if let slot = replica.unobtainable { add(.unobtainable(slot)) }
        if let missing = replica.learner.missing { add(.fetching(missing)) }
        if let leader = replica.leader {
            if let target = replica.handing.transfer?.target, replica.isHandingOver {
                add(.handingOver(target))
            }
            let lowest = replica.learner.committed.next
            let missing = leader.lacking(lowest, of: replica.membership.members.count)
            if leader.slotsInFlight > 0, !missing.isEmpty {
                add(.notAccepted(lowest, by: missing.map { replica.membership.members[$0] }))
            }
            if replica.isOverdue { add(.diskOverdue) }
        } else if replica.acceptor.last > replica.learner.committed
            || !callers.undecided.isEmpty,
            replica.election.liveLeader(at: replica.now) == nil
        {
            add(.noLeader)
        }
    }

    private func explainTrimming(_ all: inout [Explanation]) {
        let trimmed = replica.acceptor.durablyTrimmed
        guard replica.learner.committed > trimmed else { return }
        let wanted = trimming.wanted(replica)
        func add(_ cause: Explanation.Cause) { all.append(Explanation(.trimming, cause)) }
        guard !replica.acceptor.isTrimStuck else { return add(.damaged) }
        // Who never asks does not wonder.
        guard wanted > trimmed else { return }
        let snapshot = trimming.keptForSnapshots(replica)
        let cursor = cursors.held.min { $0.written < $1.written }
        if snapshot <= trimmed { add(.heldBySnapshot(snapshot)) }
        if let cursor, trimming.cursor <= trimmed {
            add(.heldByCursor(cursor.record.name, cursor.written))
        }
        if replica.floor.slot <= trimmed {
            add(replica.floor.slowest.map { .heldByMember($0) } ?? .heldByMembers)
        } else if min(replica.floor.own, delivered) <= trimmed {
            add(.heldByDelivery(min(replica.floor.own, delivered)))
        }
    }

    private func explain(_ node: NodeID, at position: Int, _ all: inout [Explanation]) {
        let now = replica.now
        func add(_ cause: Explanation.Cause) { all.append(Explanation(.member(node), cause)) }
        for found in meeting.admission.disagreements(at: now) where found.node == node {
            add(.disagrees(found))
        }
        if let refused = meeting.refusedPeer(at: now), refused.node == node {
            add(.refused(refused.reason))
        }
        if let refusal = meeting.refusal(at: now), refusal.node == node {
            add(.refusesThis(refusal.reason))
        }
        guard replica.leader != nil || replica.election.leader?.ballot.node == node else { return }
        guard replica.election.isConnected(position: position, at: now) else {
            let ticks = replica.election.silence(position: position, at: now)
            return add(.silent(seconds: ticks.map { Int($0 / 100) }))
        }
        if replica.isLogLaneDead(at: position) { add(.workUnanswered) }
        guard let leader = replica.leader else { return }
        if !leader.hasRoom(position: position, now: now) { add(.full) }
        if !leader.isInWindow(position: position) {
            let lag = replica.learner.committed.count(after: replica.peerCommitted[position])
            add(.behind(slots: lag))
        }
    }
}
