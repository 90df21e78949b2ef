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
    /// Of a member of the usual three; without the key that `OneMember` leaves out too.
    init(
        asks: Bool,
        holds: Presence?,
        terms: Terms = Identities.terms(),
        proof: Proof? = nil
    ) {
        self.init(
            asks: asks,
            holds: holds,
            terms: terms,
            key: ClaimKey(first: 0, second: 0),
            proof: proof
        )
    }

    var withoutKey: Hello { Hello(asks: asks, holds: holds, terms: terms, proof: proof) }
}
