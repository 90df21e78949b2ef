/// Who leads, and whether anybody does. None of these moves promised or accepted state.

/// Asks whether a leader is heard (the status round before a campaign; `R24`).
package struct StatusRequest: Hashable, Sendable {
    package let id: UInt64
}

/// What the answering node knows of leaders.
package struct StatusReply: Hashable, Sendable {
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
        self.isFull = isFull
        self.id = id
        self.leader = leader
        self.promised = promised
        self.committed = committed
        self.recent = recent
    }
}

/// The leader lives; every slot up to `committed` is chosen.
package struct Heartbeat: Hashable, Sendable {
    package let ballot: Ballot
    /// Ascends within the ballot: a barrier waits for a round that began after it arrived (`R70`).
    package let round: UInt64
    package let committed: Slot
    /// Nothing new can be accepted for want of room: appends are refused, here and by who follows.
    package let isFull: Bool

    package init(ballot: Ballot, round: UInt64, committed: Slot, isFull: Bool = false) {
        self.ballot = ballot
        self.round = round
        self.committed = committed
        self.isFull = isFull
    }
}

/// The leader's round has arrived, and the answering node has or has not promised a higher ballot.
package struct HeartbeatReply: Hashable, Sendable {
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

/// The leader or candidate of this ballot ends in order: whoever follows it need not wait to find out.
package struct Farewell: Hashable, Sendable {
    package let ballot: Ballot
    /// Who is better able to lead, and may begin at once: the others leave it some time.
    package let successor: NodeID?

    package init(ballot: Ballot, successor: NodeID? = nil) {
        self.ballot = ballot
        self.successor = successor
    }
}
