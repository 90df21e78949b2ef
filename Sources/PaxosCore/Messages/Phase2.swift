/// Phase 2: the leader proposes a run of slots under its ballot, and each acceptor names the slots it
/// has made durable under exactly that ballot (`R14`, `R18`).

/// Proposes entries for adjoining slots, and says what is chosen so far.
package struct Accept: Hashable, Sendable {
    package let ballot: Ballot
    package let run: EntryRun
    /// The commit notice: every slot up to here is chosen.
    package let committed: Slot

    package init(ballot: Ballot, run: EntryRun, committed: Slot) {
        self.ballot = ballot
        self.run = run
        self.committed = committed
    }
}

/// The slots of one run are durable at the acceptor under `ballot`.
package struct Accepted: Hashable, Sendable {
    package let ballot: Ballot
    package let slots: ClosedRange<Slot>

    package init(ballot: Ballot, slots: ClosedRange<Slot>) {
        self.ballot = ballot
        self.slots = slots
    }
}

/// The acceptor took nothing, or not everything, and why (`R25`).
package struct Reject: Hashable, Sendable {
    package enum Reason: Hashable, Sendable {
        /// It has promised a higher ballot.
        case promised
        /// Its disk or map is full.
        case full
        /// The slots up to `committed` are chosen; a committed row is never overwritten. The rest of the
        /// run was taken.
        case committed
    }

    /// The ballot that was refused.
    package let ballot: Ballot
    package let promised: Ballot
    package let committed: Slot
    package let reason: Reason

    package init(ballot: Ballot, promised: Ballot, committed: Slot, reason: Reason) {
        self.ballot = ballot
        self.promised = promised
        self.committed = committed
        self.reason = reason
    }
}
