/// Whose messages count: the roster of incarnations, and of each peer the latest process.
///
/// The founding members exchange incarnations once, both ways. A node writes down all of them as one
/// roster, from which on only these directories count for it, so that one which was wiped and formatted
/// again is not heard (`R36`). It takes no part before each of them has said that it holds this process
/// durably, and that is on disk as well (`R75`): then no other directory of this node can ever get as
/// far, since a directory holds one incarnation of a node for good. A peer's boot and nonce are on disk before its first
/// message is looked at: a lower boot is an old copy of its directory (`R37`), the same boot with
/// another nonce a second process on a copy (`R76`). What no reachable peer has witnessed cannot be told
/// apart.
struct Admission: Sendable {
    enum Verdict: Equatable {
        case admitted
        /// Not yet: something that must be on disk first is on its way there.
        case held
        /// Of a process that has not said yet what it was made with, or that was not compared.
        case unheard
        /// Made with other terms.
        case disagrees
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
        /// The process whose terms were compared and are the own ones.
        var agreed: ProcessID?
        /// When it may be asked for them again.
        var nextAsk = Tick.zero
    }

    let identity: NodeIdentity
    let terms: Terms
    private var disagreements = Disagreements()
    private var peers: [Peer]
    /// Every peer's record is durable: from now on others may be told that they are held.
    private(set) var isComplete = false
    /// Every peer is durably known to hold this node as well: it takes part.
    private(set) var isEstablished = false

    init(identity: NodeIdentity, terms: Terms, recovered: [PeerRecord]) {
        self.identity = identity
        self.terms = terms
        peers = terms.membership.members.filter { $0 != identity.node }.map { node in
            let record = recovered.first { $0.node == node }
            return Peer(node: node, record: record, durable: record)
        }
        weigh()
    }

    /// The members from which this node needs something before it can go on: who they are, and once that
    /// is known of all, whether they hold it.
    var sought: [NodeID] {
        let unmet = peers.filter { $0.record == nil && $0.met == nil }
        return (unmet.isEmpty ? peers.filter { $0.record?.isMutual != true } : unmet).map(\.node)
    }

    /// A founding member that is not refused says who it is, and whom of this node it holds. Only this
    /// teaches an incarnation.
    mutating func meet(_ sender: NodeIdentity, _ hello: Hello, output: inout Output) {
        guard let place = peers.firstIndex(where: { $0.node == sender.node }) else { return }
        guard var record = peers[place].record else {
            return learn(sender, at: place, output: &output)
        }
        guard record.presence == sender.presence, !record.isMutual,
            // Another process of this node may be a copy of its directory.
            hello.holds == identity.presence
        else { return }
        record.isMutual = true
        peers[place].record = record
        output.rows.peers.append(record)
    }

    private mutating func learn(_ sender: NodeIdentity, at place: Int, output: inout Output) {
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
                nonce: met.nonce,
                isMutual: false
            )
            peers[place].record = record
            output.rows.peers.append(record)
        }
    }

    /// Looks at the head of a message, before anything else of it.
    mutating func admit(_ envelope: Envelope, at now: Tick, output: inout Output) -> Verdict {
        let sender = envelope.sender
        guard sender.cluster == identity.cluster, envelope.destination == identity.node,
            sender.node != identity.node
        else { return .foreign }
        // Also of who is no member here: its list may be the one that is wrong, or this one.
        if let hello = envelope.hello {
            let differences = terms.differences(from: hello.terms)
            disagreements.note(differences, of: sender.node, at: now)
            guard differences.isEmpty else { return .disagrees }
        }
        guard let place = peers.firstIndex(where: { $0.node == sender.node }) else {
            return .foreign
        }
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
            if envelope.hello != nil { peers[place].agreed = sender.process }
            return .held
        }
        guard record.nonce == sender.nonce else { return .refused(.twin) }
        if envelope.hello != nil { peers[place].agreed = sender.process }
        // Only now: also what is not for this process tells that its sender has another one.
        guard envelope.recipient == nil || envelope.recipient == identity.process else {
            return .misaddressed
        }
        guard isEstablished, peers[place].durable == record else { return .held }
        return peers[place].agreed == sender.process ? .admitted : .unheard
    }

    /// Whether a peer is to be asked now what it was made with: not for every message of it.
    mutating func mayAsk(_ node: NodeID, at now: Tick, every ticks: UInt64) -> Bool {
        guard let place = peers.firstIndex(where: { $0.node == node }), now >= peers[place].nextAsk
        else { return false }
        peers[place].nextAsk = now.advanced(by: ticks)
        return true
    }

    /// Who was heard to have been made with other terms, lately.
    func disagreements(at now: Tick) -> [Disagreement] { disagreements.lately(at: now) }

    /// When one of those is not shown any more, if it is not heard again.
    func shownUntil(after now: Tick) -> Tick { disagreements.shownUntil(after: now) }

    /// The process of a peer that this node has dealt with last.
    func process(of node: NodeID) -> ProcessID? {
        guard let record = peers.first(where: { $0.node == node })?.record else { return nil }
        return ProcessID(boot: record.boot, nonce: record.nonce)
    }

    /// What a peer may be told that this node holds of it: what is durable.
    func holds(_ node: NodeID) -> Presence? {
        peers.first { $0.node == node }?.durable?.presence
    }

    var peerNodes: [NodeID] { peers.map(\.node) }

    mutating func markDurable(_ records: [PeerRecord]) {
        for record in records {
            guard let place = peers.firstIndex(where: { $0.node == record.node }) else { continue }
            peers[place].durable = record
        }
        weigh()
    }

    private mutating func weigh() {
        isComplete = peers.allSatisfy { $0.durable != nil }
        isEstablished = peers.allSatisfy { $0.durable?.isMutual == true }
    }
}
