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
///         1  length of the address
///         n  address: what the leader's host is reached by
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
    /// What the leader's host has given it to be told: at most `mostAddressBytes`.
    package let address: [UInt8]

    package static let mostAddressBytes = 255

    package init(
        ballot: Ballot,
        round: UInt64,
        committed: Slot,
        prefix: PrefixMark = .none,
        floor: Slot = .zero,
        slowest: NodeID? = nil,
        isFull: Bool = false,
        address: [UInt8] = []
    ) {
        precondition(
            address.count <= Self.mostAddressBytes,
            "an address is checked before it is told"
        )
        self.ballot = ballot
        self.round = round
        self.committed = committed
        self.prefix = prefix
        self.floor = floor
        self.slowest = slowest
        self.isFull = isFull
        self.address = address
    }
}

extension Heartbeat: MessageBody {
    package static let kind = MessageKind.heartbeat
    package static let lane = Lane.liveness
    package var message: Message { .immediate(.heartbeat(self)) }

    package var byteCount: Int {
        Width.ballot + 8 + 2 * Width.slot + Width.mark + Width.node + 2 + address.count
    }

    package func append(to bytes: inout [UInt8]) {
        bytes.append(ballot: ballot)
        bytes.append(littleEndian: round)
        bytes.append(slot: committed)
        bytes.append(mark: prefix)
        bytes.append(slot: floor)
        bytes.append(littleEndian: slowest?.rawValue ?? 0)
        bytes.append(flag: isFull)
        bytes.append(UInt8(address.count))
        bytes.append(contentsOf: address)
    }

    package init?(from reader: inout ByteReader) {
        guard let ballot = reader.ballot(), let round = reader.uint64(),
            let committed = reader.slot(), let prefix = reader.mark(),
            let floor = reader.slot(), let slowest = reader.uint64(), let isFull = reader.flag(),
            let count = reader.uint8(), let address = reader.bytes(Int(count))
        else { return nil }
        self.init(
            ballot: ballot,
            round: round,
            committed: committed,
            prefix: prefix,
            floor: floor,
            slowest: NodeID(rawValue: slowest),
            isFull: isFull,
            address: address
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
///         1  how much it is to lead: 0 as any other, 1 before others, 2 after them
package struct HeartbeatReply {
    package let ballot: Ballot
    package let round: UInt64
    package let promised: Ballot
    package let committed: Slot
    /// The watermark on its disk: a restart begins there or above.
    package let floor: Slot
    /// The store of the answering node has no room.
    package let isFull: Bool
    package let priority: LeadershipPriority

    package init(
        ballot: Ballot,
        round: UInt64,
        promised: Ballot,
        committed: Slot,
        floor: Slot = .zero,
        isFull: Bool = false,
        priority: LeadershipPriority = .normal
    ) {
        self.priority = priority
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

    package var byteCount: Int { 2 * Width.ballot + 8 + 2 * Width.slot + 2 }

    package func append(to bytes: inout [UInt8]) {
        bytes.append(ballot: ballot)
        bytes.append(littleEndian: round)
        bytes.append(ballot: promised)
        bytes.append(slot: committed)
        bytes.append(slot: floor)
        bytes.append(flag: isFull)
        bytes.append(priority.rawValue)
    }

    package init?(from reader: inout ByteReader) {
        guard let ballot = reader.ballot(), let round = reader.uint64(),
            let promised = reader.ballot(), let committed = reader.slot(),
            let floor = reader.slot(), let isFull = reader.flag(),
            let priority = reader.uint8().flatMap(LeadershipPriority.init(rawValue:))
        else { return nil }
        self.init(
            ballot: ballot,
            round: round,
            promised: promised,
            committed: committed,
            floor: floor,
            isFull: isFull,
            priority: priority
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
