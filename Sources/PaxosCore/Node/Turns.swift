/// How things stood at the end of the step before, of what has no moment of its own: a leader is lost by the
/// silence, a refusal by what a peer says again and again. The other facts are told where they happen.
struct Turns: Sendable {
    private var leader: NodeID?
    private var hasQuorum: Bool?
    private var isOverdue = false
    private var isBehindTrim = false
    private var rolledBack: RolledBack?
    private var refusedBy = Episodes()
    private var refusedPeers = Episodes()
    private var disagreements: [Disagreement] = []

    /// Tells what has turned since the step before.
    mutating func advance(
        _ replica: inout Replica,
        _ meeting: borrowing Meeting,
        rolledBack: RolledBack?,
        output: inout Output
    ) {
        if replica.hasFacts { replica.takeFacts(into: &output.facts) }
        noteLeader(replica, output: &output)
        let isOverdue = replica.isOverdue
        if isOverdue != self.isOverdue {
            self.isOverdue = isOverdue
            output.facts.append(isOverdue ? .diskOverdue : .diskInTime)
        }
        let unobtainable = replica.unobtainable
        if let slot = unobtainable, !isBehindTrim { output.facts.append(.behindTrim(slot)) }
        isBehindTrim = unobtainable != nil
        noteRefusals(meeting, at: replica.now, output: &output)
        if let found = rolledBack, found != self.rolledBack {
            self.rolledBack = found
            output.facts.append(.rolledBack(found))
        }
    }

    private mutating func noteLeader(_ replica: borrowing Replica, output: inout Output) {
        let hasQuorum = replica.election.hasQuorum
        if let hasQuorum, hasQuorum != self.hasQuorum {
            // That it has one is only worth a word where it had none.
            if !hasQuorum {
                output.facts.append(.lostQuorum)
            } else if self.hasQuorum == false {
                output.facts.append(.foundQuorum)
            }
            self.hasQuorum = hasQuorum
        }
        // Of itself it tells where that begins and ends.
        let ballot = replica.leads ? nil : replica.election.liveLeader(at: replica.now)
        guard ballot?.node != leader else { return }
        if let ballot {
            output.facts.append(.foundLeader(ballot))
        } else if let leader, !replica.leads {
            output.facts.append(.lostLeader(leader))
        }
        leader = ballot?.node
    }

    private mutating func noteRefusals(
        _ meeting: borrowing Meeting,
        at now: Tick,
        output: inout Output
    ) {
        let refusal = meeting.refusal(at: now).map {
            RefusedPeer(node: $0.node, reason: $0.reason)
        }
        if let refusal = refusedBy.beginning(refusal, at: now) {
            output.facts.append(.refusedByPeer(refusal.node, reason: refusal.reason))
        }
        if let peer = refusedPeers.beginning(meeting.refusedPeer(at: now), at: now) {
            output.facts.append(.refusedPeer(peer))
        }
        guard meeting.hasDisagreements || !disagreements.isEmpty else { return }
        let found = meeting.admission.disagreements(at: now)
        for one in found where !disagreements.contains(one) { output.facts.append(.disagrees(one)) }
        disagreements = found
    }
}

/// Refusals that are under way: of each only the begin is told, however many alternate.
private struct Episodes: Sendable {
    private var shown: [(refusal: RefusedPeer, at: Tick)] = []

    /// The refusal that is shown last, if it is told for the first time in a while.
    mutating func beginning(_ refusal: RefusedPeer?, at now: Tick) -> RefusedPeer? {
        guard let refusal else {
            if !shown.isEmpty { shown = [] }
            return nil
        }
        let known = shown.firstIndex { $0.refusal == refusal }
        let isNew = known.map { now >= Disagreements.end(of: shown[$0].at) } ?? true
        if let known { shown.remove(at: known) }
        shown.append((refusal, now))
        return isNew ? refusal : nil
    }
}
