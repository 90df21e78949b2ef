/// Who leads: heartbeats, status rounds, and the clock's part in both.
extension Replica {
    /// What time alone brings about.
    mutating func tick(output: inout Output) {
        if isAlone {
            if isFollower { campaign(output: &output) }
            return
        }
        if leader != nil {
            tickLeader(output: &output)
        } else if let candidate {
            if now >= candidate.deadline {
                // Whoever promised and showed nothing may show it to somebody else.
                if !candidate.awaited.isEmpty { election.giveWay(at: now) }
                role.candidate = nil
            } else if now >= candidate.nextRetry {
                role.candidate?.retry(own: node, now: now, limits: limits, output: &output)
                probePages(output: &output)
            }
        }
        if isFollower, let id = election.beginRound(at: now) {
            askForLeader(id, output: &output)
        }
        if leader == nil {
            noteChosenElsewhere()
            probeLanes(output: &output)
        }
        forgetGivenInVain(output: &output)
        sayStateAgain(output: &output)
        learn(output: &output)
        handleOwn(output: &output)
    }

    /// The tick at which time alone brings something about.
    var nextDeadline: Tick {
        guard !isAlone else {
            // That its disk is overdue is all that time brings one that is alone.
            let overdue = oldestWrite?.advanced(by: limits.electionTicks) ?? .never
            return overdue > now ? overdue : .never
        }
        let poll = now.advanced(by: limits.heartbeatTicks)
        if let leader {
            return min(leader.nextHeartbeat, handing.transfer == nil ? poll : now.advanced(by: 1))
        }
        if let candidate { return min(candidate.deadline, candidate.nextRetry) }
        return min(election.deadline, poll)
    }

    /// A leader whose own write is overdue no longer claims to lead: the others may go on without it
    /// (`R61`).
    var isOverdue: Bool {
        oldestWrite.map { now >= $0.advanced(by: limits.electionTicks) } ?? false
    }

    private mutating func tickLeader(output: inout Output) {
        guard let leader, let own = membership.position(of: node) else { return }
        guard leader.isConnected(position: own, membership: membership, now: now) else {
            // It cannot lead whom it cannot reach (`R23`).
            if isOverdue {
                stepDown(.diskOverdue)
            } else {
                election.loseQuorum()
                stepDown(.lostQuorum)
            }
            return
        }
        if now >= leader.began.advanced(by: Self.established * limits.electionTicks) {
            election.forgetGivingWay()
        }
        if handOverIfInVain(output: &output) { return }
        if handOverIfFull(output: &output) { return }
        preferOthers()
        if advanceTransfer(output: &output) { return }
        let others = membership.members.count - 1
        let isUnderway = !acceptor.isFull && learner.isUnderway(others: others)
        let isStuck =
            role.leader?.isStuck(
                committed: learner.committed,
                isUnderway: isUnderway,
                now: now
            ) == true
        if isStuck, !acceptor.isFull {
            campaign(learningFrom: learner.committed.next, output: &output)
            return
        }
        if isStuck || (isBlocked && now >= leader.began.advanced(by: limits.electionTicks)) {
            // Somebody with room can go on.
            stepDown(.full)
            return
        }
        if highestSeen > leader.ballot,
            now >= leader.began.advanced(by: limits.electionTicks),
            election.liveLeader(at: now) == nil
        {
            campaign(output: &output)
            return
        }
        if now >= leader.nextHeartbeat { beat(output: &output) }
        probeAccepts(output: &output)
        probeLanes(output: &output)
    }

    /// After how many election timeouts a leader has shown that nobody else was to lead.
    static let established: UInt64 = 10

    /// Lets somebody else lead, if anybody can.
    mutating func stepDown(_ why: LeadershipEnd) {
        endLeadership(why)
        election.forgetLeader()
        election.yield(at: now)
    }

    /// True if this node lacks more than a window of what another member has.
    func isBehind(_ recent: Slot) -> Bool { learner.committed < recent }

    /// Who has committed less lacks more than a window of what this node has, and could get it here: not of one
    /// that cannot read it, nor of one that has led in vain since what it hands on reaches nobody. To give way
    /// to that one would make it leader again each time.
    var recent: Slot {
        unreadable == nil && fruitless == 0 && !isOutOfReach ? horizon.slot : .zero
    }

    /// Lets a member lead that is better able to, and says so to all.
    mutating func handOver(
        _ ballot: Ballot,
        to successor: NodeID,
        _ why: LeadershipEnd,
        output: inout Output
    ) {
        for member in membership.members where member != node {
            let farewell = Farewell(ballot: ballot, successor: successor)
            output.send(.farewell(farewell), to: member)
        }
        endLeadership(why)
        role.candidate = nil
        election.giveWay(at: now)
    }

    /// Tells the followers of a leader that ends in order.
    mutating func sayFarewell(output: inout Output) {
        guard let leader else { return }
        for member in membership.members where member != node {
            output.send(.farewell(Farewell(ballot: leader.ballot)), to: member)
        }
    }

    /// Sends a heartbeat to every other member and returns its round; none while a write is overdue.
    @discardableResult
    mutating func beat(output: inout Output) -> UInt64? {
        guard leader != nil else { return nil }
        if isOverdue {
            role.leader?.postponeHeartbeat(now: now)
            return nil
        }
        let committed = learner.committed
        guard let round = role.leader?.beginRound(now: now), let leader else { return nil }
        role.leader?.notified = committed
        refreshFloor()
        let heartbeat = Heartbeat(
            ballot: leader.ballot,
            round: round,
            committed: committed,
            prefix: recentPrefix.end,
            floor: min(floor.slot, committed),
            slowest: floor.slowest,
            isFull: leadsWithoutRoom,
            address: handing.place.address
        )
        for member in membership.members where member != node {
            output.send(.heartbeat(heartbeat), to: member)
        }
        return round
    }

    /// Says what is chosen if no Accept is about to: a follower's subscriber must not wait for a
    /// heartbeat (`R59`).
    mutating func notifyIfIdle(output: inout Output) {
        let committed = learner.committed
        guard let leader, !isAlone, leader.notified < committed, leader.slotsInFlight == 0 else {
            return
        }
        role.leader?.notified = committed
        let notice = CommitNotice(ballot: leader.ballot, committed: committed)
        for member in membership.members where member != node {
            output.send(.commit(notice), to: member)
        }
    }

    /// A leader spoke: it leads, unless a higher ballot is promised here.
    mutating func hearLeader(
        _ ballot: Ballot,
        committed: Slot,
        isRepeated: Bool = false,
        output: inout Output
    ) {
        note(ballot)
        notePeer(ballot.node, committed: committed, isRepeated: isRepeated)
        learner.receive(notice: ballot, committed: committed, isRepeated: isRepeated)
        if ballot >= acceptor.promised {
            election.hearLeader(ballot, at: now)
            if let leader, leader.ballot < ballot { endLeadership(.higherBallot) }
            if let candidate, candidate.ballot < ballot { role.candidate = nil }
        }
        learn(output: &output)
    }

    /// Whoever is named asks around at once: what it was told may be old.
    mutating func receive(_ farewell: Farewell) {
        guard let successor = farewell.successor else {
            election.loseLeader(farewell.ballot, at: now)
            return
        }
        // Of a candidate that was promised nothing here, who follows another leader learns nothing.
        let isPromised = farewell.ballot == acceptor.promised
        let isHeard = farewell.ballot == election.leader?.ballot
        guard isPromised || isHeard else { return }
        // One that was away while that leader was elected has promised it nothing, and may follow it all the same.
        let mayFollow = isFollower && (isPromised || farewell.ballot > acceptor.promised)
        election.leaveLeader(farewell.ballot, isNext: successor == node && mayFollow, at: now)
    }

    mutating func receive(_ heartbeat: Heartbeat, from sender: NodeID, output: inout Output) {
        hearLeader(
            heartbeat.ballot,
            committed: heartbeat.committed,
            isRepeated: true,
            output: &output
        )
        compare(heartbeat.prefix, from: sender)
        if heartbeat.isFull {
            fullLeader = max(fullLeader ?? .zero, heartbeat.ballot)
        } else if fullLeader == heartbeat.ballot {
            fullLeader = nil
        }
        if heartbeat.ballot >= acceptor.promised {
            floor.hear(heartbeat, committed: learner.committed)
            handing.heard = (heartbeat.ballot, heartbeat.address)
        } else {
            // The leader is healthy and will come back above the promise: no need to campaign.
            election.yield(at: now)
        }
        let reply = HeartbeatReply(
            ballot: heartbeat.ballot,
            round: heartbeat.round,
            promised: acceptor.promised,
            committed: deliverable,
            floor: min(floor.own, deliverable),
            isFull: acceptor.isFull,
            priority: handing.place.priority
        )
        output.send(.heartbeatReply(reply), to: sender)
    }

    mutating func receive(_ reply: HeartbeatReply, from sender: NodeID, output: inout Output) {
        notePeer(sender, committed: reply.committed, isRepeated: true)
        raiseFloor(of: sender, to: reply.floor)
        if reply.ballot == leader?.ballot { note(reply.promised) }
        guard let position = membership.position(of: sender) else { return }
        role.leader?.receive(reply, from: position, now: now)
    }

    private mutating func askForLeader(_ id: UInt64, output: inout Output) {
        // This node's own answer is the first.
        receive(ownStatus(id), from: node, output: &output)
        for member in membership.members where member != node {
            output.send(.statusRequest(StatusRequest(id: id)), to: member)
        }
    }

    mutating func receive(_ request: StatusRequest, from sender: NodeID, output: inout Output) {
        output.send(.statusReply(ownStatus(request.id)), to: sender)
    }

    /// What this node knows of leaders; `id` 0 answers nobody's question.
    func ownStatus(_ id: UInt64) -> StatusReply {
        let leading = isOverdue ? nil : leader?.ballot
        return StatusReply(
            id: id,
            leader: leading ?? election.liveLeader(at: now),
            promised: acceptor.promised,
            committed: deliverable,
            recent: recent,
            isFull: acceptor.isFull
        )
    }

    mutating func receive(_ reply: StatusReply, from sender: NodeID, output: inout Output) {
        note(reply.promised)
        notePeer(sender, committed: reply.committed)
        learner.hear(committed: reply.committed, from: sender)
        guard let position = membership.position(of: sender), isFollower else {
            return
        }
        let isClear = election.receive(
            reply,
            from: position,
            node: sender,
            isFitter: isFitter(reply),
            membership: membership,
            at: now
        )
        if isClear { campaign(output: &output) }
    }
}

extension Replica {
    /// Takes slots for a whole append, whose token is used up here from now on.
    mutating func assign(
        _ payloads: Payloads,
        token: Token,
        at: Slot,
        into entries: inout [Entry]
    ) {
        assigned.consume(token)
        switch payloads {
        case .one(let payload):
            let entry = Entry.command(Command(token: token, at: at, payload: payload))
            assign(entry)
            entries.append(entry)
        case .batch(let payloads):
            for (index, payload) in payloads.enumerated() {
                let command = Command(
                    token: token,
                    index: UInt32(index),
                    count: UInt32(payloads.count),
                    at: at,
                    payload: payload
                )
                assign(.command(command))
                entries.append(.command(command))
            }
        }
    }

    /// Assigns what uses a token up without an effect.
    mutating func assign(voiding token: Token, into entries: inout [Entry]) {
        assigned.consume(token)
        assign(.void(token))
        entries.append(.void(token))
    }

    /// True of an append that asks for another slot than the one that is assigned next.
    func isElsewhere(_ at: Slot) -> Bool {
        at != .zero && at != role.leader?.next && rules.proposing.keepsConditions
    }

    /// Which slots are still to be had of a leader that has room for so many.
    func open(_ leader: Leader, _ slots: Int) -> Appetite.Open {
        rules.proposing.keepsConditions ? .next(with: slots, of: leader.next) : .any
    }

    /// True of a node whose appends get into the log.
    func knows(_ other: NodeID) -> Bool { membership.contains(other) }
}
