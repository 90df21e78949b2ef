/// A store without room: who leads hands over to a member that has some, and what nobody can take is refused
/// (`R79`).
extension Replica {
    /// True if whoever leads here can have nothing new accepted: its own store must take it, and a quorum's.
    var isQuorumFull: Bool {
        guard let leader, let own = membership.position(of: node) else { return false }
        return leader.isQuorumFull(
            position: own,
            isFull: acceptor.isFull,
            membership: membership,
            now: now
        )
    }

    /// True once a leader knows that nothing new will be accepted under it: before a quorum has answered it may
    /// still hand over, and nobody is to be refused meanwhile.
    var leadsWithoutRoom: Bool {
        guard let leader, let own = membership.position(of: node) else { return false }
        if isQuorumFull { return true }
        return acceptor.isFull
            && leader.isConfirmed(round: 1, position: own, membership: membership)
    }

    /// True if nobody can have an append accepted that waits here: a full node would not learn what became of
    /// it, and of a leader without room its heartbeats tell.
    var hasNoRoom: Bool {
        if acceptor.isFull || isQuorumFull { return true }
        guard leader == nil, let full = fullLeader else { return false }
        return full == election.liveLeader(at: now)
    }

    /// Who can lead in the place of a full leader: the one that has most of those with room, unless all of
    /// them lack more than a window, or are no quorum.
    private var successor: NodeID? {
        guard let leader, acceptor.isFull, !isQuorumFull, election.mayGiveWay else { return nil }
        let fit = leader.withRoom(now: now).filter {
            peerCommitted[$0] >= horizon.slot && !isLogLaneDead(at: $0)
        }
        return fit.max { peerCommitted[$0] < peerCommitted[$1] }.map { membership.members[$0] }
    }

    /// True if it did.
    mutating func handOverIfFull(output: inout Output) -> Bool {
        guard let leader, let successor else { return false }
        handOver(leader.ballot, to: successor, .full, output: &output)
        return true
    }

    mutating func noteFull(_ sender: NodeID, under ballot: Ballot) {
        guard leader?.ballot == ballot, let position = membership.position(of: sender) else {
            return
        }
        role.leader?.noteFull(position: position)
    }

    /// True if a member that answers is better able to lead than this one: it has far more, or as much and
    /// room for what comes; or anybody is, since this one's work reaches no quorum.
    func isFitter(_ reply: StatusReply) -> Bool {
        isBehind(reply.recent) || isOutOfReach
            || (acceptor.isFull && !reply.isFull && reply.committed >= horizon.slot)
    }
}
