/// What the delivered prefix of the log has used up: the tokens that have had their effect, and those that were
/// voided.
///
/// One live session a node, that of its latest boot: the first entry of a later boot ends the earlier
/// one. Of the ended ones a bounded number is kept, so that somebody who asks is told what became of a token
/// (`PastSession`). So the state is bounded by the members and the gaps in their sequences, and not by time
/// (`R57`). It is equal on every node that has delivered the same prefix (`R27`, `R67`).
package struct LogState: Hashable, Sendable {
    package struct Session: Hashable, Sendable {
        package let node: NodeID
        package let boot: Boot
        /// Used up, by an effect or by a void entry.
        package fileprivate(set) var delivered: NumberRanges
        /// The part of `delivered` that void entries used up: what would be gaps without them.
        package fileprivate(set) var voided: NumberRanges
        /// Sessions of earlier boots, in ascending order: the latest that there were.
        package fileprivate(set) var past: [PastSession]
        /// Up to this boot sessions have ended of which nothing is kept.
        package fileprivate(set) var forgotten: Boot

        package init(
            node: NodeID,
            boot: Boot,
            delivered: NumberRanges,
            voided: NumberRanges = NumberRanges(),
            past: [PastSession] = [],
            forgotten: Boot = .never
        ) {
            self.node = node
            self.boot = boot
            self.delivered = delivered
            self.voided = voided
            self.past = past
            self.forgotten = forgotten
        }
    }

    /// In ascending order of node.
    package private(set) var sessions: [Session]

    package init() {
        sessions = []
    }

    /// Adopts sessions read from elsewhere, or `nil` if two are of one node or they are out of order.
    package init?(sessions: [Session]) {
        for (left, right) in zip(sessions, sessions.dropFirst()) where left.node >= right.node {
            return nil
        }
        self.sessions = sessions
    }

    /// What an entry with this token does, at the place in the log to which this state belongs.
    package func effect(of token: Token) -> Effect {
        guard let place = sessions.firstIndex(where: { $0.node == token.node }) else {
            return .effective
        }
        if token.boot < sessions[place].boot { return .sessionEnded }
        if token.boot > sessions[place].boot { return .effective }
        return sessions[place].delivered.contains(token.sequence) ? .repeated : .effective
    }

    /// Uses the token up.
    package mutating func consume(_ token: Token) {
        let added = token.sequence...token.sequence
        guard let position = sessions.firstIndex(where: { $0.node >= token.node }) else {
            sessions.append(Session(of: token))
            return
        }
        if sessions[position].node > token.node {
            sessions.insert(Session(of: token), at: position)
        } else if sessions[position].boot < token.boot {
            sessions[position] = Session(of: token, after: sessions[position])
        } else if sessions[position].boot == token.boot {
            sessions[position].delivered.insert(added)
        }
    }

    /// Uses the token up without an effect, unless it is used up.
    package mutating func void(_ token: Token) {
        guard effect(of: token) == .effective else { return }
        consume(token)
        guard let place = sessions.firstIndex(where: { $0.node == token.node }) else { return }
        sessions[place].voided.insert(token.sequence...token.sequence)
    }

    /// True if an entry of this boot of the node, or of a later one, stands in the log.
    func holds(_ boot: Boot, of node: NodeID) -> Bool {
        sessions.contains { $0.node == node && $0.boot >= boot }
    }

    /// True if this is the state at the same place in the log as `earlier`, or behind it: what was used up then is.
    func continues(_ earlier: LogState) -> Bool {
        earlier.sessions.allSatisfy { old in
            guard let session = sessions.first(where: { $0.node == old.node }) else { return false }
            guard session.boot == old.boot else { return session.boot > old.boot }
            return old.delivered.ranges.allSatisfy { session.delivered.contains(all: $0) }
                && old.voided.ranges.allSatisfy { session.voided.contains(all: $0) }
        }
    }
}

extension LogState.Session {
    /// Begun by this token.
    fileprivate init(of token: Token, after earlier: Self? = nil) {
        var delivered = NumberRanges()
        delivered.insert(token.sequence...token.sequence)
        self.init(node: token.node, boot: token.boot, delivered: delivered)
        guard let earlier else { return }
        forgotten = earlier.forgotten
        past = earlier.past
        past.append(PastSession(earlier.boot, earlier.delivered, earlier.voided))
        while past.count > PastSession.mostOfNode {
            forgotten = past.removeFirst().boot
        }
    }
}

/// What a committed command does.
package enum Effect: Hashable, Sendable {
    /// The first with its token, and whole.
    case effective
    /// Its token has had its effect in an earlier slot, or was voided there.
    case repeated
    /// A later boot of its node has an entry before it.
    case sessionEnded
    /// Its batch does not stand whole in adjoining slots (`R72`).
    case torn
    /// It asked for another slot than the one it stands in.
    case elsewhere
}

/// The state of the log up to a slot, stored so that `open` need not read the log from its beginning.
package struct Checkpoint: Hashable, Sendable {
    package let slot: Slot
    /// Of the prefix up to the slot.
    package let digest: PrefixDigest
    package let state: LogState

    package init(slot: Slot, digest: PrefixDigest, state: LogState) {
        self.slot = slot
        self.digest = digest
        self.state = state
    }

    /// Before the first slot.
    package static let empty = Checkpoint(slot: .zero, digest: .empty, state: LogState())
}
