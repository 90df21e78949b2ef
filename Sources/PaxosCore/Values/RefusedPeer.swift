/// A process of a peer whose messages a node does not count.
public struct RefusedPeer: Hashable, Sendable {
    /// Why a process does not count.
    @nonexhaustive
    public enum Reason: String, Hashable, Sendable {
        /// The members know another directory of this node: it was wiped, or never was a founder (`R36`).
        case otherIncarnation
        /// A later boot or a later write of this directory has been seen: it is an old copy (`R37`, `R81`).
        case rolledBack
        /// Another process of the directory lives, or had this boot: the directory was copied (`R76`).
        case twin
    }

    /// The node that the process says it is.
    public let node: NodeID
    /// Why it does not count.
    public let reason: Reason

    package init(node: NodeID, reason: Reason) {
        self.node = node
        self.reason = reason
    }
}
