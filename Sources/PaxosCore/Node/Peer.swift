/// What a node knows of another member, on disk and since it was opened.
struct Peer: Sendable {
    let node: NodeID
    /// What was submitted to the store, but for what was heard since, which goes there lazily; and what is
    /// durable.
    var record: PeerRecord?
    var durable: PeerRecord?
    /// Learned from a meeting, not written before all are known.
    var met: PeerRecord?
    /// The process whose terms were compared and are the own ones.
    var agreed: ProcessID?
    /// When it may be asked again for what it did not say.
    var nextAsk = Tick.zero
    /// When the process that counts was heard last.
    var heardAt: Tick?
    /// A later process that has shown no proof, and since when it speaks.
    var unproven: (process: ProcessID, since: Tick)?
    /// When it was heard last, or may be asked what it has heard.
    var quietSince = Tick.zero
    /// The latest boot of this node that the peer holds durably.
    var confirmed = Boot.never
    /// The write number that was submitted to the store last.
    var submitted: WriteNumber
    /// Since when a higher one was heard that others rely on.
    var unwrittenSince: Tick?
    /// The highest watermark that it has said to be on its disk.
    var floor = Slot.zero
    /// Later processes of its directory, or of copies of that, which hold all that was heard of it and have
    /// not succeeded yet.
    var newcomers: [Newcomer] = []
    var contest: Contest?
    /// The process that counts has answered a challenge: whoever comes beside it is a twin.
    var livedAt: Tick?

    init(node: NodeID, record: PeerRecord?) {
        self.node = node
        self.record = record
        durable = record
        submitted = record?.heard ?? .none
    }

    /// The process that counts is durable.
    var isDurable: Bool {
        guard let record, let durable else { return false }
        return durable.presence == record.presence && durable.isMutual == record.isMutual
    }

    /// What this node claims to have met of the peer: what is on disk, but for the write numbers, which are
    /// true whoever remembers them.
    var claim: PeerRecord? {
        durable?.presence == record?.presence ? record : durable
    }
}

/// A later process of a member than the one that counts, which has shown its proof: a restart, or a copy.
struct Newcomer: Sendable {
    let process: ProcessID
    /// The write that opened the next process after the one that counts.
    let next: WriteNumber
    /// The highest write number heard of it, and what came with that.
    var heard: WriteNumber
    var tag: UInt64
    var heardAt: Tick
    /// It has answered the challenge of this round.
    var hasAnswered = false
    /// The rounds in which it answered and the process that counts did not.
    var silences = 0
}

/// The process that counts is asked whether it still lives, and so are those that want to succeed it. A round
/// lasts until one of these has answered: where nobody hears, or nobody listens, no time passes.
struct Contest: Sendable {
    /// Of the newest rounds; the last is this one's.
    var ids: [UInt64]
    var nextSend: Tick
    /// How often this round's challenge was sent.
    var sends = 1
}
