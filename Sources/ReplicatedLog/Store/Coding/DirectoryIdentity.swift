package import PaxosCore

/// Whose data directory this is. Written when the directory is made, and never again.
package struct DirectoryIdentity: Hashable, Sendable {
    package let formatVersion: UInt32
    package let cluster: ClusterID
    package let node: NodeID
    /// Random: tells this directory from every other of the same node (`R36`).
    package let incarnation: Incarnation
    /// The founding members.
    package let membership: Membership

    package init(
        formatVersion: UInt32,
        cluster: ClusterID,
        node: NodeID,
        incarnation: Incarnation,
        membership: Membership
    ) {
        self.formatVersion = formatVersion
        self.cluster = cluster
        self.node = node
        self.incarnation = incarnation
        self.membership = membership
    }
}
