/// Whose messages count: the roster of incarnations, and of each peer the latest process.
///
/// The founding members exchange incarnations once. A node takes no part before it knows all of them
/// and has them on disk (`R75`); from then on only these directories count, so that one which was wiped
/// and formatted again does not vote (`R36`). A peer's boot and nonce are on disk before its first
/// message is looked at: a lower boot is an old copy of its directory (`R37`), the same boot with
/// another nonce a second process on a copy (`R76`). What no reachable peer has witnessed cannot be told
/// apart.
struct Admission: Sendable {
    enum Verdict: Equatable {
        case admitted
        /// Not yet: something that must be on disk first is on its way there.
        case held
        case refused(Refused.Reason)
        /// For an earlier process of this node: the sender has not heard of this one.
        case misaddressed
        /// Not of this cluster, not for this node or this process of it, or no member.
        case foreign
    }

    private struct Peer {
        let node: NodeID
        /// What was submitted to the store, and what is durable.
        var record: PeerRecord?
        var durable: PeerRecord?
        /// Learned from a meeting, not written before all are known.
        var met: NodeIdentity?
    }

    let identity: NodeIdentity
    private var peers: [Peer]
    /// Every peer's record is durable.
    private(set) var isEstablished: Bool

    init(identity: NodeIdentity, membership: Membership, recovered: [PeerRecord]) {
        self.identity = identity
        peers = membership.members.filter { $0 != identity.node }.map { node in
            let record = recovered.first { $0.node == node }
            return Peer(node: node, record: record, durable: record)
        }
        isEstablished = peers.allSatisfy { $0.durable != nil }
    }

    /// The members this node has not met yet.
    var unmet: [NodeID] {
        peers.filter { $0.record == nil && $0.met == nil }.map(\.node)
    }

    /// A founding member says who it is. Only this teaches an incarnation.
    mutating func meet(_ sender: NodeIdentity, output: inout Output) {
        guard let place = peers.firstIndex(where: { $0.node == sender.node }),
            peers[place].record == nil
        else { return }
        if peers[place].met?.incarnation ?? sender.incarnation == sender.incarnation {
            peers[place].met = sender
        }
        guard peers.allSatisfy({ $0.met != nil }) else { return }
        for place in peers.indices {
            guard let met = peers[place].met else { continue }
            let record = PeerRecord(
                node: met.node,
                incarnation: met.incarnation,
                boot: met.boot,
                nonce: met.nonce
            )
            peers[place].record = record
            output.rows.peers.append(record)
        }
    }

    /// Looks at the head of a message, before anything else of it.
    mutating func admit(_ envelope: Envelope, output: inout Output) -> Verdict {
        let sender = envelope.sender
        guard sender.cluster == identity.cluster, envelope.destination == identity.node,
            let place = peers.firstIndex(where: { $0.node == sender.node })
        else { return .foreign }
        guard var record = peers[place].record else { return .held }
        guard record.incarnation == sender.incarnation else {
            return .refused(.otherIncarnation)
        }
        if sender.boot < record.boot { return .refused(.rolledBack) }
        if sender.boot > record.boot {
            record.boot = sender.boot
            record.nonce = sender.nonce
            peers[place].record = record
            output.rows.peers.append(record)
            return .held
        }
        guard record.nonce == sender.nonce else { return .refused(.twin) }
        // Only now: also what is not for this process tells that its sender has another one.
        guard envelope.recipient == nil || envelope.recipient == identity.process else {
            return .misaddressed
        }
        return isEstablished && peers[place].durable == record ? .admitted : .held
    }

    /// The process of a peer that this node has dealt with last.
    func process(of node: NodeID) -> ProcessID? {
        guard let record = peers.first(where: { $0.node == node })?.record else { return nil }
        return ProcessID(boot: record.boot, nonce: record.nonce)
    }

    var peerNodes: [NodeID] { peers.map(\.node) }

    mutating func markDurable(_ records: [PeerRecord]) {
        for record in records {
            guard let place = peers.firstIndex(where: { $0.node == record.node }) else { continue }
            peers[place].durable = record
        }
        isEstablished = peers.allSatisfy { $0.durable != nil }
    }
}
