/// Barriers on their way: callers of this node, and other nodes that ask this one because it leads.
///
/// A leader notes the committed slot when a barrier has arrived and everything that phase 1 found is
/// committed, and answers once a quorum has answered a heartbeat round that began after that: nobody
/// can have been leading instead (`R52`, `R54`, `R70`; Ongaro, "Consensus: Bridging Theory and
/// Practice", section 6.4). The node that asked answers its caller once its own log has got so far.
struct Barriers: Sendable {
    /// Whose barrier it is.
    enum Asker: Equatable {
        case caller(WaiterID)
        case peer(NodeID, id: UInt64)
    }

    private struct Confirming {
        let asker: Asker
        let slot: Slot
        let round: UInt64
        let ballot: Ballot
    }

    private struct Asked {
        let id: UInt64
        let waiter: WaiterID
        var sent: Tick
        var leader: NodeID
    }

    /// Arrived and nothing done yet.
    private var arrived: [Asker] = []
    /// Waiting for a quorum.
    private var confirming: [Confirming] = []
    /// Asked of the leader.
    private var asked: [Asked] = []
    /// Confirmed: waiting for this node's log to get there.
    private var confirmed: [(waiter: WaiterID, slot: Slot)] = []
    /// Begins anywhere, so that an answer to an earlier process is not taken for one to this (`R7`).
    private var nextID: UInt64

    init(firstID: UInt64) {
        nextID = firstID
    }

    var isEmpty: Bool {
        arrived.isEmpty && confirming.isEmpty && asked.isEmpty && confirmed.isEmpty
    }

    mutating func add(_ waiter: WaiterID) {
        arrived.append(.caller(waiter))
    }

    /// Beyond so many of one peer its requests are dropped, and it asks again: no peer makes this node keep
    /// barriers without bound (`R62`).
    static let mostOfPeer = 1_024

    mutating func receive(_ request: RemoteBarrierRequest, from node: NodeID) {
        let asker = Asker.peer(node, id: request.id)
        var ofPeer = 0
        for other in arrived + confirming.map(\.asker) {
            guard other != asker else { return }
            if case .peer(node, _) = other { ofPeer += 1 }
        }
        guard ofPeer < Self.mostOfPeer else { return }
        arrived.append(asker)
    }

    mutating func receive(_ reply: RemoteBarrierReply) {
        guard let place = asked.firstIndex(where: { $0.id == reply.id }) else { return }
        confirmed.append((asked[place].waiter, reply.slot))
        asked.remove(at: place)
    }

    /// Drops callers that wait no more, and all of them if `isClosing`.
    mutating func drop(where isGone: (WaiterID) -> Bool) {
        func isGoneCaller(_ asker: Asker) -> Bool {
            if case .caller(let waiter) = asker { isGone(waiter) } else { false }
        }
        arrived.removeAll(where: isGoneCaller)
        confirming.removeAll { isGoneCaller($0.asker) }
        asked.removeAll { isGone($0.waiter) }
        confirmed.removeAll { isGone($0.waiter) }
    }

    /// Moves every barrier as far as it gets, and reports those that are reached.
    mutating func advance(
        replica: inout Replica,
        through delivered: Slot,
        output: inout Output,
        reached: (WaiterID, Slot) -> Void
    ) {
        guard !isEmpty else { return }
        if replica.leader != nil {
            lead(&replica, output: &output)
        } else {
            follow(replica, output: &output)
        }
        for barrier in confirmed where barrier.slot <= delivered {
            reached(barrier.waiter, barrier.slot)
        }
        confirmed.removeAll { $0.slot <= delivered }
    }

    private mutating func lead(_ replica: inout Replica, output: inout Output) {
        // What another leader was asked is asked here now.
        arrived.append(contentsOf: asked.map { .caller($0.waiter) })
        asked.removeAll()
        guard let leader = replica.leader, replica.isReadable else { return }
        let moved = confirming.filter { $0.ballot != leader.ballot }.map(\.asker)
        confirming.removeAll { $0.ballot != leader.ballot }
        arrived.append(contentsOf: moved)
        if !arrived.isEmpty, let round = replica.isAlone ? 0 : replica.beat(output: &output) {
            for asker in arrived {
                confirming.append(
                    Confirming(
                        asker: asker,
                        slot: replica.learner.committed,
                        round: round,
                        ballot: leader.ballot
                    )
                )
            }
            arrived.removeAll()
        }
        guard let own = replica.membership.position(of: replica.node) else { return }
        confirming.removeAll { barrier in
            let isConfirmed = leader.isConfirmed(
                round: barrier.round,
                position: own,
                membership: replica.membership
            )
            guard isConfirmed else { return false }
            switch barrier.asker {
            case .caller(let waiter):
                confirmed.append((waiter, barrier.slot))
            case .peer(let node, let id):
                let reply = RemoteBarrierReply(id: id, slot: barrier.slot)
                output.send(.barrierReply(reply), to: node)
            }
            return true
        }
    }

    private mutating func follow(_ replica: Replica, output: inout Output) {
        // A leader's promises to others are void: they will ask the next one.
        var callers: [WaiterID] = []
        for asker in arrived + confirming.map(\.asker) {
            if case .caller(let waiter) = asker { callers.append(waiter) }
        }
        confirming.removeAll()
        arrived = callers.map { .caller($0) }
        guard let leader = replica.election.liveLeader(at: replica.now)?.node else { return }
        for waiter in callers {
            asked.append(Asked(id: nextID, waiter: waiter, sent: replica.now, leader: leader))
            output.send(.barrierRequest(RemoteBarrierRequest(id: nextID)), to: leader)
            nextID &+= 1
        }
        arrived.removeAll()
        for place in asked.indices
        where asked[place].leader != leader
            || replica.now >= asked[place].sent.advanced(by: replica.limits.electionTicks)
        {
            asked[place].sent = replica.now
            asked[place].leader = leader
            output.send(.barrierRequest(RemoteBarrierRequest(id: asked[place].id)), to: leader)
        }
    }
}
