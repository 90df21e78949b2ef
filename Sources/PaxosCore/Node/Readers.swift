/// Barriers on their way: callers of this node, and other nodes that ask this one because it leads.
///
/// A leader notes the committed slot when a barrier has arrived and everything that phase 1 found is
/// committed, and answers once a quorum has answered a heartbeat round that began after that: nobody
/// can have been leading instead (`R52`, `R54`, `R70`; Ongaro, "Consensus: Bridging Theory and
/// Practice", section 6.4). The node that asked answers its caller once its own log has got so far.
/// Where there is no way to the leader another member asks it: that it asks later than it was asked does no
/// harm.
struct Readers: Sendable {
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
        let asker: Asker
        var sent: Tick
        var route: NodeID
        /// Of a peer, which asks again itself.
        let until: Tick
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
        for other in arrived + confirming.map(\.asker) + asked.map(\.asker) {
            guard other != asker else { return }
            if case .peer(node, _) = other { ofPeer += 1 }
        }
        guard ofPeer < Self.mostOfPeer else { return }
        arrived.append(asker)
    }

    mutating func receive(_ reply: RemoteBarrierReply, output: inout Output) {
        guard let place = asked.firstIndex(where: { $0.id == reply.id }) else { return }
        answer(asked.remove(at: place).asker, reply.slot, output: &output)
    }

    private mutating func answer(_ asker: Asker, _ slot: Slot, output: inout Output) {
        switch asker {
        case .caller(let waiter):
            confirmed.append((waiter, slot))
        case .peer(let node, let id):
            output.send(.barrierReply(RemoteBarrierReply(id: id, slot: slot)), to: node)
        }
    }

    /// Drops callers that wait no more.
    private mutating func sweep(_ callers: borrowing Callers) {
        func isGone(_ asker: Asker) -> Bool {
            if case .caller(let waiter) = asker { !callers.isWaiting(waiter) } else { false }
        }
        arrived.removeAll(where: isGone)
        confirming.removeAll { isGone($0.asker) }
        asked.removeAll { isGone($0.asker) }
        confirmed.removeAll { !callers.isWaiting($0.waiter) }
    }

    /// Moves every barrier as far as it gets.
    ///
    /// It is answered once this node has also delivered up to it: what it promises can be read here, also
    /// while rows from before the opening are still being replayed.
    mutating func advance(
        _ callers: inout Callers,
        _ replica: inout Replica,
        through delivered: Slot,
        output: inout Output
    ) {
        if callers.takeEnded() { sweep(callers) }
        guard !isEmpty else { return }
        if replica.leader != nil {
            lead(&replica, output: &output)
        } else {
            follow(&replica, output: &output)
        }
        for barrier in confirmed where barrier.slot <= delivered {
            callers.answer(barrier.waiter, barrier: barrier.slot, output: &output)
        }
        confirmed.removeAll { $0.slot <= delivered }
    }

    private mutating func lead(_ replica: inout Replica, output: inout Output) {
        // What another leader was asked is asked here now.
        arrived.append(contentsOf: asked.map(\.asker))
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
        let membership = replica.membership
        let done = confirming.filter {
            leader.isConfirmed(round: $0.round, position: own, membership: membership)
        }
        guard !done.isEmpty else { return }
        confirming.removeAll {
            leader.isConfirmed(round: $0.round, position: own, membership: membership)
        }
        for barrier in done { answer(barrier.asker, barrier.slot, output: &output) }
    }

    private mutating func follow(_ replica: inout Replica, output: inout Output) {
        let now = replica.now
        let timeout = replica.limits.electionTicks
        // Nothing that was noted while this node led holds: whoever leads now is asked.
        arrived.append(contentsOf: confirming.map(\.asker))
        confirming.removeAll()
        asked.removeAll { now >= $0.until }
        guard let route = replica.route, route != replica.node else {
            arrived.removeAll(where: \.isPeer)
            return
        }
        // Peers' are passed on to the leader itself and to nobody else: they would go round in a circle.
        let leader = replica.election.liveLeader(at: now)?.node
        for asker in arrived where !asker.isPeer || (leader == route && !asker.isOf(route)) {
            asked.append(
                Asked(
                    id: nextID,
                    asker: asker,
                    sent: now,
                    route: route,
                    until: asker.isPeer ? now.advanced(by: 2 * timeout) : .never
                )
            )
            output.send(.barrierRequest(RemoteBarrierRequest(id: nextID)), to: route)
            nextID &+= 1
        }
        arrived.removeAll()
        var isLate = false
        for place in asked.indices
        where asked[place].route != route || now >= asked[place].sent.advanced(by: timeout) {
            guard !asked[place].asker.isPeer || leader == route else { continue }
            asked[place].sent = now
            isLate = isLate || asked[place].route == route
            asked[place].route = route
            output.send(.barrierRequest(RemoteBarrierRequest(id: asked[place].id)), to: route)
        }
        // Whether the leader's log lane is dead shows only if something is owed there.
        if isLate, let leader { _ = replica.ask(.answers, leader, output: &output) }
        if isLate, leader != route { replica.detours += 1 }
    }
}

extension Readers.Asker {
    fileprivate var isPeer: Bool { if case .peer = self { true } else { false } }

    fileprivate func isOf(_ other: NodeID) -> Bool {
        if case .peer(let node, _) = self { node == other } else { false }
    }
}
