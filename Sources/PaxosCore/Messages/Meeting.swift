/// How members meet, and how one that does not belong is told so (DESIGN, identity).

/// Says who is there; the head of the envelope says it all. Answered by a `Hello` if `asks`.
package struct Hello: Hashable, Sendable {
    package let asks: Bool
}

/// The sender of the answered message does not count here, and why. Never answered.
package struct Refused: Hashable, Sendable {
    package enum Reason: String, Hashable, Sendable {
        /// The members know another directory of this node: it was wiped, or never was a founder (`R36`).
        case otherIncarnation
        /// A later boot of this directory has been seen: it is an old copy (`R37`).
        case rolledBack
        /// Another process of the same boot has been seen: the directory was copied (`R76`).
        case twin
    }

    package let reason: Reason
}
