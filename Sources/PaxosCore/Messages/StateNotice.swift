/// The machine of the sender's host was this behind a slot: whoever has been there compares (`R67`).
///
///     bytes  what
///         8  slot
///         8  form
///         8  digest
package struct StateNotice {
    package let mark: StateMark

    package init(mark: StateMark) {
        self.mark = mark
    }
}

extension StateNotice: MessageBody {
    package static let kind = MessageKind.stateNotice
    package static let lane = Lane.log
    package var message: Message { .immediate(.stateNotice(self)) }

    package var byteCount: Int { Width.slot + 8 + 8 }

    package func append(to bytes: inout [UInt8]) {
        bytes.append(slot: mark.slot)
        bytes.append(littleEndian: mark.form)
        bytes.append(littleEndian: mark.digest)
    }

    package init?(from reader: inout ByteReader) {
        guard let slot = reader.slot(), let form = reader.uint64(), let digest = reader.uint64()
        else { return nil }
        self.init(mark: StateMark(slot: slot, form: form, digest: digest))
    }

    package func isPossible(from sender: NodeID, above seen: Ballot) -> Bool {
        mark.slot > .zero && mark.slot.isPossible
    }

    package func tell(_ facts: inout some MessageFacts) {
        facts.tell("slot", mark.slot)
        facts.tell("form", mark.form)
        facts.tell("digest", mark.digest)
    }

    package func text(_ name: (Entry) -> String) -> String {
        "state slot=\(mark.slot) form=\(mark.form) digest=\(String(mark.digest, radix: 16))"
    }
}
