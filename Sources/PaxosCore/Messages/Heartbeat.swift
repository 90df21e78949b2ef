/// The leader lives; every slot up to `committed` is chosen.
///
///     bytes  what
///        16  ballot
///         8  round
///         8  committed slot
///        16  slot, and the digest of the sender's prefix through it
///         1  1 if appends are refused for want of room, else 0
package struct Heartbeat {
    package let ballot: Ballot
    /// Ascends within the ballot: a barrier waits for a round that began after it arrived (`R70`).
    package let round: UInt64
    package let committed: Slot
    /// What the leader has delivered: another one's prefix through that slot is the same (`R37`).
    package let prefix: PrefixMark
    /// Nothing new can be accepted for want of room: appends are refused, here and by who follows.
    package let isFull: Bool

    package init(
        ballot: Ballot,
        round: UInt64,
        committed: Slot,
        prefix: PrefixMark = .none,
        isFull: Bool = false
    ) {
        self.ballot = ballot
        self.round = round
        self.committed = committed
        self.prefix = prefix
        self.isFull = isFull
    }
}

extension Heartbeat: MessageBody {
    package static let kind = MessageKind.heartbeat
    package static let lane = Lane.liveness
    package var message: Message { .immediate(.heartbeat(self)) }

    package var byteCount: Int { Width.ballot + 8 + Width.slot + Width.mark + 1 }

    package func append(to bytes: inout [UInt8]) {
        bytes.append(ballot: ballot)
        bytes.append(littleEndian: round)
        bytes.append(slot: committed)
        bytes.append(mark: prefix)
        bytes.append(flag: isFull)
    }

    package init?(from reader: inout ByteReader) {
        guard let ballot = reader.ballot(), let round = reader.uint64(),
            let committed = reader.slot(), let prefix = reader.mark(), let isFull = reader.flag()
        else { return nil }
        self.init(
            ballot: ballot,
            round: round,
            committed: committed,
            prefix: prefix,
            isFull: isFull
        )
    }

    package func isPossible(from sender: NodeID, above seen: Ballot) -> Bool {
        ballot.isPossible(of: sender, above: seen) && committed.isPossible
            && prefix.slot <= committed
    }

    package func tell(_ facts: inout some MessageFacts) {
        facts.tell(ballot)
        facts.tell("round", round)
        facts.tell("committed_slot", committed)
    }

    package func text(_ name: (Entry) -> String) -> String {
        "heartbeat ballot=\(ballot) round=\(round) committed=\(committed)"
            + (isFull ? " full" : "")
    }
}

/// The leader's round has arrived, and the answering node has or has not promised a higher ballot.
///
///     bytes  what
///        16  ballot of the heartbeat
///         8  round of the heartbeat
///        16  promised ballot
///         8  committed slot
///         1  1 if its store is full, else 0
package struct HeartbeatReply {
    package let ballot: Ballot
    package let round: UInt64
    package let promised: Ballot
    package let committed: Slot
    /// The store of the answering node has no room.
    package let isFull: Bool

    package init(
        ballot: Ballot,
        round: UInt64,
        promised: Ballot,
        committed: Slot,
        isFull: Bool = false
    ) {
        self.ballot = ballot
        self.round = round
        self.promised = promised
        self.committed = committed
        self.isFull = isFull
    }
}

extension HeartbeatReply: MessageBody {
    package static let kind = MessageKind.heartbeatReply
    package static let lane = Lane.liveness
    package var message: Message { .immediate(.heartbeatReply(self)) }

    package var byteCount: Int { 2 * Width.ballot + 8 + Width.slot + 1 }

    package func append(to bytes: inout [UInt8]) {
        bytes.append(ballot: ballot)
        bytes.append(littleEndian: round)
        bytes.append(ballot: promised)
        bytes.append(slot: committed)
        bytes.append(flag: isFull)
    }

    package init?(from reader: inout ByteReader) {
        guard let ballot = reader.ballot(), let round = reader.uint64(),
            let promised = reader.ballot(), let committed = reader.slot(),
            let isFull = reader.flag()
        else { return nil }
        self.init(
            ballot: ballot,
            round: round,
            promised: promised,
            committed: committed,
            isFull: isFull
        )
    }

    package func isPossible(from sender: NodeID, above seen: Ballot) -> Bool {
        promised.isInReach(of: seen) && committed.isPossible
    }

    package func tell(_ facts: inout some MessageFacts) {
        facts.tell(ballot)
        facts.tell("round", round)
        facts.tell("promised", promised)
        facts.tell("committed_slot", committed)
    }

    package func text(_ name: (Entry) -> String) -> String {
        "heard ballot=\(ballot) round=\(round) promised=\(promised) committed=\(committed)"
    }
}
