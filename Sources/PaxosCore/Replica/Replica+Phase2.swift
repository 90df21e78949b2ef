/// Phase 2 from both sides: the leader's pipeline and the acceptor's answers.
extension Replica {
    mutating func receive(_ accept: Accept, from sender: NodeID, output: inout Output) {
        note(accept.ballot)
        compare(accept, from: sender)
        // While a base is on its way to the disk it is dropped, as what lies beyond the window is.
        if installing == nil {
            acceptor.receive(
                accept,
                from: sender,
                isOwn: sender == node,
                committed: deliverable,
                output: &output
            )
        }
        yieldToPromise()
        if sender != node {
            hearLeader(accept.ballot, committed: accept.committed, output: &output)
        }
    }

    mutating func receive(_ accepted: Accepted, from sender: NodeID) {
        let membership = memberships.membership(governing: accepted.slots.lowerBound)
        guard let position = membership.position(of: sender) else { return }
        noteAnswer(from: sender)
        role.leader?.receive(accepted, from: position, membership: membership, learner: &learner)
        role.leader?.advance(committed: learner.committed, now: now)
    }

    mutating func receive(_ reject: Reject, from sender: NodeID, output: inout Output) {
        noteAnswer(from: sender)
        note(reject.promised)
        notePeer(sender, committed: reject.committed)
        switch reject.reason {
        case .promised:
            // A candidate has lost. A leader that still reaches a quorum begins again above the promise,
            // at the next tick that allows it (`R74`).
            if candidate?.ballot == reject.ballot { role.candidate = nil }
        case .committed:
            // Which of the entries proposed there was chosen, only the member's rows tell: a later leader
            // may have chosen others than this one proposes.
            guard leader?.ballot == reject.ballot else { return }
            learner.hear(committed: reject.committed, from: sender)
            learn(output: &output)
        case .full: noteFull(sender, under: reject.ballot)
        case .trimmed:
            if candidate?.ballot == reject.ballot { role.candidate?.noteTrimmed(sender) }
        }
    }
}
