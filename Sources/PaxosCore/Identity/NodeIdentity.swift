/// Who a process is: the head of everything it sends, checked before anything else is looked at (`R65`).
package struct NodeIdentity: Hashable, Sendable {
    package let cluster: ClusterID
    package let node: NodeID
    package let incarnation: Incarnation
    package let boot: Boot
    package let nonce: Nonce

    package init(
        cluster: ClusterID,
        node: NodeID,
        incarnation: Incarnation,
        boot: Boot,
        nonce: Nonce
    ) {
        self.cluster = cluster
        self.node = node
        self.incarnation = incarnation
        self.boot = boot
        self.nonce = nonce
    }
}

/// One process of a node: what it said and was asked dies with it.
package struct ProcessID: Hashable, Sendable {
    package let boot: Boot
    package let nonce: Nonce

    package init(boot: Boot, nonce: Nonce) {
        self.boot = boot
        self.nonce = nonce
    }
}

extension NodeIdentity {
    package var process: ProcessID { ProcessID(boot: boot, nonce: nonce) }
}

/// A random number of a process: two processes that opened copies of one directory differ in it though
/// their boots may be equal (`R76`).
package struct Nonce: Hashable, Sendable, CustomStringConvertible {
    package let rawValue: UInt64

    package init(_ rawValue: UInt64) {
        self.rawValue = rawValue
    }

    package var description: String { String(rawValue, radix: 16) }
}

/// What a node knows of a peer, stored durably before the peer is counted (`R37`).
package struct PeerRecord: Hashable, Sendable {
    package let node: NodeID
    /// The directory that this member of the cluster was founded with.
    package let incarnation: Incarnation
    /// The highest boot seen, with the nonce of the process that had it.
    package var boot: Boot
    package var nonce: Nonce

    package init(node: NodeID, incarnation: Incarnation, boot: Boot, nonce: Nonce) {
        self.node = node
        self.incarnation = incarnation
        self.boot = boot
        self.nonce = nonce
    }
}
