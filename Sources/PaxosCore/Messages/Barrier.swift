/// Asks the leader for a barrier on behalf of a caller of another member.
///
///     bytes  what
///         8  id
package struct RemoteBarrierRequest {
    package let id: UInt64
}

extension RemoteBarrierRequest: MessageBody {
    package static let kind = MessageKind.barrierRequest
    package static let lane = Lane.log
    package var message: Message { .immediate(.barrierRequest(self)) }

    package var byteCount: Int { 8 }

    package func append(to bytes: inout [UInt8]) { bytes.append(littleEndian: id) }

    package init?(from reader: inout ByteReader) {
        guard let id = reader.uint64() else { return nil }
        self.init(id: id)
    }

    package func tell(_ facts: inout some MessageFacts) { facts.tell("id", id) }

    package func text(_ name: (Entry) -> String) -> String { "barrier?" }
}

/// The committed slot at the arrival of the request, confirmed by a quorum since.
///
///     bytes  what
///         8  id of the request
///         8  slot
package struct RemoteBarrierReply {
    package let id: UInt64
    package let slot: Slot
}

extension RemoteBarrierReply: MessageBody {
    package static let kind = MessageKind.barrierReply
    package static let lane = Lane.log
    package var message: Message { .immediate(.barrierReply(self)) }

    package var byteCount: Int { 8 + Width.slot }

    package func append(to bytes: inout [UInt8]) {
        bytes.append(littleEndian: id)
        bytes.append(slot: slot)
    }

    package init?(from reader: inout ByteReader) {
        guard let id = reader.uint64(), let slot = reader.slot() else { return nil }
        self.init(id: id, slot: slot)
    }

    package func isPossible(from sender: NodeID, above seen: Ballot) -> Bool { slot.isPossible }

    package func tell(_ facts: inout some MessageFacts) { facts.tell("slot", slot) }

    package func text(_ name: (Entry) -> String) -> String { "barrier at=\(slot)" }
}
