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
