/// Who a process is: the head of everything it sends, checked before anything else is looked at (`R65`).
public struct NodeIdentity: Hashable, Sendable {
    /// The cluster it belongs to.
    public let cluster: ClusterID
    /// Its place in the membership.
    public let node: NodeID
    /// The number made when its directory was formatted.
    public let incarnation: Incarnation
    /// How often the directory has been opened.
    public let boot: Boot
    /// The number drawn when the process opened it.
    public let nonce: Nonce

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

/// Who of a node is there: a directory, and the process that has it open.
package struct Presence: Hashable, Sendable {
    package let incarnation: Incarnation
    package let process: ProcessID

    package init(incarnation: Incarnation, process: ProcessID) {
        self.incarnation = incarnation
        self.process = process
    }
}

extension NodeIdentity {
    package var process: ProcessID { ProcessID(boot: boot, nonce: nonce) }
    package var presence: Presence { Presence(incarnation: incarnation, process: process) }
}

/// A random number of a process: two processes that opened copies of one directory differ in it though
/// their boots may be equal (`R76`).
public struct Nonce: Hashable, Sendable, CustomStringConvertible {
    /// The number.
    public let rawValue: UInt64

    package init(_ rawValue: UInt64) {
        self.rawValue = rawValue
    }

    /// The number in hexadecimal.
    public var description: String { String(rawValue, radix: 16) }
}

/// What a node knows of a peer, stored durably before the peer is counted (`R37`).
package struct PeerRecord: Hashable, Sendable {
    package let node: NodeID
    /// The directory that this member of the cluster was founded with.
    package let incarnation: Incarnation
    /// The highest boot seen, with the nonce of the process that had it.
    package var boot: Boot
    package var nonce: Nonce
    /// That directory is known to hold this node's durably too: they have met both ways (`R75`).
    package var isMutual: Bool
    /// The highest write number heard of its directory; it may be a second behind what was heard.
    package var heard: WriteNumber
    /// What came with that number, to be handed back with it.
    package var tag: UInt64

    package init(
        node: NodeID,
        incarnation: Incarnation,
        boot: Boot,
        nonce: Nonce,
        isMutual: Bool,
        heard: WriteNumber = .none,
        tag: UInt64 = 0
    ) {
        self.node = node
        self.incarnation = incarnation
        self.boot = boot
        self.nonce = nonce
        self.isMutual = isMutual
        self.heard = heard
        self.tag = tag
    }

    package var presence: Presence {
        Presence(incarnation: incarnation, process: ProcessID(boot: boot, nonce: nonce))
    }

    /// It is this very process, or a later one of the directory or of a copy.
    func mayBeSucceeded(by other: NodeIdentity) -> Bool {
        guard other.incarnation == incarnation else { return false }
        return other.boot > boot || other.process == presence.process
    }
}
