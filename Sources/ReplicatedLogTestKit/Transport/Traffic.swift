internal import PaxosCore
internal import ReplicatedLog

/// Messages to send: each differs from every other in its number.
enum Traffic {
    static func identity(of node: NodeID) -> NodeIdentity {
        NodeIdentity(
            cluster: cluster,
            node: node,
            incarnation: Incarnation(high: 0xC0FFEE, low: node.rawValue),
            boot: Boot(1),
            nonce: Nonce(node.rawValue)
        )
    }

    private static let cluster: ClusterID = {
        guard let cluster = try? ClusterID("conformance") else {
            preconditionFailure("the name is a cluster's")
        }
        return cluster
    }()

    /// No two payloads that begin at different places in it are alike.
    private static let pattern: [UInt8] = (0..<maxPayload + 256).map { place in
        UInt8(truncatingIfNeeded: place &* 31 &+ place >> 8)
    }

    static let maxPayload = 1 << 20

    /// What tells a message from every other that is sent, at little cost.
    struct Key: Hashable, Sendable {
        let source: NodeID
        let destination: NodeID
        let lane: Lane
        let number: UInt64
    }

    static func key(of envelope: Envelope) -> Key {
        let number: UInt64 =
            switch envelope.message {
            case .immediate(.accept(let accept)): accept.run.first.rawValue
            case .statement(.prepare(let prepare)): prepare.ballot.round
            default: 0
            }
        return Key(
            source: envelope.source,
            destination: envelope.destination,
            lane: envelope.lane,
            number: number
        )
    }

    /// A message of the log lane.
    static func log(
        _ number: Int,
        bytes: Int,
        from source: NodeID,
        to destination: NodeID
    ) -> Envelope {
        let token = Token(node: source, boot: Boot(1), sequence: UInt64(number + 1))
        let start = number & 0xFF
        let payload = Array(pattern[start..<start + bytes])
        let run = EntryRun(
            first: Slot(rawValue: UInt64(number + 1)),
            entries: [.command(Command(token: token, payload: payload)), .noop]
        )
        let accept = Accept(ballot: Ballot(round: 1, node: source), run: run, committed: .zero)
        return Envelope(
            sender: identity(of: source),
            destination: destination,
            message: .immediate(.accept(accept))
        )
    }

    /// A message of the liveness lane.
    static func liveness(
        _ number: Int,
        from source: NodeID,
        to destination: NodeID
    ) -> Envelope {
        let ballot = Ballot(round: UInt64(number + 1), node: source)
        return Envelope(
            sender: identity(of: source),
            destination: destination,
            message: .statement(.prepare(Prepare(ballot: ballot)))
        )
    }
}
