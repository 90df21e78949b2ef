/// What a slot holds.
package enum Entry: Hashable, Sendable {
    /// A caller's bytes.
    case command(Command)
    /// What a new leader closes a hole with.
    case noop
    /// The members that govern from a later slot on.
    case membership(Membership)
    /// The token it names never has effect in a later slot.
    case void(Token)

    /// The payload's bytes, for windows that are bounded in bytes.
    package var payloadBytes: Int {
        if case .command(let command) = self { command.payload.count } else { 0 }
    }
}

/// A caller's bytes with the name of the append they came in.
///
/// A batch of `count` payloads lies in `count` adjoining slots, `index` running from 0; it has effect
/// only if all of them hold it (`R72`).
package struct Command: Hashable, Sendable {
    package let token: Token
    package let index: UInt32
    package let count: UInt32
    /// The slot in which alone it has effect, of a batch that of its first entry; 0 for any.
    package let at: Slot
    package let payload: [UInt8]

    package init(
        token: Token,
        index: UInt32 = 0,
        count: UInt32 = 1,
        at: Slot = .zero,
        payload: [UInt8]
    ) {
        precondition(index < count, "a command's index lies within its batch")
        self.token = token
        self.index = index
        self.count = count
        self.at = at
        self.payload = payload
    }
}

/// A row of the log as an acceptor stores it: two ballots are never kept in one field (`R3`), this is
/// the one under which the entry was accepted.
package struct AcceptedEntry: Hashable, Sendable {
    package let slot: Slot
    package let ballot: Ballot
    package let entry: Entry
    /// The row was fetched from a member that knew it chosen, whatever its ballot.
    package let isChosen: Bool

    package init(slot: Slot, ballot: Ballot, entry: Entry, isChosen: Bool = false) {
        self.slot = slot
        self.ballot = ballot
        self.entry = entry
        self.isChosen = isChosen
    }
}

/// Entries for adjoining slots.
package struct EntryRun: Hashable, Sendable {
    package let first: Slot
    package let entries: [Entry]
    /// Of all entries together.
    package let payloadBytes: Int
    /// Of the run in messages. Whatever a message passes asks for its size, so it is counted once.
    let byteCount: Int

    package init(first: Slot, entries: [Entry]) {
        precondition(!entries.isEmpty, "a run holds at least one entry")
        self.first = first
        self.entries = entries
        var payloadBytes = 0
        var byteCount = Self.headBytes
        for position in entries.indices {
            payloadBytes += entries[position].payloadBytes
            byteCount += entries[position].byteCount
        }
        self.payloadBytes = payloadBytes
        self.byteCount = byteCount
    }

    package var last: Slot { first.advanced(by: entries.count - 1) }
    package var slots: ClosedRange<Slot> { first...last }

    /// True if these are the same entries in the same slots because they lie in the same place; false says
    /// nothing.
    func isSame(as other: EntryRun) -> Bool {
        first == other.first && entries.span.isIdentical(to: other.entries.span)
    }

    /// The part above a slot, if there is one.
    package func dropping(through slot: Slot) -> EntryRun? {
        guard first <= slot else { return self }
        guard last > slot else { return nil }
        return EntryRun(
            first: slot.next,
            entries: Array(entries.dropFirst(slot.count(after: first.previous)))
        )
    }
}
