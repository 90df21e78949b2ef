/// Asks what became of what was sent before it, in the same lane (`R83`).
///
/// A link hands over what it carries in the order of sending, or loses it together with what follows. So once a probe is
/// answered, whatever went before it has arrived or never will, and what is missing may be sent
/// again; until then it may stand in a queue, however long that takes. Only probes are repeated by the clock:
/// they are a few dozen bytes. A message that is overtaken all the same is sent twice, and has effect once.
package struct Probe: Hashable, Sendable {
    package enum Subject: Hashable, Sendable {
        /// Whether an answer is still to come: what was asked for before may be asked for again.
        case answers
        /// What the recipient holds of these slots, proposed under the ballot.
        case accepts(Ballot, ClosedRange<Slot>)
        /// What the recipient knows of appends that were forwarded to it: the first of them, and how many of
        /// the sequences from there on.
        case forwards(Token, count: UInt32)
    }

    /// Ascends within the process that asks.
    package let id: UInt64
    package let subject: Subject

    package init(id: UInt64, subject: Subject) {
        self.id = id
        self.subject = subject
    }
}

/// A probe has arrived, and so has whatever will of what was sent before it.
package struct ProbeReply: Hashable, Sendable {
    package enum Subject: Hashable, Sendable {
        case answers
        /// The first of the slots that are not held under the ballot, up to one that is, if there is room for
        /// them.
        case accepts(Ballot, missing: ClosedRange<Slot>?)
        /// The sequences that are neither in the log nor on their way there, as far as one answer names them.
        case forwards(missing: [ClosedRange<UInt64>])
    }

    package let id: UInt64
    package let subject: Subject

    /// The most ranges that one answer names.
    package static let maximumRanges = 256

    package init(id: UInt64, subject: Subject) {
        self.id = id
        self.subject = subject
    }
}
