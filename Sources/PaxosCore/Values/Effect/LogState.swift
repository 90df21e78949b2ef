/// What the delivered prefix of the log has used up: the tokens that have had their effect.
///
/// One live session a node, that of its latest boot: the first entry of a later boot ends the earlier
/// one, so the state is bounded by the members and the gaps in their sequences, and not by time
/// (`R57`). It is equal on every node that has delivered the same prefix (`R27`, `R67`).
package struct LogState: Hashable, Sendable {
    package struct Session: Hashable, Sendable {
        package let node: NodeID
        package let boot: Boot
        package fileprivate(set) var delivered: NumberRanges

        package init(node: NodeID, boot: Boot, delivered: NumberRanges) {
            self.node = node
            self.boot = boot
            self.delivered = delivered
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
        guard let session = sessions.first(where: { $0.node == token.node }) else {
            return .effective
        }
        if token.boot < session.boot { return .sessionEnded }
        if token.boot > session.boot { return .effective }
        return session.delivered.contains(token.sequence) ? .repeated : .effective
    }

    /// Uses the token up.
    package mutating func consume(_ token: Token) {
        let added = token.sequence...token.sequence
        guard let position = sessions.firstIndex(where: { $0.node >= token.node }) else {
            sessions.append(Self.session(of: token))
            return
        }
        if sessions[position].node > token.node {
            sessions.insert(Self.session(of: token), at: position)
        } else if sessions[position].boot < token.boot {
            sessions[position] = Self.session(of: token)
        } else if sessions[position].boot == token.boot {
            sessions[position].delivered.insert(added)
        }
    }

    /// True if this is the state at the same place in the log as `earlier`, or behind it: what was used up then is.
    func continues(_ earlier: LogState) -> Bool {
        earlier.sessions.allSatisfy { old in
            guard let session = sessions.first(where: { $0.node == old.node }) else { return false }
            guard session.boot == old.boot else { return session.boot > old.boot }
            return old.delivered.ranges.allSatisfy { session.delivered.contains(all: $0) }
        }
    }

    private static func session(of token: Token) -> Session {
        var delivered = NumberRanges()
        delivered.insert(token.sequence...token.sequence)
        return Session(node: token.node, boot: token.boot, delivered: delivered)
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
