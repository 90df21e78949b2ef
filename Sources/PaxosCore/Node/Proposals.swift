/// The way of appends to a slot: from callers of this node and from other nodes into the pipeline if it
/// leads, else to whoever does.
///
/// An append of a node that does not lead goes to the leader with its token, through one peer if there is no
/// straight way (`Retries` says when it goes again). However often it arrives, it has effect once.
struct Proposals: Sendable {
    private let limits: Limits
    /// Appends of this node without a token.
    private(set) var queue = FIFO<AppendRequest>()
    /// Appends of other nodes, and own ones of an earlier leader, that wait for a slot here.
    private(set) var forwarded = ForwardQueue()
    private var retries = Retries()
    private var relaying = Relaying()
    /// Forwards that were not taken, by cause.
    private(set) var counters = MessageCounters()

    init(limits: Limits) {
        self.limits = limits
    }

    // MARK: - Of callers

    mutating func take(
        _ append: AppendRequest,
        unless refusal: Refusal?,
        _ callers: inout Callers,
        output: inout Output
    ) {
        precondition(
            (1...limits.maxBatchEntries).contains(append.count)
                && append.bytes <= limits.maxBatchBytes,
            "an append is checked against the limits before it is made"
        )
        callers.add(append.waiter, deadline: append.deadline)
        if let refusal {
            callers.end(append.waiter, refusal, output: &output)
            output.drain(append)
        } else {
            queue.append(append)
        }
    }

    /// Refuses whatever no slot was assigned to.
    mutating func empty(_ refusal: Refusal, _ callers: inout Callers, output: inout Output) {
        while let append = queue.popFirst() {
            callers.end(append.waiter, refusal, output: &output)
            output.drain(append)
        }
    }

    /// Whose caller was told leaves the queue at once: without a leader nobody else would take it out, and
    /// its room is others' (`R62`).
    mutating func sweep(_ callers: Callers, output: inout Output) {
        guard callers.hasEnded, !queue.isEmpty else { return }
        var kept = FIFO<AppendRequest>()
        while let append = queue.popFirst() {
            if callers.isWaiting(append.waiter) {
                kept.append(append)
            } else {
                output.drain(append)
            }
        }
        queue = kept
    }

    // MARK: - In each step

    /// Moves every append as far as it gets.
    ///
    /// - Parameter state: What the delivered prefix has used up.
    mutating func advance(
        _ callers: inout Callers,
        _ replica: inout Replica,
        state: LogState,
        output: inout Output
    ) {
        // Nobody can have them accepted for want of room, and none of them has left the inbox.
        if !queue.isEmpty, replica.hasNoRoom { empty(.full, &callers, output: &output) }
        sendAgain(callers, &replica, output: &output)
        propose(&callers, &replica, state: state, output: &output)
        forward(&callers, replica, output: &output)
    }

    /// Tells those that have no way of their own to the leader what is committed, at once.
    mutating func tellRelayed(_ replica: Replica, output: inout Output) {
        for node in relaying.due(committed: replica.deliverable, at: replica.now) {
            output.send(.statusReply(replica.ownStatus(0)), to: node)
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
            let forward = Forward(token: token, payloads: append.payloads, hops: 0)
            if due.route == replica.node {
                forwarded.append(forward, from: replica.node)
            } else {
                output.send(.forward(forward), to: due.route)
            }
        }
    }

    /// Gives slots to as many appends as the pipeline has room for, and sends them in one Accept.
    private mutating func propose(
        _ callers: inout Callers,
        _ replica: inout Replica,
        state: LogState,
        output: inout Output
    ) {
        var entries: [Entry] = []
        proposeForwarded(into: &entries, &replica, state: state, output: &output)
        while let append = queue.first {
            if callers.isWaiting(append.waiter) {
                guard replica.hasRoom(entries: append.count, bytes: append.bytes) else { break }
                let token = callers.name(append)
                replica.assign(append.payloads, token: token, into: &entries)
            }
            _ = queue.popFirst()
            output.drain(append)
        }
        replica.propose(entries, output: &output)
    }

    /// Proposes what other nodes have forwarded, unless it is in the log or on its way there.
    private mutating func proposeForwarded(
        into entries: inout [Entry],
        _ replica: inout Replica,
        state: LogState,
        output: inout Output
    ) {
        guard replica.leader != nil else {
            forwarded = ForwardQueue()
            return
        }
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
            let count = forward.payloads.count
            guard replica.hasRoom(entries: count, bytes: forward.payloads.bytes) else { return }
            forwarded.removeFirst()
            replica.assign(forward.payloads, token: forward.token, into: &entries)
        }
    }

    /// Hands the queue to the leader, as far as the pipeline's bounds allow.
    private mutating func forward(
        _ callers: inout Callers,
        _ replica: Replica,
        output: inout Output
    ) {
        guard replica.leader == nil, let next = replica.route, next != replica.node else { return }
        if callers.undecided.isEmpty {
            retries.begin(
                under: replica.election.leader?.ballot,
                next: replica.now.advanced(by: limits.electionTicks)
            )
        }
        while let append = queue.first {
            if callers.isWaiting(append.waiter) {
                guard
                    callers.undecided.hasRoom(
                        entries: append.count,
                        bytes: append.bytes,
                        limits: limits
                    )
                else { return }
                let token = callers.name(append)
                let forward = Forward(token: token, payloads: append.payloads, hops: 0)
                output.send(.forward(forward), to: next)
            }
            _ = queue.popFirst()
            output.drain(append)
        }
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
                hops: forward.hops + 1
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
