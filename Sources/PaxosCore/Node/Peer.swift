/// What a node knows of another member, on disk and since it was opened.
struct Peer: Sendable {
    let node: NodeID
    /// With this, which only that node is told, it claims what it has met of this one.
    let told: ClaimKey
    /// What was submitted to the store, but for `heard`, which goes there lazily; and what is durable.
    var record: PeerRecord?
    var durable: PeerRecord?
    /// Learned from a meeting, not written before all are known.
    var met: NodeIdentity?
    /// The process whose terms were compared and are the own ones.
    var agreed: ProcessID?
    /// When it may be asked again for what it did not say.
    var nextAsk = Tick.zero
    /// When it was heard last, or may be asked what it has heard.
    var quietSince = Tick.zero
    /// With this the peer knows that what is claimed of it was claimed by this node.
    var key: ClaimKey?
    /// The latest boot of this node that the peer holds durably.
    var confirmed = Boot.never
    /// The highest write number submitted to the store, and since when a higher one is not.
    var writtenHeard = WriteNumber.none
    var unwrittenSince: Tick?
    /// Later processes of its directory, or of copies of that, which have not succeeded yet.
    var newcomers: [Newcomer] = []
    var challenge: Challenging?

    init(node: NodeID, told: ClaimKey, record: PeerRecord?) {
        self.node = node
        self.told = told
        self.record = record
        durable = record
        writtenHeard = record?.heard ?? .none
    }

    /// The process that counts is durable.
    var isDurable: Bool {
        guard let record, let durable else { return false }
        return durable.presence == record.presence && durable.isMutual == record.isMutual
    }

    /// What this node claims to have met of the peer: what is on disk, but for the write numbers, which are
    /// true whoever remembers them.
    var claim: Claim? {
        guard let durable else { return nil }
        let heard = durable.presence == record?.presence ? record?.heard : nil
        return Claim(process: durable.presence.process, heard: heard ?? durable.heard)
    }
}

/// A later process of a member than the one that counts: a restart, or a copy.
struct Newcomer: Sendable {
    let process: ProcessID
    /// Its lineage holds the one that counts, and everything that was heard of it.
    var isProven = false
    var heardAt: Tick
}

/// The process that counts is asked whether it still lives.
struct Challenging: Sendable {
    let id: UInt64
    let since: Tick
    var nextSend: Tick
    /// It lives: whoever comes beside it is a twin.
    var answeredAt: Tick?
}
