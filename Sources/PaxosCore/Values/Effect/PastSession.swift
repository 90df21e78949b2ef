/// What is kept of a session that a later boot of its node has ended: nothing has effect under its tokens any more,
/// and somebody may ask what had.
///
/// Bounded, by a rule that looks at nothing but the session, so that every member keeps the same (`R67`): of many
/// ranges those of the latest sequences are kept. What was there below is not known then, and said so.
package struct PastSession: Hashable, Sendable {
    /// Of one node, the latest.
    package static let mostOfNode = 8
    /// Of sequences with effect, and as many of those without.
    package static let mostRanges = 128

    package let boot: Boot
    /// Of the sequences below nothing is kept; 0 if everything is.
    package let floor: UInt64
    /// Used up, by an effect or by a void entry.
    package let delivered: NumberRanges
    /// The part of them that void entries used up.
    package let voided: NumberRanges

    /// Adopts one read from elsewhere.
    package init(boot: Boot, floor: UInt64, delivered: NumberRanges, voided: NumberRanges) {
        self.boot = boot
        self.floor = floor
        self.delivered = delivered
        self.voided = voided
    }

    init(_ boot: Boot, _ delivered: NumberRanges, _ voided: NumberRanges) {
        self.boot = boot
        let (kept, first) = delivered.latest(Self.mostRanges)
        let (keptVoided, firstVoided) = voided.latest(Self.mostRanges)
        floor = max(first, firstVoided)
        self.delivered = kept
        self.voided = keptVoided
    }
}

/// What became of a token, at the place in the log to which a state belongs.
package enum TokenFate: Hashable, Sendable {
    /// It has had its effect, at that place or before it.
    case effective
    /// It never has an effect: a void entry stands before any with it, or one of a later boot of its node does.
    case never
    /// A later boot of its node has an entry, so it has no effect any more; whether it had one before is forgotten.
    case forgotten
    /// Nothing in the log speaks of it so far: it may still get there.
    case open
}

extension LogState {
    /// What became of a token up to the place in the log to which this state belongs.
    package func fate(of token: Token) -> TokenFate {
        guard let place = sessions.firstIndex(where: { $0.node == token.node }) else {
            return .open
        }
        let session = sessions[place]
        if token.boot > session.boot { return .open }
        if token.boot == session.boot {
            guard session.delivered.contains(token.sequence) else { return .open }
            return session.voided.contains(token.sequence) ? .never : .effective
        }
        if token.boot <= session.forgotten { return .forgotten }
        // A boot that is missing among those that are kept has no entry in the log.
        guard let past = session.past.first(where: { $0.boot == token.boot }) else { return .never }
        if token.sequence < past.floor { return .forgotten }
        guard past.delivered.contains(token.sequence) else { return .never }
        return past.voided.contains(token.sequence) ? .never : .effective
    }
}
