/// What a node is in the protocol.
public enum NodeRole: String, Hashable, Sendable {
    /// Past phase 1 under its own ballot.
    case leader
    /// In phase 1.
    case candidate
    /// Neither.
    case follower
}

extension NodeRole {
    init(_ role: Role) {
        self =
            switch role {
            case .follower: .follower
            case .candidate: .candidate
            case .leader: .leader
            }
    }
}

/// The core's own account of itself.
package struct CoreStatus: Hashable, Sendable {
    package var role: NodeRole
    /// The ballot of the leader or candidate that this node is; else `nil`.
    package var ballot: Ballot?
    package var promised: Ballot
    package var leader: NodeID?
    package var committed: Slot
    package var delivered: Slot
    package var last: Slot
    package var trimmed: Slot
    package var slotsInFlight: Int
    package var isFull: Bool
    /// What ended the node, if something did.
    package var failure: StoreFailure?
    /// The last peer that does not count this node, and why.
    package var refusedBy: NodeID?
    package var refusal: Refused.Reason?
    /// The peer that was heard last, within seconds, of those that this node does not count.
    package var refusedPeer: RefusedPeer?
    /// How far every other member is known to have committed.
    package var peerCommitted: [PeerStatus]
    /// What this node's directory was found to lack.
    package var rolledBack: RolledBack?
    /// Who was made with other terms, and what differs.
    package var disagreements: [Disagreement]
    package var counters: MessageCounters
}

/// A process of a peer whose messages a node does not count.
public struct RefusedPeer: Hashable, Sendable {
    /// The node that the process says it is.
    public let node: NodeID
    /// `otherIncarnation` (another directory than its peers know), `rolledBack` (an old copy) or `twin` (a
    /// second process on one directory, or on a copy).
    public let reason: String

    package init(node: NodeID, reason: String) {
        self.node = node
        self.reason = reason
    }
}

/// What a node knows of another member.
package struct PeerStatus: Hashable, Sendable {
    package let node: NodeID
    package let committed: Slot
}
