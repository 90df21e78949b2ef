import PaxosCore

/// What a process has heard of how far others are since it last heard a leader: enough to know that it
/// should not campaign. Where it is not certain that the process has taken an answer in, it is let campaign.
struct Succession {
    /// The processes whose terms this one has compared.
    private var greeted: [ProcessID] = []
    private var asked: UInt64?
    /// Rounds begun without a leader.
    private var rounds = 0
    private var answered: [NodeID] = []
    /// Who has answered this round and has so much more.
    private var fitter: (node: NodeID, recent: Slot)?

    /// A member gives way so often, and then campaigns.
    private static let patience = 3

    mutating func hear(_ envelope: Envelope, by core: borrowing NodeCore, quorum: Int) {
        let sender = envelope.sender
        switch envelope.message {
        case .immediate(.hello):
            if core.hasMet { greeted.append(sender.process) }
        case .immediate(.statusReply(let reply)) where reply.id == asked:
            // One that completes the quorum first clears the way.
            guard reply.leader == nil, answered.count < quorum else {
                asked = nil
                return
            }
            if !answered.contains(sender.node) { answered.append(sender.node) }
            if core.holds(sender), greeted.contains(sender.process),
                reply.recent > fitter?.recent ?? .zero
            {
                fitter = (sender.node, reply.recent)
            }
        default: return
        }
    }

    mutating func ask(_ id: UInt64, own: NodeID) {
        guard id != asked else { return }
        asked = id
        rounds += 1
        answered = [own]
        fitter = nil
    }

    mutating func hearLeader() {
        rounds = 0
    }

    func hasGreeted(_ process: ProcessID) -> Bool { greeted.contains(process) }

    /// Who should have been left to lead instead of a member that has committed so much.
    func fitter(than committed: Slot) -> NodeID? {
        guard rounds <= Self.patience, asked != nil, let fitter, fitter.recent > committed else {
            return nil
        }
        return fitter.node
    }
}
