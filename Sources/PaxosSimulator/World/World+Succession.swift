import PaxosCore

extension World {
    func checkSuccession(
        _ messages: [Envelope],
        _ output: borrowing Output,
        of node: SimulatedNode,
        _ process: SimulatedProcess,
        wasFollower: Bool
    ) throws(Violation) {
        // A twin may have got the answer, or given it.
        guard terms == nil, nodes.count == membership.members.count else { return }
        let status = process.core.status
        let quorum = membership.members.count / 2 + 1
        for envelope in messages
        where envelope.recipient == process.identity.process
            || envelope.recipient == nil
        {
            process.succession.hear(envelope, by: process.core, quorum: quorum)
        }
        if let leader = status.leader, leader != node.id { process.succession.hearLeader() }
        if wasFollower, status.role != .follower,
            let fitter = process.succession.fitter(than: status.committed)
        {
            throw Violation(
                .succession,
                "\(node.id) campaigns with \(status.committed) committed and \(fitter) has far more"
            )
        }
        for envelope in output.messages {
            if case .immediate(.statusRequest(let request)) = envelope.message {
                process.succession.ask(request.id, own: node.id)
            }
        }
    }
}
