/// What a node is in the protocol.
public enum NodeRole: String, Hashable, Sendable {
    /// Past phase 1 under its own ballot.
    case leader
    /// In phase 1.
    case candidate
    /// Neither.
    case follower
}

extension NodeRole {
    init(_ role: Role) {
        self =
            switch role {
            case .follower: .follower
            case .candidate: .candidate
            case .leader: .leader
            }
    }
}

/// The core's own account of itself.
package struct CoreStatus: Hashable, Sendable {
    package var role: NodeRole
    /// The ballot of the leader or candidate that this node is; else `nil`.
    package var ballot: Ballot?
    package var promised: Ballot
    package var leader: NodeID?
    /// Under which it leads, and what it tells of itself.
    package var leaderBallot: Ballot?
    package var leaderAddress: [UInt8] = []
    package var committed: Slot
    package var delivered: Slot
    package var last: Slot
    package var trimmed: Slot
    /// What is being trimmed, or is.
    package var trimming: Slot = .zero
    package var slotsInFlight: Int
    package var isFull: Bool
    /// Up to where what this node lacks is trimmed at every member that answers.
    package var unobtainable: Slot?
    /// What ended the node, if something did.
    package var failure: StoreFailure?
    /// The last peer that does not count this node, and why.
    package var refusedBy: NodeID?
    package var refusal: Refused.Reason?
    /// The peer that was heard last, within seconds, of those that this node does not count.
    package var refusedPeer: RefusedPeer?
    /// How far every other member is known to have committed.
    package var peerCommitted: [PeerStatus]
    /// What this node's directory was found to lack.
    package var rolledBack: RolledBack?
    /// Who was made with other terms, and what differs.
    package var disagreements: [Disagreement]
    package var counters: MessageCounters
    /// Payload bytes of the rows that others have sent for what was missing here.
    package var fetchedBytes: UInt64 = 0
    /// The machines of members differ: what was found last, or that this node's is wrong.
    package var divergence: Divergence?
    /// How far its consumers have come.
    package var cursors: [CursorPosition] = []
}

extension CoreStatus {
    /// No initialiser, which would copy whatever it is given, and inlined, so that the account itself is not copied
    /// either: it is asked for after every step.
    @inline(__always)
    static func of(
        _ replica: Replica,
        _ meeting: Meeting,
        _ lifetime: Lifetime,
        delivered: Slot,
        counters: MessageCounters,
        cursors: [CursorPosition]
    ) -> CoreStatus {
        let now = replica.now
        let others = zip(replica.membership.members, replica.peerCommitted)
            .filter { $0.0 != replica.node }
        let refusal = meeting.refusal(at: now)
        let leading = replica.leader?.ballot ?? replica.election.liveLeader(at: now)
        return CoreStatus(
            role: NodeRole(replica.role),
            ballot: replica.role.ballot,
            promised: replica.acceptor.promised,
            leader: leading?.node,
            leaderBallot: leading,
            leaderAddress: replica.address(of: leading),
            committed: replica.learner.committed,
            delivered: delivered,
            last: replica.acceptor.last,
            trimmed: replica.acceptor.durablyTrimmed,
            trimming: replica.acceptor.trimmable,
            slotsInFlight: replica.leader?.slotsInFlight ?? 0,
            isFull: replica.acceptor.isFull,
            unobtainable: replica.unobtainable,
            failure: lifetime.failure,
            refusedBy: refusal?.node,
            refusal: refusal?.reason,
            refusedPeer: meeting.refusedPeer(at: now),
            peerCommitted: others.map { PeerStatus(node: $0.0, committed: $0.1) },
            rolledBack: lifetime.rolledBack,
            disagreements: meeting.admission.disagreements(at: now),
            counters: counters,
            fetchedBytes: replica.fetchedBytes,
            divergence: replica.comparing.found,
            cursors: cursors
        )
    }
}

/// What a node knows of another member.
package struct PeerStatus: Hashable, Sendable {
    package let node: NodeID
    package let committed: Slot
}
