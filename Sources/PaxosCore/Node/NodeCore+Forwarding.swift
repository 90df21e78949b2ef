/// An append on a node that does not lead goes to the leader with its token, through one peer if there
/// is no straight way. It goes again when the leader changes or says that it has not got it, and through a
/// peer also when time has passed. However often it arrives, it has effect once.
extension NodeCore {
    /// How many nodes may pass an append on.
    static var maxHops: UInt8 { 1 }

    /// Hands the inbox to the leader, as far as the pipeline's bounds allow.
    mutating func forwardInbox(output: inout Output) {
        guard replica.leader == nil, let next = replica.route, next != node else { return }
        if proposed.isEmpty {
            // The first to leave: what `retryProposed` keeps was about appends that are decided.
            lastLeading = replica.election.leader?.ballot
            relayed = 0
            nextForward = now.advanced(by: limits.electionTicks)
        }
        while let append = inbox.first {
            if waiters.state(of: append.waiter) != .none {
                guard proposed.hasRoom(entries: append.count, bytes: append.bytes, limits: limits)
                else { return }
                let token = makeToken(for: append)
                let forward = Forward(token: token, payloads: append.payloads, hops: 0)
                output.send(.forward(forward), to: next)
            }
            _ = inbox.popFirst()
            leaveInbox(append, output: &output)
        }
    }

    /// The ballot under which this node leads, or hears another lead.
    package var leading: Ballot? { replica.leader?.ballot ?? replica.election.leader?.ballot }

    /// Sends, or proposes, what has no slot yet once more when the leader has changed; asks a leader that has
    /// not changed what it knows of it, when a while has passed (`R83`).
    mutating func retryProposed(output: inout Output) {
        let route = replica.leader != nil ? node : replica.route
        let isNew = leading != lastLeading
        var lost = NumberRanges()
        swap(&lost, &lostForwards)
        if !isNew, !lost.isEmpty, let route, route != node {
            forwarding = Underway()
            for append in proposed.undecided where lost.contains(append.sequence) {
                sendAgain(append, to: route, output: &output)
            }
            return
        }
        guard !proposed.isEmpty, var route, isNew || now >= nextForward else { return }
        if route == node, !isNew { return }
        // Without room none of them would stay.
        guard route != node || (replica.isReadable && !replica.hasNoRoom) else { return }
        lastLeading = leading
        if isNew { relayed = 0 }
        nextForward = now.advanced(by: limits.electionTicks << UInt64(min(relayed, 5)))
        if !isNew, let leader = replica.election.liveLeader(at: now)?.node {
            // Also while somebody else passes them on: the way may be open again.
            probeForwards(at: leader, output: &output)
            if leader == route { return }
        }
        if !isNew {
            relayed += 1
            let first = proposed.undecided.first?.sequence
            if first == firstRelayed {
                replica.detours += 1
                // Whoever was to pass it on did not help.
                route = replica.route ?? route
            }
            firstRelayed = first
        }
        forwarding = Underway()
        for append in proposed.undecided { sendAgain(append, to: route, output: &output) }
    }

    private mutating func sendAgain(
        _ append: ProposedAppends.Proposed,
        to route: NodeID,
        output: inout Output
    ) {
        let token = Token(node: node, boot: boot, sequence: append.sequence)
        let forward = Forward(token: token, payloads: append.payloads, hops: 0)
        if route == node {
            forwarded.append(forward, from: node)
        } else {
            output.send(.forward(forward), to: route)
        }
    }

    private mutating func probeForwards(at leader: NodeID, output: inout Output) {
        let undecided = proposed.undecided
        guard let first = undecided.first?.sequence, let last = undecided.last?.sequence else {
            return
        }
        let token = Token(node: node, boot: boot, sequence: first)
        let count = UInt32(min(last - first + 1, UInt64(Self.maxProbed)))
        let id = replica.ask(
            .forwards(token, count: count),
            leader,
            behind: proposed.bytes,
            output: &output
        )
        forwarding.noteProbe(id)
    }

    /// How many sequences one probe asks about.
    private static var maxProbed: Int { 1 << 17 }

    mutating func receive(_ probe: Probe, from sender: NodeID, output: inout Output) {
        guard case .forwards(let first, let count) = probe.subject else {
            replica.receive(.probe(probe), from: sender, output: &output)
            return
        }
        guard count <= Self.maxProbed else {
            counters.impossible += 1
            return
        }
        // Who does not lead knows nothing of it, and only that it was asked.
        let isAsked = replica.leader != nil && hasRoomForForwards
        let missing = isAsked ? unknown(from: first, count: Int(count)) : []
        let reply = ProbeReply(id: probe.id, subject: .forwards(missing: missing))
        output.send(.probeReply(reply), to: sender)
    }

    /// The sequences of a node's tokens that are neither in the log nor on their way there.
    private func unknown(from first: Token, count: Int) -> [ClosedRange<UInt64>] {
        var waiting = NumberRanges()
        forwarded.forEach { queued in
            let forward = queued.0
            guard forward.token.node == first.node, forward.token.boot == first.boot else { return }
            waiting.insert(forward.token.sequence...forward.token.sequence)
        }
        var missing = NumberRanges()
        for sequence in first.sequence..<first.sequence + UInt64(count) {
            let token = Token(node: first.node, boot: first.boot, sequence: sequence)
            guard !waiting.contains(sequence),
                delivery.state.effect(of: token) == .effective,
                replica.assigned.effect(of: token) == .effective
            else { continue }
            if missing.ranges.count == ProbeReply.maximumRanges,
                missing.ranges.last?.upperBound != sequence - 1
            {
                break
            }
            missing.insert(sequence...sequence)
        }
        return missing.ranges
    }

    mutating func receive(_ reply: ProbeReply, from sender: NodeID, output: inout Output) {
        guard case .forwards(let ranges) = reply.subject else {
            replica.receive(.probeReply(reply), from: sender, output: &output)
            return
        }
        guard replica.probes.contains(reply.id) else { return }
        replica.noteAnswer(from: sender)
        guard forwarding.isLost(reply.id), sender == replica.route, replica.leader == nil,
            let missing = NumberRanges(sorted: ranges), !missing.isEmpty
        else { return }
        // At the end of the step: if it brings a new ballot too, everything goes again anyway.
        lostForwards = missing
    }

    private var hasRoomForForwards: Bool {
        !replica.hasNoRoom && forwarded.count < limits.pipelineSlots
            && forwarded.bytes < limits.pipelineBytes
    }

    /// An append gets a session in the replicated state by its token: only a member does, up to the
    /// boot that this node has met of it. One invented for a later boot would end the member's session for good.
    mutating func receive(_ forward: Forward, from sender: NodeID, output: inout Output) {
        guard forward.payloads.fits(limits), replica.membership.contains(forward.token.node) else {
            counters.impossible += 1
            return
        }
        guard let met = admission.process(of: forward.token.node)?.boot,
            forward.token.boot == met || (forward.hops > 0 && forward.token.boot < met)
        else {
            // A node names its own boot and no other. Who passes an append on may have met a later boot than
            // this node has.
            if forward.hops == 0 { counters.impossible += 1 } else { counters.unvouched += 1 }
            return
        }
        if replica.leader != nil {
            if replica.hasNoRoom {
                refuse(forward, to: sender, output: &output)
                return
            }
            guard forwarded.count < limits.pipelineSlots, forwarded.bytes < limits.pipelineBytes
            else { return }
            forwarded.append(forward, from: sender)
        } else if forward.hops < Self.maxHops, let next = replica.election.route(at: now),
            next != sender, next != node
        {
            let passed = Forward(
                token: forward.token,
                payloads: forward.payloads,
                hops: forward.hops + 1
            )
            output.send(.forward(passed), to: next)
            relaying.passOn(for: sender, until: now.advanced(by: 2 * limits.electionTicks))
        }
    }

    /// Tells those that have no way of their own to the leader what is committed, at once.
    mutating func tellRelayed(output: inout Output) {
        for node in relaying.due(committed: replica.deliverable, at: now) {
            output.send(.statusReply(replica.ownStatus(0)), to: node)
        }
    }

    /// Says that there is no room for it, unless it is in the log or on its way there.
    private func refuse(_ forward: Forward, to node: NodeID, output: inout Output) {
        guard node != self.node, replica.leadsWithoutRoom,
            delivery.state.effect(of: forward.token) == .effective,
            replica.assigned.effect(of: forward.token) == .effective
        else { return }
        output.send(.forwardRefused(ForwardRefused(token: forward.token)), to: node)
    }

    /// The leader has no room: callers need not wait until their time runs out. They are not told `never`:
    /// what was forwarded may have been forwarded to others before, and be in some log.
    mutating func receive(
        _ refused: ForwardRefused,
        from sender: NodeID,
        output: inout Output
    ) {
        guard replica.leader == nil, sender == replica.route else { return }
        guard refused.token.node == node else {
            // Passed on as the append was.
            if replica.membership.position(of: refused.token.node) != nil {
                output.send(.forwardRefused(refused), to: refused.token.node)
            }
            return
        }
        guard refused.token.boot == boot, let waiter = proposed.waiter(of: refused.token.sequence)
        else { return }
        end(waiter, .full, output: &output)
    }

    /// Proposes what other nodes have forwarded, unless it is in the log or on its way there.
    mutating func proposeForwarded(into entries: inout [Entry], output: inout Output) {
        guard replica.leader != nil else {
            forwarded = ForwardQueue()
            return
        }
        while let (forward, sender) = forwarded.first {
            if replica.hasNoRoom || delivery.state.effect(of: forward.token) != .effective
                || replica.assigned.effect(of: forward.token) != .effective
            {
                // Of its own nobody else reminds this node once there is room.
                if replica.hasNoRoom {
                    if forward.token.node == node { lastLeading = nil }
                    refuse(forward, to: sender, output: &output)
                }
                forwarded.removeFirst()
                continue
            }
            let count = forward.payloads.count
            guard replica.hasRoom(entries: count, bytes: forward.payloads.bytes) else { return }
            forwarded.removeFirst()
            replica.assigned.consume(forward.token)
            assign(forward.payloads, token: forward.token, into: &entries)
        }
    }
}

/// Appends that wait for a slot of this leader, with their payload bytes.
struct ForwardQueue: Sendable {
    /// Each with whom it came from: a refusal goes back the same way.
    private var queue = FIFO<(Forward, NodeID)>()
    private(set) var bytes = 0

    var count: Int { queue.count }
    var first: (Forward, NodeID)? { queue.first }

    func forEach(_ body: ((Forward, NodeID)) -> Void) { queue.forEach(body) }

    mutating func append(_ forward: Forward, from sender: NodeID) {
        bytes += forward.payloads.bytes
        queue.append((forward, sender))
    }

    mutating func removeFirst() {
        if let (forward, _) = queue.popFirst() { bytes -= forward.payloads.bytes }
    }
}
