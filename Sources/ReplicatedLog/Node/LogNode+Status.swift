public import LogStorage
public import PaxosCore

/// A node's account of itself.
public struct LogStatus: Hashable, Sendable {
    /// Whether the node takes appends.
    @nonexhaustive
    public enum Health: Hashable, Sendable {
        /// It does, or will once it is running and has a leader.
        case healthy
        /// The disk or the map is full: it refuses appends and serves reads.
        case full
        /// The directory is an old copy of what a peer has met of this node, or runs twice: it takes no part, for
        /// good, whatever is restarted, and can be read. The node is to be replaced.
        case rolledBack(RolledBack)
        /// What it has not got up to this slot is trimmed at every member that answers: it asks them for what that did,
        /// and goes on behind it. This passes; where it stays, no piece arrives.
        case behindTrim(slot: Slot)
        /// Another node was made with other members, quorums or limits: the two do not count each other. What
        /// differs is in `LogStatus.disagreements`.
        case disagrees(Disagreement)
        /// A peer does not count it, as it said within the last seconds, and why: its directory was wiped,
        /// is an old copy, or runs twice.
        case refused(by: NodeID, reason: RefusedPeer.Reason)
        /// The row of a committed slot, the lowest met, is missing on this node's disk or not what was
        /// written, or could not be read; until it is read whole. The node goes on and serves that slot to
        /// nobody: replace it while the others have it.
        case damaged(slot: Slot)
        /// Its store failed (`LogRunError.storeFailed`), or `run()` could not begin: it has stopped.
        case failed(LogRunError)
        /// It was shut down.
        case closed
    }

    /// The node.
    public let node: NodeID
    /// Leader, candidate or follower.
    public let role: NodeRole
    /// The ballot of the leader or candidate that the node is.
    public let ballot: Ballot?
    /// The lowest ballot the node still takes.
    public let promised: Ballot
    /// The leader, as far as the node knows.
    public let leader: NodeID?
    /// Every slot up to here is known to be chosen.
    ///
    /// What this process knows: after a kill or a power cut it begins some slots lower than what was
    /// acknowledged before, and comes back with the first news of a leader. Nothing acknowledged is lost.
    public let committedSlot: Slot
    /// Every slot up to here was handed to subscribers.
    public let deliveredSlot: Slot
    /// The highest slot with an accepted entry.
    public let lastSlot: Slot
    /// Every slot up to here was trimmed.
    public let trimmedSlot: Slot
    /// Slots that are proposed and not committed yet.
    public let slotsInFlight: Int
    /// Appends in the inbox.
    public let inboxAppends: Int
    /// Payload bytes in the inbox.
    public let inboxBytes: Int
    /// How far each other member is known to have committed. A leader hears of all with every
    /// heartbeat; of the members that do not lead, another node hears only while it looks for a leader.
    public let members: [MemberStatus]
    /// Messages that were not acted upon: of strangers, of directories and processes that do not count,
    /// impossible ones, those the inbox had no room for, and claims that nobody could back.
    public let droppedMessages: UInt64
    /// Lines that were not logged since the node was opened: the logger's sink blocks, or is too slow.
    public let droppedLogLines: UInt64
    /// Nodes heard within the last seconds that were made with other members, quorums or limits, and what
    /// differs: neither counts the other until that is put right.
    public let disagreements: [Disagreement]
    /// State machines of members that differ, as found last where snapshots were written; once this node's is the
    /// wrong one, that. `nil` if none was found since the node was opened.
    public let divergence: Divergence?
    /// A peer's process that spoke within the last seconds and does not count here, such as a second one on a
    /// copy of its directory. `nil` while there is none. That process is told, and its own health says so.
    public let refusedPeer: RefusedPeer?
    /// Whether the node takes appends.
    public let health: Health
    /// What the store has done since it was opened.
    public let storage: StoreCounters
}

/// What a node knows of another member.
public struct MemberStatus: Hashable, Sendable {
    /// The member.
    public let node: NodeID
    /// Every slot up to here is known to be committed there; it may have gone on since.
    public let committedSlot: Slot
    /// How many slots that is behind this node. `nil` if this node cannot know: neither leads.
    public let lag: Int?
}

extension LogStatus.Health {
    /// Of a node that runs. What is wrong here comes before what others say, strangers among them.
    init(_ core: CoreStatus, unreadable: Slot?) {
        self =
            if let found = core.rolledBack {
                .rolledBack(found)
            } else if let unreadable {
                .damaged(slot: unreadable)
            } else if core.isFull {
                .full
            } else if let slot = core.unobtainable {
                .behindTrim(slot: slot)
            } else if let disagreement = core.disagreements.first {
                .disagrees(disagreement)
            } else if let node = core.refusedBy, let reason = core.refusal {
                .refused(by: node, reason: reason)
            } else {
                .healthy
            }
    }
}

extension LogNode {
    /// Under which name this process appends.
    package var session: (node: NodeID, boot: Boot) {
        (driver.identity.node, driver.identity.boot)
    }

    /// The node's account of itself, as of the driver's last step.
    ///
    /// ```swift
    /// let status = node.status
    /// print(status.role, status.leader as Any, status.committedSlot, status.health)
    /// ```
    ///
    /// Takes some locks for a moment and waits for nothing else, whatever the node is doing.
    public var status: LogStatus {
        let core = driver.status
        let held = inbox.held
        let storage = store.counters
        let health: LogStatus.Health =
            if let failure = driver.failure {
                .failed(.storeFailed(failure))
            } else if let cause = life.cause {
                .failed(cause)
            } else if life.isOver {
                .closed
            } else {
                LogStatus.Health(core, unreadable: storage.unreadableSlot)
            }
        return LogStatus(
            node: configuration.node,
            role: core.role,
            ballot: core.ballot,
            promised: core.promised,
            leader: core.leader,
            committedSlot: core.committed,
            deliveredSlot: core.delivered,
            lastSlot: core.last,
            trimmedSlot: core.trimmed,
            slotsInFlight: core.slotsInFlight,
            inboxAppends: held.appends,
            inboxBytes: held.bytes,
            members: core.peerCommitted.map {
                MemberStatus(
                    node: $0.node,
                    committedSlot: $0.committed,
                    lag: core.role == .leader || $0.node == core.leader
                        ? core.committed.count(after: $0.committed) : nil
                )
            },
            droppedMessages: inbox.droppedMessages + core.counters.total,
            droppedLogLines: lines.dropped,
            disagreements: core.disagreements,
            divergence: core.divergence,
            refusedPeer: core.refusedPeer,
            health: health,
            storage: storage
        )
    }
}
