/// Asks whether a leader is heard: the status round before a campaign (`R24`).
///
///     bytes  what
///         8  id
package struct StatusRequest {
    package let id: UInt64
}

extension StatusRequest: MessageBody {
    package static let kind = MessageKind.statusRequest
    package static let lane = Lane.liveness
    package var message: Message { .immediate(.statusRequest(self)) }

    package var byteCount: Int { 8 }

    package func append(to bytes: inout [UInt8]) { bytes.append(littleEndian: id) }

    package init?(from reader: inout ByteReader) {
        guard let id = reader.uint64() else { return nil }
        self.init(id: id)
    }

    package func tell(_ facts: inout some MessageFacts) { facts.tell("id", id) }

    package func text(_ name: (Entry) -> String) -> String { "status?" }
}

/// What the answering node knows of leaders.
///
///     bytes  what
///         8  id of the request
///        16  ballot of the leader that is heard; zero if none is
///        16  promised ballot
///         8  committed slot
///         8  who has committed less lacks more than a window of that (`R85`)
///         1  1 if its store is full, else 0
package struct StatusReply {
    package let id: UInt64
    /// The ballot of the leader that this node is, or has heard within the election timeout.
    package let leader: Ballot?
    /// The ballot that the node has promised: a campaign must take a higher round.
    package let promised: Ballot
    package let committed: Slot
    /// Whoever has committed less than this lacks more than a window of what the node has.
    package let recent: Slot
    /// Its store has no room.
    package let isFull: Bool

    package init(
        id: UInt64,
        leader: Ballot?,
        promised: Ballot,
        committed: Slot,
        recent: Slot = .zero,
        isFull: Bool = false
    ) {
        self.id = id
        self.leader = leader
        self.promised = promised
        self.committed = committed
        self.recent = recent
        self.isFull = isFull
    }
}

extension StatusReply: MessageBody {
    package static let kind = MessageKind.statusReply
    package static let lane = Lane.liveness
    package var message: Message { .immediate(.statusReply(self)) }

    package var byteCount: Int { 8 + 2 * Width.ballot + 2 * Width.slot + 1 }

    package func append(to bytes: inout [UInt8]) {
        bytes.append(littleEndian: id)
        bytes.append(ballot: leader ?? .zero)
        bytes.append(ballot: promised)
        bytes.append(slot: committed)
        bytes.append(slot: recent)
        bytes.append(flag: isFull)
    }

    package init?(from reader: inout ByteReader) {
        guard let id = reader.uint64(), let leader = reader.ballot(),
            let promised = reader.ballot(), let committed = reader.slot(),
            let recent = reader.slot(), let isFull = reader.flag()
        else { return nil }
        self.init(
            id: id,
            leader: leader == .zero ? nil : leader,
            promised: promised,
            committed: committed,
            recent: recent,
            isFull: isFull
        )
    }

    package func isPossible(from sender: NodeID, above seen: Ballot) -> Bool {
        promised.isInReach(of: seen) && committed.isPossible && recent <= committed
            && leader?.isInReach(of: seen) ?? true
    }

    package func tell(_ facts: inout some MessageFacts) {
        if let leader { facts.tell(leader) }
        facts.tell("promised", promised)
        facts.tell("committed_slot", committed)
    }

    package func text(_ name: (Entry) -> String) -> String {
        "status leader=\(leader.map { "\($0)" } ?? "-") promised=\(promised) "
            + "committed=\(committed)" + (recent > .zero ? " recent=\(recent)" : "")
            + (isFull ? " full" : "")
    }
}
