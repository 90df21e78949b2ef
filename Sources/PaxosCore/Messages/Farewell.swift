/// The leader or candidate of this ballot ends in order: whoever follows it need not wait to find out.
///
///     bytes  what
///        16  ballot
///         8  node that is to lead next; zero if none is named
package struct Farewell {
    package let ballot: Ballot
    /// Who is better able to lead, and may begin at once: the others leave it some time.
    package let successor: NodeID?

    package init(ballot: Ballot, successor: NodeID? = nil) {
        self.ballot = ballot
        self.successor = successor
    }
}

extension Farewell: MessageBody {
    package static let kind = MessageKind.farewell
    package static let lane = Lane.liveness
    package var message: Message { .immediate(.farewell(self)) }

    package var byteCount: Int { Width.ballot + Width.node }

    package func append(to bytes: inout [UInt8]) {
        bytes.append(ballot: ballot)
        bytes.append(littleEndian: successor?.rawValue ?? 0)
    }

    package init?(from reader: inout ByteReader) {
        guard let ballot = reader.ballot(), let successor = reader.uint64() else { return nil }
        self.init(ballot: ballot, successor: NodeID(rawValue: successor))
    }

    package func isPossible(from sender: NodeID, above seen: Ballot) -> Bool {
        ballot.isPossible(of: sender, above: seen)
    }

    package func tell(_ facts: inout some MessageFacts) { facts.tell(ballot) }

    package func text(_ name: (Entry) -> String) -> String {
        "farewell ballot=\(ballot)" + (successor.map { " next=\($0)" } ?? "")
    }
}
