import PaxosCore
import ReplicatedLog

/// Messages that differ in a number, and a node to receive them.
enum Messages {
    static func identity(_ node: NodeID) -> NodeIdentity {
        guard let cluster = try? ClusterID("test") else { preconditionFailure("a name") }
        return NodeIdentity(
            cluster: cluster,
            node: node,
            incarnation: Incarnation(high: 1, low: node.rawValue),
            boot: Boot(1),
            nonce: Nonce(1)
        )
    }

    static func accept(
        _ number: Int,
        _ entries: [Entry],
        from: NodeID = 1,
        to: NodeID = 2
    ) -> Envelope {
        let run = EntryRun(first: Slot(rawValue: UInt64(number + 1)), entries: entries)
        let accept = Accept(ballot: Ballot(round: 1, node: from), run: run, committed: .zero)
        return Envelope(
            sender: identity(from),
            destination: to,
            message: .immediate(.accept(accept))
        )
    }

    static func log(_ number: Int) -> Envelope { log(number, bytes: 100) }

    static func log(
        _ number: Int,
        bytes: Int,
        from: NodeID = 1,
        to: NodeID = 2
    ) -> Envelope {
        let token = Token(node: from, boot: Boot(1), sequence: 1)
        let payload = [UInt8](repeating: 7, count: bytes)
        return accept(
            number,
            [.command(Command(token: token, payload: payload))],
            from: from,
            to: to
        )
    }

    static func liveness(_ number: Int) -> Envelope { liveness(number, from: 1, to: 2) }

    static func liveness(_ number: Int, from: NodeID, to: NodeID) -> Envelope {
        let ballot = Ballot(round: UInt64(number + 1), node: from)
        return Envelope(
            sender: identity(from),
            destination: to,
            message: .statement(.prepare(Prepare(ballot: ballot)))
        )
    }
}
