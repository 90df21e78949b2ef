/// Asks the leader to hand over to a member. Whoever asks sees in its own heartbeats what came of it, and asks again as
/// long as somebody waits for that.
///
///     bytes  what
///         8  member that is to lead
///         1  how many nodes have passed it on
package struct TransferRequest {
    package let target: NodeID
    /// How many nodes have passed it on.
    package let hops: UInt8

    package init(target: NodeID, hops: UInt8) {
        self.target = target
        self.hops = hops
    }
}

extension TransferRequest: MessageBody {
    package static let kind = MessageKind.transferRequest
    package static let lane = Lane.liveness
    package var message: Message { .immediate(.transferRequest(self)) }

    package var byteCount: Int { Width.node + 1 }

    package func append(to bytes: inout [UInt8]) {
        bytes.append(littleEndian: target.rawValue)
        bytes.append(hops)
    }

    package init?(from reader: inout ByteReader) {
        guard let node = reader.uint64(), let target = NodeID(rawValue: node),
            let hops = reader.uint8()
        else { return nil }
        self.init(target: target, hops: hops)
    }

    package func isPossible(from sender: NodeID, above seen: Ballot) -> Bool {
        hops <= Forward.mostHops
    }

    package func tell(_ facts: inout some MessageFacts) { facts.tell("target", target.rawValue) }

    package func text(_ name: (Entry) -> String) -> String { "transfer to=\(target) hops=\(hops)" }
}
