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
    /// The limits that shape messages and rows, the same on all members (`R82`).
    package let shape: Shape
    /// Added to LMDB's transaction numbers: where a rewritten file goes on counting (`R92`).
    package let writeOffset: UInt64
    /// Known to this directory alone: by it others prove what they were told by its node (`R91`).
    package let secret: DirectorySecret
    /// It is a copy that was made to be kept: nobody opens it as the node that it was made of.
    package let isBackup: Bool

    package init(
        formatVersion: UInt32,
        cluster: ClusterID,
        node: NodeID,
        incarnation: Incarnation,
        membership: Membership,
        shape: Shape,
        writeOffset: UInt64 = 0,
        secret: DirectorySecret,
        isBackup: Bool = false
    ) {
        self.formatVersion = formatVersion
        self.cluster = cluster
        self.node = node
        self.incarnation = incarnation
        self.membership = membership
        self.shape = shape
        self.writeOffset = writeOffset
        self.secret = secret
        self.isBackup = isBackup
    }
}

extension DirectoryIdentity {
    /// The number of a transaction of the database, over all files that the directory ever had.
    package func writeNumber(of transaction: UInt64) -> WriteNumber {
        WriteNumber(writeOffset &+ transaction)
    }
}
