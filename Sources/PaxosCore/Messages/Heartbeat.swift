/// The leader lives; every slot up to `committed` is chosen.
///
///     bytes  what
///        16  ballot
///         8  round
///         8  committed slot
///        16  slot, and the digest of the sender's prefix through it
///         8  floor: no member asks for a slot up to there any more
///         8  member that holds the floor back; zero if none does
///         1  1 if appends are refused for want of room, else 0
package struct Heartbeat {
    package let ballot: Ballot
    /// Ascends within the ballot: a barrier waits for a round that began after it arrived (`R70`).
    package let round: UInt64
    package let committed: Slot
    /// What the leader has delivered: another one's prefix through that slot is the same (`R37`).
    package let prefix: PrefixMark
    /// Every member has durably committed every slot up to here, by its own word.
    package let floor: Slot
    /// The member that has said the least, if that is less than is committed.
    package let slowest: NodeID?
    /// Nothing new can be accepted for want of room: appends are refused, here and by who follows.
    package let isFull: Bool

    package init(
        ballot: Ballot,
        round: UInt64,
        committed: Slot,
        prefix: PrefixMark = .none,
        floor: Slot = .zero,
        slowest: NodeID? = nil,
        isFull: Bool = false
    ) {
        self.ballot = ballot
        self.round = round
        self.committed = committed
        self.prefix = prefix
        self.floor = floor
        self.slowest = slowest
        self.isFull = isFull
    }
}

extension Heartbeat: MessageBody {
    package static let kind = MessageKind.heartbeat
    package static let lane = Lane.liveness
    package var message: Message { .immediate(.heartbeat(self)) }

    package var byteCount: Int {
        Width.ballot + 8 + 2 * Width.slot + Width.mark + Width.node + 1
    }

    package func append(to bytes: inout [UInt8]) {
        bytes.append(ballot: ballot)
        bytes.append(littleEndian: round)
        bytes.append(slot: committed)
        bytes.append(mark: prefix)
        bytes.append(slot: floor)
        bytes.append(littleEndian: slowest?.rawValue ?? 0)
        bytes.append(flag: isFull)
    }

    package init?(from reader: inout ByteReader) {
        guard let ballot = reader.ballot(), let round = reader.uint64(),
            let committed = reader.slot(), let prefix = reader.mark(),
            let floor = reader.slot(), let slowest = reader.uint64(), let isFull = reader.flag()
        else { return nil }
        self.init(
            ballot: ballot,
            round: round,
            committed: committed,
            prefix: prefix,
            floor: floor,
            slowest: NodeID(rawValue: slowest),
            isFull: isFull
        )
    }

    package func isPossible(from sender: NodeID, above seen: Ballot) -> Bool {
        ballot.isPossible(of: sender, above: seen) && committed.isPossible
            && prefix.slot <= committed && floor <= committed
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
///         8  floor: it asks for no slot up to there any more
///         1  1 if its store is full, else 0
package struct HeartbeatReply {
    package let ballot: Ballot
    package let round: UInt64
    package let promised: Ballot
    package let committed: Slot
    /// The watermark on its disk: a restart begins there or above.
    package let floor: Slot
    /// The store of the answering node has no room.
    package let isFull: Bool

    package init(
        ballot: Ballot,
        round: UInt64,
        promised: Ballot,
        committed: Slot,
        floor: Slot = .zero,
        isFull: Bool = false
    ) {
        self.ballot = ballot
        self.round = round
        self.promised = promised
        self.committed = committed
        self.floor = floor
        self.isFull = isFull
    }
}

extension HeartbeatReply: MessageBody {
    package static let kind = MessageKind.heartbeatReply
    package static let lane = Lane.liveness
    package var message: Message { .immediate(.heartbeatReply(self)) }

    package var byteCount: Int { 2 * Width.ballot + 8 + 2 * Width.slot + 1 }

    package func append(to bytes: inout [UInt8]) {
        bytes.append(ballot: ballot)
        bytes.append(littleEndian: round)
        bytes.append(ballot: promised)
        bytes.append(slot: committed)
        bytes.append(slot: floor)
        bytes.append(flag: isFull)
    }

    package init?(from reader: inout ByteReader) {
        guard let ballot = reader.ballot(), let round = reader.uint64(),
            let promised = reader.ballot(), let committed = reader.slot(),
            let floor = reader.slot(), let isFull = reader.flag()
        else { return nil }
        self.init(
            ballot: ballot,
            round: round,
            promised: promised,
            committed: committed,
            floor: floor,
            isFull: isFull
        )
    }

    package func isPossible(from sender: NodeID, above seen: Ballot) -> Bool {
        promised.isInReach(of: seen) && committed.isPossible && floor <= committed
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
