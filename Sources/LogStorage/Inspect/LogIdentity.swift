package import LogWire
public import PaxosCore

/// Whose a log is.
public struct LogIdentity: Hashable, Sendable {
    /// The cluster that the directory was made for.
    public let cluster: ClusterID
    /// The member that it was made for.
    public let node: NodeID
    /// The number made when it was formatted.
    public let incarnation: Incarnation
    /// The founding members.
    public let membership: Membership
    /// It is a backup, to be restored as another cluster, not to be opened.
    public let isBackup: Bool
}

extension LogIdentity {
    package init(_ identity: DirectoryIdentity) {
        cluster = identity.cluster
        node = identity.node
        incarnation = identity.incarnation
        membership = identity.membership
        isBackup = identity.isBackup
    }
}

extension DirectoryReader {
    /// Whose the log is.
    package var owner: LogIdentity { LogIdentity(identity) }
}
