@testable import PaxosCore

/// The names that tests give: one cluster, and of each node its first directory and process.
enum Identities {
    static let cluster = cluster("test")

    static func cluster(_ name: String) -> ClusterID {
        guard let id = try? ClusterID(name) else { preconditionFailure("\(name) names no cluster") }
        return id
    }

    static func incarnation(of node: NodeID) -> Incarnation {
        Incarnation(high: 7, low: node.rawValue)
    }

    static func identity(
        of node: NodeID,
        cluster: ClusterID = cluster,
        incarnation: Incarnation? = nil,
        boot: UInt64 = 1,
        nonce: UInt64 = 1
    ) -> NodeIdentity {
        NodeIdentity(
            cluster: cluster,
            node: node,
            incarnation: incarnation ?? Self.incarnation(of: node),
            boot: Boot(boot),
            nonce: Nonce(nonce)
        )
    }

    static func record(
        of node: NodeID,
        boot: UInt64 = 1,
        nonce: UInt64 = 1,
        isMutual: Bool = true
    ) -> PeerRecord {
        PeerRecord(
            node: node,
            incarnation: incarnation(of: node),
            boot: Boot(boot),
            nonce: Nonce(nonce),
            isMutual: isMutual
        )
    }

    static func membership(_ members: [NodeID]) -> Membership {
        guard let membership = try? Membership(members) else {
            preconditionFailure("\(members) are no membership")
        }
        return membership
    }

    static func terms(_ members: [NodeID] = [1, 2, 3], limits: Limits = Limits()) -> Terms {
        Terms(founding: membership(members), shape: limits.shape)
    }

    /// What the node of an empty disk finds; its peers have been met, both ways.
    static func recovered(
        node: NodeID = 1,
        of members: [NodeID] = [1],
        met: [PeerRecord]? = nil
    ) -> RecoveredState {
        RecoveredState(
            cluster: cluster,
            node: node,
            incarnation: incarnation(of: node),
            membership: membership(members),
            boot: Boot(1),
            peers: met ?? members.filter { $0 != node }.map { record(of: $0) }
        )
    }
}

extension Hello {
    /// Of a member of the usual three.
    init(asks: Bool, holds: Presence?, proof: Proof? = nil) {
        self.init(asks: asks, holds: holds, terms: Identities.terms(), proof: proof)
    }
}

extension Identities {
    /// What node 1 has given to a peer and gets back.
    static func claim(
        of peer: NodeID,
        _ process: ProcessID = identity(of: 1).process,
        heard: UInt64 = 1
    ) -> (heard: WriteNumber, tag: UInt64) {
        let claim = Claim(process: process, heard: WriteNumber(heard))
        return (claim.heard, DirectorySecret(first: 0, second: 0).tag(claim, for: peer))
    }
}

extension Envelope {
    /// A hello of a peer to node 1; whoever it holds there has told it so.
    static func hello(_ sender: NodeIdentity, _ hello: Hello) -> Envelope {
        Envelope(
            sender: sender,
            destination: 1,
            written: .none,
            claim: hello.holds.map { Identities.claim(of: sender.node, $0.process) } ?? (.none, 0),
            message: .immediate(.hello(hello))
        )
    }
}
