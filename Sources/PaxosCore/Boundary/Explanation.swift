/// One reason why something does not go on at a node, and what to do about it.
///
/// What goes on needs no reason: a healthy cluster explains nothing.
public struct Explanation: Hashable, Sendable {
    /// What does not go on.
    public enum Subject: Hashable, Sendable {
        /// No leader is heard here.
        case leadership
        /// A slot is not committed, or not delivered here.
        case commitment
        /// The log is not trimmed any farther.
        case trimming
        /// A member is not counted here, or cannot follow.
        case member(NodeID)
    }

    /// Why.
    @nonexhaustive
    public enum Cause: Hashable, Sendable {
        /// The node is not running, or has ended.
        case notRunning
        /// The store has failed: the node has stopped.
        case storeFailed(StoreFailure)
        /// The directory is an old copy of what a peer has met of it.
        case rolledBack(RolledBack)
        /// It is being shut down.
        case ending
        /// These members have not met this node and it them: the first start needs every one.
        case notMet([NodeID])
        /// Fewer members than a quorum are heard, these among them.
        case noQuorum(heard: [NodeID], needed: Int)
        /// Nobody has led for so long that this node asks around, or is about to.
        case electing
        /// This node asks to lead under this ballot, and waits for these members.
        case campaigning(Ballot, awaited: [NodeID])
        /// A write has been under way for longer than an election timeout.
        case diskOverdue
        /// There is no leader.
        case noLeader
        /// The lowest slot that is proposed here lacks the acceptance of these members.
        case notAccepted(Slot, by: [NodeID])
        /// These slots are accepted here, and whether they are chosen a quorum that runs will tell.
        case undecided(ClosedRange<Slot>)
        /// Others have committed these slots; they are being fetched.
        case fetching(ClosedRange<Slot>)
        /// What is missing up to this slot is trimmed at every member that answers.
        case unobtainable(Slot)
        /// There is no room.
        case full
        /// Nothing new is proposed: that member is about to lead.
        case handingOver(NodeID)
        /// That member has durably committed no more.
        case heldByMember(NodeID)
        /// Some member has not durably committed more; which one this node was not told.
        case heldByMembers
        /// This node has not durably committed or delivered more than this slot.
        case heldByDelivery(Slot)
        /// A snapshot that is kept, or being given, is of this slot.
        case heldBySnapshot(Slot)
        /// That cursor stands at this slot.
        case heldByCursor(CursorName, Slot)
        /// A row of it cannot be read here.
        case damaged
        /// It is not heard; for so long, in seconds, if it was heard since this node was opened.
        case silent(seconds: Int?)
        /// Its process does not count here.
        case refused(RefusedPeer.Reason)
        /// It does not count this node.
        case refusesThis(RefusedPeer.Reason)
        /// It was made with something else.
        case disagrees(Disagreement)
        /// It is heard, and answers nothing that it is asked where appends travel.
        case workUnanswered
        /// It has committed so many slots less than this node.
        case behind(slots: Int)
    }

    /// What does not go on.
    public let subject: Subject
    /// Why.
    public let cause: Cause

    package init(_ subject: Subject, _ cause: Cause) {
        self.subject = subject
        self.cause = cause
    }
}

extension Explanation: CustomStringConvertible {
    /// What does not go on, why, and what to do, in one line.
    public var description: String { "\(subject.description): \(cause.description); \(advice)" }

    /// What to do.
    public var advice: String { cause.advice }
}

extension Explanation.Subject: CustomStringConvertible {
    /// What does not go on.
    public var description: String {
        switch self {
        case .leadership: "no leader"
        case .commitment: "not committed"
        case .trimming: "not trimmed"
        case .member(let node): "member \(node.rawValue)"
        }
    }
}

extension Explanation.Cause: CustomStringConvertible {
    /// A word for it, with hyphens.
    public var name: String {
        switch self {
        case .notRunning: "not-running"
        case .storeFailed: "store-failed"
        case .rolledBack: "rolled-back"
        case .ending: "ending"
        case .notMet: "not-met"
        case .noQuorum: "no-quorum"
        case .electing: "electing"
        case .campaigning: "campaigning"
        case .diskOverdue: "disk-overdue"
        case .noLeader: "no-leader"
        case .notAccepted: "not-accepted"
        case .undecided: "undecided"
        case .fetching: "fetching"
        case .unobtainable: "unobtainable"
        case .full: "full"
        case .handingOver: "handing-over"
        case .heldByMember: "held-by-member"
        case .heldByMembers: "held-by-members"
        case .heldByDelivery: "held-by-delivery"
        case .heldBySnapshot: "held-by-snapshot"
        case .heldByCursor: "held-by-cursor"
        case .damaged: "damaged"
        case .silent: "silent"
        case .refused: "refused"
        case .refusesThis: "refuses-this"
        case .disagrees: "disagrees"
        case .workUnanswered: "work-unanswered"
        case .behind: "behind"
        }
    }

    /// What it is, as a part of a sentence.
    public var description: String {
        switch self {
        case .notRunning: "the node does not run"
        case .storeFailed(let what): "the store has failed (\(what))"
        case .rolledBack(let found): "the directory is an old copy (\(found))"
        case .ending: "the node is being shut down"
        case .notMet(let nodes): "\(Self.list(nodes)) and this node have not met"
        case .noQuorum(let heard, let needed):
            "nobody\(heard.isEmpty ? "" : " but \(Self.list(heard))") is heard, and a quorum is \(needed)"
        case .electing: "an election is due or under way"
        case .campaigning(let ballot, let nodes):
            "this node asks to lead under \(ballot) and waits for \(Self.list(nodes))"
        case .diskOverdue: "a write takes longer than an election timeout"
        case .noLeader: "there is no leader"
        case .notAccepted(let slot, let nodes):
            "slot \(slot) lacks the acceptance of \(Self.list(nodes))"
        case .undecided(let slots):
            "slots \(slots.text) are accepted here, and not known to be chosen"
        case .fetching(let slots): "slots \(slots.text) are fetched from others"
        case .unobtainable(let slot): "what is missing up to slot \(slot) is trimmed everywhere"
        case .full: "there is no room"
        case .handingOver(let node): "member \(node.rawValue) is about to lead"
        case .heldByMember(let node): "member \(node.rawValue) has durably committed no more"
        case .heldByMembers: "some member has durably committed no more"
        case .heldByDelivery(let slot): "this node has durably come to slot \(slot)"
        case .heldBySnapshot(let slot): "a snapshot of slot \(slot) is kept"
        case .heldByCursor(let name, let slot): "the cursor \(name) stands at slot \(slot)"
        case .damaged: "a row cannot be read here"
        case .silent(let seconds):
            seconds.map { "it was heard \($0) s ago" } ?? "it was never heard"
        case .refused(let reason): "its process does not count here (\(reason.rawValue))"
        case .refusesThis(let reason): "it does not count this node (\(reason.rawValue))"
        case .disagrees(let what): "it was made with something else (\(what))"
        case .workUnanswered: "it is heard, and answers nothing where appends travel"
        case .behind(let slots): "it has committed \(slots) slots less than this node"
        }
    }

    var advice: String {
        switch self {
        case .notRunning: "run it, or open it again"
        case .storeFailed: "check the disk, then open the directory again"
        case .rolledBack: "replace the node by one with a new id"
        case .ending: "nothing: it ends"
        case .notMet:
            "start every founding member once, and check the addresses and certificates between them"
        case .noQuorum: "start more members, or mend the links to them"
        case .electing: "wait for two election timeouts"
        case .campaigning, .notAccepted:
            "wait; if it stays, look at the links and the disks of those members"
        case .diskOverdue: "look at the disk of this node"
        case .noLeader: "see why there is none"
        case .undecided: "start a quorum: it decides them"
        case .fetching: "wait; if it does not go on, look at the links to the others"
        case .unobtainable: "wait for a base; if it stays, no piece of one arrives"
        case .full: "trim the log, free space, or raise mapSize"
        case .handingOver: "wait for an election timeout"
        case .heldByMember:
            "start that member, or wait until it is not waited for (Limits.retentionTime)"
        case .heldByMembers: "ask the leader, which knows which one"
        case .heldByDelivery: "wait: it is written within seconds"
        case .heldBySnapshot: "write a newer snapshot"
        case .heldByCursor: "have its consumer go on, or remove it"
        case .damaged: "replace the node while the others have the row"
        case .silent: "start it, or mend the link to it"
        case .refused: "look at its own health: it names what is wrong with its directory"
        case .refusesThis:
            "look at this node's directory: it was wiped, is an old copy, or runs twice"
        case .disagrees: "give all members the same founding members, quorums and limits"
        case .workUnanswered: "mend that connection"
        case .behind: "wait; if it grows, look at its disk and link"
        }
    }

    private static func list(_ nodes: [NodeID]) -> String {
        let names = nodes.map { "\($0.rawValue)" }
        return (nodes.count == 1 ? "member " : "members ") + names.joined(separator: ", ")
    }
}
