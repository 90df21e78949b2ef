/// How a node learns what is chosen and gets what it missed.

/// Every slot up to `committed` is chosen: sent when no Accept is about to carry it (`R59`).
package struct CommitNotice: Hashable, Sendable {
    package let ballot: Ballot
    package let committed: Slot
}

/// Asks for the committed rows of these slots.
package struct CatchUpRequest: Hashable, Sendable {
    package let slots: ClosedRange<Slot>
}

/// The committed rows from `from` on, one a slot, as far as one page reaches. Each is chosen.
package struct CatchUp: Hashable, Sendable {
    package let from: Slot
    package let rows: [AcceptedEntry]
    /// How far the answering node could go on.
    package let committed: Slot
}
