/// Whose messages count: the roster of incarnations, and of each peer one process, which another succeeds
/// only by proof.
///
/// The founding members exchange incarnations once, both ways. A node writes down all of them as one
/// roster, from which on only these directories count for it, so that one which was wiped and formatted
/// again is not heard (`R36`). It takes no part before each of them has said that it holds this process
/// durably, and that is on disk as well (`R75`): then no other directory of this node can ever get as
/// far, since a directory holds one incarnation of a node for good.
///
/// A peer's boot and nonce are on disk before its first message is looked at. The same boot with another
/// nonce is a second process on a copy (`R76`), a lower boot an old copy (`R37`), and a higher one may be
/// either: Admission+Succession.swift says how it shows which (`R81`). What no reachable peer has witnessed cannot be told
/// apart.
struct Admission: Sendable {
    enum Verdict: Equatable {
        case admitted
        /// Not yet: something that must be on disk first is on its way there.
        case held
        /// Of a process that has not said yet what it was made with.
        case unheard
        /// Of a later process than the one that counts, which has shown why it succeeds, or not yet.
        case newcomer(isProven: Bool)
        /// Made with other terms.
        case disagrees
        case refused(Refused.Reason)
        /// For an earlier process of this node: the sender has not heard of this one.
        case misaddressed
        /// Not of this cluster, not for this node or this process of it, or no member.
        case foreign
        /// The sender has met what this directory does not hold: this node does not count, for good, or until it
        /// is opened again.
        case contradicted(RolledBack, forGood: Bool)
    }

    let identity: NodeIdentity
    let terms: Terms
    let secret: DirectorySecret
    let rule: SuccessionRule
    let timeout: UInt64
    let interval: UInt64
    var lineage: Lineage
    /// The number of the newest receipt.
    var newest: WriteNumber
    var peers: [Peer]
    var challenges: UInt64 = 0
    /// Claims whose tag did not verify.
    var invented = 0
    /// Where the lineage begins now, not submitted to the store yet.
    var pruned: Boot?
    private var disagreements = Disagreements()
    /// Every peer's record is durable: from now on others may be told that they are held.
    private(set) var isComplete = false
    /// Every peer is durably known to hold this node as well: it takes part.
    private(set) var isEstablished = false

    init(
        identity: NodeIdentity,
        terms: Terms,
        recovered: RecoveredState,
        limits: Limits = Limits(),
        rule: SuccessionRule = .lineage
    ) {
        self.identity = identity
        self.terms = terms
        self.rule = rule
        secret = recovered.secret
        lineage = Lineage(recovered.openings)
        newest = lineage.own.write
        timeout = limits.electionTicks
        interval = limits.heartbeatTicks
        peers = terms.membership.members.filter { $0 != identity.node }.map { node in
            Peer(node: node, record: recovered.peers.first { $0.node == node })
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
    mutating func meet(_ envelope: Envelope, _ hello: Hello, output: inout Output) {
        let sender = envelope.sender
        guard let place = peers.firstIndex(where: { $0.node == sender.node }) else { return }
        guard var record = peers[place].record else {
            return learn(envelope, at: place, output: &output)
        }
        guard record.presence == sender.presence, !record.isMutual,
            // Another process of this node may be a copy of its directory.
            hello.holds == identity.presence, verified(envelope) != nil
        else { return }
        record.isMutual = true
        write(record, at: place, output: &output)
    }

    private mutating func learn(_ envelope: Envelope, at place: Int, output: inout Output) {
        let sender = envelope.sender
        let before = peers[place].met
        if before?.incarnation ?? sender.incarnation == sender.incarnation,
            before?.boot ?? .never <= sender.boot
        {
            peers[place].met = PeerRecord(
                node: sender.node,
                incarnation: sender.incarnation,
                boot: sender.boot,
                nonce: sender.nonce,
                isMutual: false,
                heard: envelope.written,
                tag: envelope.stamp
            )
        }
        guard peers.allSatisfy({ $0.met != nil }) else { return }
        for place in peers.indices {
            guard let met = peers[place].met else { continue }
            peers[place].agreed = met.presence.process
            write(met, at: place, output: &output)
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
        // Who does not count here, and is known for it, is no witness.
        if peers[place].record?.mayBeSucceeded(by: sender) ?? true,
            let verdict = judge(envelope)
        {
            return verdict
        }
        guard let record = peers[place].record else { return .held }
        guard record.incarnation == sender.incarnation else {
            return .refused(.otherIncarnation)
        }
        if sender.boot < record.boot { return .refused(.rolledBack) }
        if sender.boot > record.boot {
            return succeed(envelope, at: place, now: now, output: &output)
        }
        guard record.nonce == sender.nonce else { return .refused(.twin) }
        return hear(envelope, at: place, now: now)
    }

    /// A message of the process that counts.
    private mutating func hear(_ envelope: Envelope, at place: Int, now: Tick) -> Verdict {
        let sender = envelope.sender
        if envelope.hello != nil { peers[place].agreed = sender.process }
        if let answer = envelope.challengeAnswer { hear(answer, at: place, now: now) }
        // Only now: also what is not for this process tells that its sender has another one.
        guard envelope.recipient == nil || envelope.recipient == identity.process else {
            return .misaddressed
        }
        guard isEstablished, peers[place].isDurable else { return .held }
        guard peers[place].agreed == sender.process else { return .unheard }
        peers[place].quietSince = now
        peers[place].heardAt = now
        note(envelope, at: place, now: now)
        confirm(envelope, at: place)
        return .admitted
    }

    /// Whether a peer is to be asked now for what it did not say: not for every message of it.
    mutating func mayAsk(_ node: NodeID, at now: Tick) -> Bool {
        guard let place = peers.firstIndex(where: { $0.node == node }), now >= peers[place].nextAsk
        else { return false }
        peers[place].nextAsk = now.advanced(by: interval)
        return true
    }

    /// Who was heard to have been made with other terms, lately.
    func disagreements(at now: Tick) -> [Disagreement] { disagreements.lately(at: now) }

    var hasDisagreements: Bool { !disagreements.isEmpty }

    /// When one of those is not shown any more, if it is not heard again.
    func shownUntil(after now: Tick) -> Tick { disagreements.shownUntil(after: now) }

    /// The process of a peer that this node has dealt with last.
    func process(of node: NodeID) -> ProcessID? {
        peers.first { $0.node == node }?.record?.presence.process
    }

    /// What a peer may be told that this node holds of it: what is durable.
    func holds(_ node: NodeID) -> Presence? {
        peers.first { $0.node == node }?.durable?.presence
    }

    var peerNodes: [NodeID] { peers.map(\.node) }

    /// Takes in what is on disk now, and answers the peers of which another process is.
    mutating func markDurable(_ records: [PeerRecord]) -> [NodeID] {
        var changed: [NodeID] = []
        for record in records {
            guard let place = peers.firstIndex(where: { $0.node == record.node }) else { continue }
            if let before = peers[place].durable, before.presence != record.presence {
                changed.append(record.node)
            }
            peers[place].durable = record
        }
        weigh()
        return changed
    }

    private mutating func weigh() {
        isComplete = peers.allSatisfy { $0.durable != nil }
        isEstablished = peers.allSatisfy { $0.durable?.isMutual == true }
    }
}
