/// The slots of one run are durable at the acceptor under exactly this ballot (`R14`, `R18`).
///
///     bytes  what
///        16  ballot
///        16  slots, first and last
package struct Accepted {
    package let ballot: Ballot
    package let slots: ClosedRange<Slot>

    package init(ballot: Ballot, slots: ClosedRange<Slot>) {
        self.ballot = ballot
        self.slots = slots
    }
}

extension Accepted: MessageBody {
    package static let kind = MessageKind.accepted
    package static let lane = Lane.log
    package var message: Message { .statement(.accepted(self)) }

    package var byteCount: Int { Width.ballot + Width.slots }

    package func append(to bytes: inout [UInt8]) {
        bytes.append(ballot: ballot)
        bytes.append(slots: slots)
    }

    package init?(from reader: inout ByteReader) {
        guard let ballot = reader.ballot(), let slots = reader.slots() else { return nil }
        self.init(ballot: ballot, slots: slots)
    }

    package func isPossible(from sender: NodeID, above seen: Ballot) -> Bool {
        slots.upperBound.isPossible
    }

    package func tell(_ facts: inout some MessageFacts) {
        facts.tell(ballot)
        facts.tell(slots)
    }

    package func text(_ name: (Entry) -> String) -> String {
        "accepted ballot=\(ballot) slots=\(slots.text)"
    }
}
