internal import PaxosCore

/// A node's account of itself.
public struct LogStatus: Hashable, Sendable {
    /// Whether the node takes appends.
    @nonexhaustive
    public enum Health: Hashable, Sendable {
        /// It does, or will once it is running and has a leader.
        case healthy
        /// The disk or the map is full: it refuses appends and serves reads.
        case full
        /// A commit or a flush failed: it has stopped.
        case failed(String)
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
    /// Whether the node takes appends.
    public let health: Health
    /// What the store has done since it was opened.
    public let storage: StoreCounters
}

extension LogNode {
    /// The node's account of itself, as of the driver's last step.
    public var status: LogStatus {
        get async { currentStatus }
    }

    private var currentStatus: LogStatus {
        let core = driver.status
        let share = inbox.share
        let health: LogStatus.Health =
            if let failure = driver.failure {
                .failed(failure.description)
            } else if life.isOver {
                .closed
            } else if core.isFull {
                .full
            } else {
                .healthy
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
            inboxAppends: share.appends,
            inboxBytes: share.bytes,
            health: health,
            storage: store.counters
        )
    }
}
