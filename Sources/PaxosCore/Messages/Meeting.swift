/// How members meet, how one process of a member succeeds another, and how one that does not belong is told
/// so (docs/PROTOCOL.md, Meeting and Succession).

/// Says who is there, by the head of the envelope, and whom the sender has met.
///
/// A peer counts on being held for ever, so only what is durable may be named (`R75`). That is why it may
/// leave at once: it speaks of no write that is still in flight.
package struct Hello: Hashable, Sendable {
    /// Wants a `Hello` for an answer.
    package let asks: Bool
    /// Who of the recipient's node the sender holds durably; `nil` before they have met.
    package let holds: Presence?
    /// What the sender was made with: compared by whoever hears it, before anything else of it counts
    /// (`R82`).
    package let terms: Terms
    /// That the sender's directory holds the process of it which the recipient has met.
    package let proof: Proof?

    package init(
        asks: Bool,
        holds: Presence?,
        terms: Terms,
        proof: Proof? = nil
    ) {
        self.asks = asks
        self.holds = holds
        self.terms = terms
        self.proof = proof
    }
}

/// Asks a process of a member whether it lives: the one that counts, and each that wants to succeed it.
package struct Challenge: Hashable, Sendable {
    /// Nobody can guess it, so only a process that was reached can answer.
    package let id: UInt64
}

/// The process that was asked lives.
package struct ChallengeAnswer: Hashable, Sendable {
    package let id: UInt64
}

/// The sender of the answered message does not count here, and why. Never answered.
package struct Refused: Hashable, Sendable {
    package enum Reason: String, Hashable, Sendable {
        /// The members know another directory of this node: it was wiped, or never was a founder (`R36`).
        case otherIncarnation
        /// A later boot or a later write of this directory has been seen: it is an old copy (`R37`, `R81`).
        case rolledBack
        /// Another process of the directory lives, or had this boot: the directory was copied (`R76`).
        case twin
    }

    package let reason: Reason
    /// Who of the recipient's directory counts here, if one of its processes does.
    package let holds: Presence?

    package init(reason: Reason, holds: Presence? = nil) {
        self.reason = reason
        self.holds = holds
    }
}
