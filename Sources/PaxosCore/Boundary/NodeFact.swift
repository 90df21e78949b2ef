/// What has happened to a node that somebody may want to know: for its log, metrics and events, and for the
/// traces of scenarios and the simulator, which all print the same.
///
/// A turn of things is one fact, however long it lasts; how things are is `LogStatus`'s to say.
@nonexhaustive
public enum NodeFact: Hashable, Sendable {
    /// Nobody was heard to lead, and the node asks to lead under this ballot.
    case campaigned(Ballot)
    /// It leads under this ballot.
    case becameLeader(Ballot)
    /// It led under this ballot, and does no more.
    case lostLeadership(Ballot, LeadershipEnd)
    /// Another node leads, under this ballot.
    case foundLeader(Ballot)
    /// The node that led is not heard any more, or has said that it ends.
    case lostLeader(NodeID)
    /// Fewer members than a quorum answer.
    case lostQuorum
    /// A quorum answers again.
    case foundQuorum
    /// A process of a member counts here from now on; it is the directory's boot of that number.
    case metPeer(NodeID, Boot)
    /// A process of a member spoke that does not count here.
    case refusedPeer(RefusedPeer)
    /// A peer does not count this node, and why.
    case refusedByPeer(NodeID, reason: RefusedPeer.Reason)
    /// A node was made with other members, quorums or limits: neither counts the other.
    case disagrees(Disagreement)
    /// The directory is an old copy, or contradicts what a peer has met.
    case rolledBack(RolledBack)
    /// The slots that others have committed and the node has not got: it fetches them.
    case fellBehind(ClosedRange<Slot>)
    /// Everything up to this slot, all that it has heard to be committed, is here.
    case caughtUp(Slot)
    /// What it has not got up to this slot is trimmed at every member that answers: nobody hands it on any more.
    case behindTrim(Slot)
    /// What it had not got up to this slot is trimmed elsewhere: it goes on from what the log did up to there.
    case tookBase(Slot)
    /// The log is trimmed up to this slot, by a call, as the policy says, or with a base. Told at most once a second.
    case trimmed(Slot)
    /// The state machines of members differ, though they have applied the same commands.
    case diverged(Divergence)
    /// The disk or the map has no room: appends are refused.
    case full
    /// There is room again.
    case notFull
    /// A write has been under way for longer than an election timeout.
    case diskOverdue
    /// No write has any more.
    case diskInTime
    /// The store has failed, which ends the node.
    case storeFailed(StoreFailure)
}

/// Why a node does not lead any more.
@nonexhaustive
public enum LeadershipEnd: String, Hashable, Sendable, CaseIterable {
    /// It reached no quorum.
    case lostQuorum = "lost-quorum"
    /// A write of its own took longer than an election timeout, so that it said nothing.
    case diskOverdue = "disk-overdue"
    /// A higher ballot is promised: another node leads, or asks to; or it is this node's next.
    case higherBallot = "higher-ballot"
    /// What is proposed reached no quorum, though heartbeats did.
    case unreachable
    /// It had no room, and another node was to go on.
    case full
    /// What was chosen before it could not be had from anybody.
    case missingSlots = "missing-slots"
    /// It could not read a row that others asked for.
    case unreadableRow = "unreadable-row"
    /// Another node had more of the log.
    case behind
    /// Somebody wanted another member to lead, or the node was shut down; or another one is preferred.
    case transferred
}

extension NodeFact {
    /// One word for it.
    public var name: String {
        switch self {
        case .campaigned: "campaigned"
        case .becameLeader: "became-leader"
        case .lostLeadership: "lost-leadership"
        case .foundLeader: "found-leader"
        case .lostLeader: "lost-leader"
        case .lostQuorum: "lost-quorum"
        case .foundQuorum: "found-quorum"
        case .metPeer: "met-peer"
        case .refusedPeer: "refused-peer"
        case .refusedByPeer: "refused-by-peer"
        case .disagrees: "disagrees"
        case .rolledBack: "rolled-back"
        case .fellBehind: "fell-behind"
        case .caughtUp: "caught-up"
        case .behindTrim: "behind-trim"
        case .tookBase: "took-base"
        case .trimmed: "trimmed"
        case .diverged: "diverged"
        case .full: "full"
        case .notFull: "not-full"
        case .diskOverdue: "disk-overdue"
        case .diskInTime: "disk-in-time"
        case .storeFailed: "store-failed"
        }
    }

    /// What there is to say of it beside its name, each with one word for what it is.
    public var details: [(name: String, value: String)] {
        switch self {
        case .campaigned(let ballot): [("ballot", "\(ballot)")]
        case .becameLeader(let ballot), .foundLeader(let ballot):
            [("leader", "\(ballot.node.rawValue)"), ("ballot", "\(ballot)")]
        case .lostLeadership(let ballot, let why):
            [("ballot", "\(ballot)"), ("reason", why.rawValue)]
        case .lostLeader(let node): [("leader", "\(node.rawValue)")]
        case .metPeer(let node, let boot): [("peer", "\(node.rawValue)"), ("boot", "\(boot)")]
        case .refusedPeer(let peer):
            [("peer", "\(peer.node.rawValue)"), ("reason", peer.reason.rawValue)]
        case .refusedByPeer(let node, let reason):
            [("peer", "\(node.rawValue)"), ("reason", reason.rawValue)]
        case .disagrees(let found):
            [("peer", "\(found.node.rawValue)"), ("differs", "\(found)")]
        case .rolledBack(let found):
            [("peer", "\(found.witness.rawValue)"), ("cause", "\(found)")]
        case .fellBehind(let slots): [("slots", slots.text)]
        case .caughtUp(let slot), .behindTrim(let slot), .tookBase(let slot),
            .trimmed(let slot):
            [("slot", "\(slot)")]
        case .diverged(let found):
            [
                ("slot", "\(found.slot)"), ("verdict", found.verdict.rawValue),
                ("alike", found.alike.text), ("differing", found.differing.text),
            ]
        case .storeFailed(let failure): [("failure", "\(failure)")]
        case .lostQuorum, .foundQuorum, .full, .notFull, .diskOverdue, .diskInTime: []
        }
    }
}

extension [NodeID] {
    /// One after the other.
    fileprivate var text: String { map { "\($0.rawValue)" }.joined(separator: ",") }
}

extension NodeFact: CustomStringConvertible {
    /// Its name and its details in one line.
    public var description: String {
        details.reduce(into: name) { $0 += " \($1.name)=\($1.value)" }
    }
}
