/// How things stood at the end of the step before, of what has no moment of its own: a leader is lost by the
/// silence, a refusal by what a peer says again and again. The other facts are told where they happen.
struct Turns: Sendable {
    private var leader: NodeID?
    private var hasQuorum: Bool?
    private var isOverdue = false
    private var rolledBack: RolledBack?
    private var refusedBy: (node: NodeID, reason: Refused.Reason)?
    private var refusedPeer: RefusedPeer?
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
        let refusal = meeting.refusal(at: now)
        if let refusal, refusal.node != refusedBy?.node || refusal.reason != refusedBy?.reason {
            let reason = refusal.reason.rawValue
            output.facts.append(.refusedByPeer(refusal.node, reason: reason))
        }
        refusedBy = refusal
        let peer = meeting.refusedPeer(at: now)
        if let peer, peer != refusedPeer { output.facts.append(.refusedPeer(peer)) }
        refusedPeer = peer
        guard meeting.hasDisagreements || !disagreements.isEmpty else { return }
        let found = meeting.admission.disagreements(at: now)
        for one in found where !disagreements.contains(one) { output.facts.append(.disagrees(one)) }
        disagreements = found
    }
}
