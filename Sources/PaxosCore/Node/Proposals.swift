/// The way of appends to a slot: from callers of this node and from other nodes into the pipeline if it
/// leads, else to whoever does.
///
/// Callers' wait in the inbox until they are taken, and are named then. An append of a node that does not lead
/// goes to the leader with its token, through one peer if there is no straight way (`Retries` says when it goes
/// again). However often it arrives, it has effect once.
struct Proposals: Sendable {
    let limits: Limits
    /// Appends of other nodes, and own ones of an earlier leader, that wait for a slot here.
    private(set) var forwarded = ForwardQueue()
    private var retries = Retries()
    var relaying = Relaying()
    /// Tokens that are to be voided here.
    var voids = FIFO<Token>()
    /// Forwards that were not taken, by cause.
    var counters = MessageCounters()

    init(limits: Limits) {
        self.limits = limits
    }

    // MARK: - In each step

    /// Sends again what is to be sent again, and gives slots to as many appends of other nodes as the pipeline has
    /// room for: those are proposed with what the node itself takes in this step.
    ///
    /// - Parameter state: What the delivered prefix has used up.
    mutating func advance(
        _ callers: borrowing Callers,
        _ replica: inout Replica,
        state: LogState,
        output: inout Output
    ) -> [Entry] {
        sendAgain(callers, &replica, output: &output)
        return proposeForwarded(&replica, state: state, output: &output)
    }

    /// How much of the inbox gets a slot here now, or goes to the leader.
    func appetite(_ callers: borrowing Callers, _ replica: Replica) -> Appetite {
        if replica.leader != nil { return replica.appetite }
        guard route(replica) != nil else { return .none }
        return callers.undecided.room(limits, above: replica.learner.committed)
    }

    /// Takes appends out of the inbox: they get slots behind `entries`, and all go in one Accept; or they go to
    /// the leader.
    mutating func take(
        _ appends: [AppendRequest],
        behind entries: consuming [Entry],
        _ callers: inout Callers,
        _ replica: inout Replica,
        output: inout Output
    ) {
        if replica.leader != nil {
            for append in appends {
                check(append)
                // It has no token yet, so nobody has proposed it and nobody ever will (`R94`).
                guard !replica.isElsewhere(append.at) else {
                    callers.refuse(append, .slotTaken, output: &output)
                    continue
                }
                let token = callers.take(append)
                replica.assign(append.payloads, token: token, at: append.at, into: &entries)
            }
            replica.propose(entries, output: &output)
        } else if let route = route(replica) {
            forward(appends, to: route, &callers, replica, output: &output)
        }
    }

    /// Tells those that have no way of their own to the leader what is committed, at once.
    mutating func tellRelayed(_ replica: Replica, output: inout Output) {
        for node in relaying.due(committed: replica.deliverable, at: replica.now) {
            output.send(.statusReply(replica.ownStatus(0)), to: node)
        }
    }

    private func check(_ append: AppendRequest) {
        precondition(
            (1...limits.maxBatchEntries).contains(append.count)
                && append.bytes <= limits.maxBatchBytes,
            "an append is checked against the limits before it is made"
        )
    }

    /// Where appends of this node go if it does not lead.
    private func route(_ replica: Replica) -> NodeID? {
        replica.route.flatMap { $0 == replica.node ? nil : $0 }
    }

    private mutating func forward(
        _ appends: [AppendRequest],
        to route: NodeID,
        _ callers: inout Callers,
        _ replica: Replica,
        output: inout Output
    ) {
        if callers.undecided.isEmpty {
            retries.begin(
                under: replica.election.leader?.ballot,
                next: replica.now.advanced(by: limits.electionTicks)
            )
        }
        for append in appends {
            check(append)
            // Of a slot that is committed it need not ask (`R94`).
            guard append.at == .zero || append.at > replica.learner.committed else {
                callers.refuse(append, .slotTaken, output: &output)
                continue
            }
            let token = callers.take(append)
            let forward = Forward(
                token: token,
                payloads: append.payloads,
                hops: 0,
                at: append.at
            )
            output.send(.forward(forward), to: route)
        }
    }

    /// Sends, or proposes, what has no slot yet once more.
    private mutating func sendAgain(
        _ callers: borrowing Callers,
        _ replica: inout Replica,
        output: inout Output
    ) {
        guard let due = retries.due(callers, &replica, output: &output) else { return }
        for append in due.appends {
            let token = callers.token(append.sequence)
            let forward = Forward(
                token: token,
                payloads: append.payloads,
                hops: 0,
                at: append.at
            )
            if due.route == replica.node {
                forwarded.append(forward, from: replica.node)
            } else {
                output.send(.forward(forward), to: due.route)
            }
        }
    }

    /// Assigns slots to what other nodes have forwarded, unless it is in the log or on its way there.
    private mutating func proposeForwarded(
        _ replica: inout Replica,
        state: LogState,
        output: inout Output
    ) -> [Entry] {
        guard replica.leader != nil else {
            forwarded = ForwardQueue()
            return []
        }
        var entries: [Entry] = []
        while let (forward, sender) = forwarded.first {
            if replica.hasNoRoom || !replica.isNew(forward.token, state) {
                // Of its own nobody else reminds this node once there is room.
                if replica.hasNoRoom {
                    if forward.token.node == replica.node { retries.forgetLeader() }
                    refuse(forward, to: sender, replica, state: state, output: &output)
                }
                forwarded.removeFirst()
                continue
            }
            // Whoever asked learns it when the slot is committed, and not of this leader: it does not know where else
            // the append has been (`R94`).
            if replica.isElsewhere(forward.at) {
                forwarded.removeFirst()
                continue
            }
            let size = (slots: forward.payloads.count, bytes: forward.payloads.bytes)
            guard replica.appetite.takes(slots: size.slots, bytes: size.bytes) else { break }
            forwarded.removeFirst()
            let at = forward.at
            replica.assign(forward.payloads, token: forward.token, at: at, into: &entries)
        }
        return entries
    }

    // MARK: - Of other nodes

    /// Takes an append of another node, or passes it on.
    ///
    /// It gets a session in the replicated state by its token: only a member does, up to the boot that this
    /// node has met of it. One invented for a later boot would end the member's session for good.
    ///
    /// - Parameter met: The boot of the append's node that this one has met.
    mutating func receive(
        _ forward: Forward,
        from sender: NodeID,
        met: Boot?,
        _ replica: Replica,
        state: LogState,
        output: inout Output
    ) {
        guard forward.payloads.fits(limits), replica.membership.contains(forward.token.node) else {
            counters.impossible += 1
            return
        }
        guard let met,
            forward.token.boot == met || (forward.hops > 0 && forward.token.boot < met)
        else {
            // A node names its own boot and no other. Who passes an append on may have met a later boot than
            // this node has.
            if forward.hops == 0 { counters.impossible += 1 } else { counters.unvouched += 1 }
            return
        }
        if replica.leader != nil {
            if replica.hasNoRoom {
                refuse(forward, to: sender, replica, state: state, output: &output)
            } else if hasRoomForForwards {
                forwarded.append(forward, from: sender)
            }
        } else if forward.hops < Forward.mostHops,
            let next = replica.election.route(at: replica.now),
            next != sender, next != replica.node
        {
            let passed = Forward(
                token: forward.token,
                payloads: forward.payloads,
                hops: forward.hops + 1,
                at: forward.at
            )
            output.send(.forward(passed), to: next)
            relaying.passOn(
                for: sender,
                until: replica.now.advanced(by: 2 * limits.electionTicks)
            )
        }
    }

    private var hasRoomForForwards: Bool {
        forwarded.count < limits.pipelineSlots && forwarded.bytes < limits.pipelineBytes
    }

    /// Says that there is no room for it, unless it is in the log or on its way there.
    private func refuse(
        _ forward: Forward,
        to node: NodeID,
        _ replica: Replica,
        state: LogState,
        output: inout Output
    ) {
        guard node != replica.node, replica.leadsWithoutRoom, replica.isNew(forward.token, state)
        else { return }
        output.send(.forwardRefused(ForwardRefused(token: forward.token)), to: node)
    }

    /// The leader has no room: callers need not wait until their time runs out. They are not told `never`:
    /// what was forwarded may have been forwarded to others before, and be in some log.
    func receive(
        _ refused: ForwardRefused,
        from sender: NodeID,
        _ callers: inout Callers,
        _ replica: Replica,
        output: inout Output
    ) {
        guard replica.leader == nil, sender == replica.route else { return }
        guard refused.token.node == replica.node else {
            // Passed on as the append was.
            if replica.membership.position(of: refused.token.node) != nil {
                output.send(.forwardRefused(refused), to: refused.token.node)
            }
            return
        }
        guard let waiter = callers.waiter(of: refused.token) else { return }
        callers.end(waiter, .full, output: &output)
    }

    // MARK: - Probes

    /// Says which of a node's forwards it has to send again.
    mutating func receive(
        probe id: UInt64,
        _ first: Token,
        count: UInt32,
        from sender: NodeID,
        _ replica: Replica,
        state: LogState,
        output: inout Output
    ) {
        guard count <= Retries.mostProbed else {
            counters.impossible += 1
            return
        }
        // Who does not lead knows nothing of it, and only that it was asked.
        let isAsked = replica.leader != nil && !replica.hasNoRoom && hasRoomForForwards
        let missing = isAsked ? unknown(from: first, count: Int(count), replica, state: state) : []
        let reply = ProbeReply(id: id, subject: .forwards(missing: missing))
        output.send(.probeReply(reply), to: sender)
    }

    /// The sequences of a node's tokens that are neither in the log nor on their way there.
    private func unknown(
        from first: Token,
        count: Int,
        _ replica: Replica,
        state: LogState
    ) -> [ClosedRange<UInt64>] {
        var waiting = NumberRanges()
        forwarded.forEach { queued in
            let forward = queued.0
            guard forward.token.node == first.node, forward.token.boot == first.boot else { return }
            waiting.insert(forward.token.sequence...forward.token.sequence)
        }
        var missing = NumberRanges()
        for sequence in first.sequence..<first.sequence + UInt64(count) {
            let token = Token(node: first.node, boot: first.boot, sequence: sequence)
            guard !waiting.contains(sequence), replica.isNew(token, state) else { continue }
            if missing.ranges.count == ProbeReply.maximumRanges,
                missing.ranges.last?.upperBound != sequence - 1
            {
                break
            }
            missing.insert(sequence...sequence)
        }
        return missing.ranges
    }

    /// The leader has answered which of its forwards it has not got.
    mutating func receive(
        _ missing: [ClosedRange<UInt64>],
        answering probe: UInt64,
        from sender: NodeID,
        _ replica: inout Replica
    ) {
        guard replica.probes.contains(probe) else { return }
        replica.noteAnswer(from: sender)
        guard sender == replica.route, replica.leader == nil,
            let missing = NumberRanges(sorted: missing)
        else { return }
        retries.note(missing, answering: probe)
    }
}
