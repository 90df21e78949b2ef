/// Phase 1 over the whole suffix of the log: one ballot, one promise for every slot (`R11`).
///
/// The candidate sends `Prepare`; an acceptor that promises answers `Promise` with its watermarks. Once
/// a quorum has promised, the candidate knows the highest committed slot among them and fetches what
/// each of the quorum accepted above it, in bounded pages (`R13`). A page is served only under a
/// promise that is durable (Lamport, "Paxos Made Simple", section 2.2; van Renesse and Altinbuken,
/// "Paxos Made Moderately Complex", section 3).

/// Asks for the promise to take nothing below `ballot`.
package struct Prepare: Hashable, Sendable {
    package let ballot: Ballot

    package init(ballot: Ballot) {
        self.ballot = ballot
    }
}

/// An acceptor's promise and how far its log reaches.
package struct Promise: Hashable, Sendable {
    package let ballot: Ballot
    /// Every slot up to here is chosen and stored by the acceptor.
    package let committed: Slot
    /// Every slot up to here was trimmed: it cannot be reported, and is not empty (`R15`).
    package let trimmed: Slot
    /// The highest slot the acceptor has accepted anything in.
    package let last: Slot
    /// Whoever has committed less than this lacks more than a window of what the acceptor has.
    package let recent: Slot

    package init(
        ballot: Ballot,
        committed: Slot,
        trimmed: Slot,
        last: Slot,
        recent: Slot = .zero
    ) {
        self.ballot = ballot
        self.committed = committed
        self.trimmed = trimmed
        self.last = last
        self.recent = recent
    }
}

/// Asks for what the acceptor has accepted from a slot on.
package struct PageRequest: Hashable, Sendable {
    package let ballot: Ballot
    package let from: Slot

    package init(ballot: Ballot, from: Slot) {
        self.ballot = ballot
        self.from = from
    }
}

/// Every row the acceptor has in `from ... through`; the next page begins after `through`.
package struct PromisePage: Hashable, Sendable {
    package let ballot: Ballot
    package let from: Slot
    package let through: Slot
    package let rows: [AcceptedEntry]

    package init(ballot: Ballot, from: Slot, through: Slot, rows: [AcceptedEntry]) {
        self.ballot = ballot
        self.from = from
        self.through = through
        self.rows = rows
    }
}
