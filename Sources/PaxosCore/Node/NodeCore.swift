/// Everything of a node that is pure: the replica, and around it the inbox's appends, the batch that a
/// step writes, receipts, callers that wait, barriers, effect and delivery.
///
/// `step` takes everything that has arrived and returns everything to be done. It never suspends, calls
/// back, reads a clock or draws a random number, so the simulator runs it as it stands (`R63`).
package struct NodeCore: ~Copyable {
    let node: NodeID
    let boot: Boot
    let limits: Limits
    var admission: Admission
    var replica: Replica
    var delivery: Delivery
    var waiters = Waiters()
    var proposed = ProposedAppends()
    /// Appends that no slot was assigned to yet.
    var inbox = FIFO<AppendRequest>()
    var barriers: Barriers
    /// A caller was told before its barrier was reached.
    var hasEndedWaiters = false
    /// Appends of other nodes, and own ones of an earlier leader, that wait for a slot here.
    var forwarded = ForwardQueue()
    /// The leadership under which the undecided appends were sent last.
    var lastLeading: Ballot?
    /// The sequences of forwards that the leader said in this step it had not got.
    var lostForwards = NumberRanges()
    /// When to ask what became of them, or to send them again.
    var nextForward = Tick.zero
    /// Their newest sending, until a probe behind it is answered.
    var forwarding = Underway()
    var relaying = Relaying()
    /// How often they were sent again by the clock, where no probe reaches the leader.
    var relayed = 0
    /// The first of them that was undecided then.
    var firstRelayed: UInt64?
    var nextGreeting = Tick.zero
    var hasGreeted = false
    var nextSequence: UInt64 = 1
    var nextWrite: UInt64 = 1
    /// The writes in flight, with the time of their submission.
    var writes = FIFO<(id: WriteID, at: Tick)>()
    var written: Written
    /// Found without effect since the last write; they go with the next one.
    var unwrittenIneffective: [Slot] = []
    /// The read that brings the next entries to be delivered, if they are not in memory.
    var replay: ReadID?
    var phase = Phase.running
    var now = Tick.zero
    /// What this node's peers have met and its directory does not hold: it is read, and nothing else.
    package internal(set) var rolledBack: RolledBack?
    /// The last peer that does not count this node, why, and when it said so.
    private var refusedBy: (node: NodeID, reason: Refused.Reason, at: Tick)?
    /// The last peer that this node does not count, why, and when it spoke.
    var refusedPeer: (node: NodeID, reason: Refused.Reason, at: Tick)?
    var counters = MessageCounters()

    /// What was submitted to the store last.
    struct Written {
        var committed: Slot
        var checkpoint: Slot
    }

    enum Phase: Equatable {
        case running
        /// Takes nothing new and finishes what is in flight, until the tick.
        case closing(by: Tick)
        /// The last row was submitted under this write. If the store has no room for it, it is given up
        /// at the tick.
        case sealing(WriteID, by: Tick)
        case closed
        case failed(StoreFailure)
    }

    /// Makes the core of a node that has just opened its store.
    ///
    /// - Parameters:
    ///   - recovered: What the store held.
    ///   - limits: The node's bounds.
    ///   - seed: The only chance there is: the draws of election timeouts follow from it.
    ///   - rules: What the protocol decides by.
    package init(
        recovered: RecoveredState,
        limits: Limits,
        seed: UInt64,
        rules: Rules = .paxos
    ) {
        precondition(
            recovered.trimmed <= recovered.committed
                && recovered.checkpoint.slot <= recovered.committed
                && recovered.accepted.allSatisfy { $0.slot > recovered.committed },
            "what was recovered contradicts itself: \(recovered)"
        )
        node = recovered.node
        self.limits = limits
        boot = recovered.boot
        let identity = NodeIdentity(
            cluster: recovered.cluster,
            node: recovered.node,
            incarnation: recovered.incarnation,
            boot: recovered.boot,
            nonce: recovered.nonce
        )
        rolledBack = recovered.rolledBack
        admission = Admission(
            identity: identity,
            terms: Terms(founding: recovered.membership, shape: limits.shape),
            recovered: recovered,
            limits: limits,
            rule: rules.succession
        )
        replica = Replica(recovered: recovered, limits: limits, seed: seed, rules: rules)
        barriers = Barriers(firstID: recovered.nonce.rawValue)
        delivery = Delivery(resuming: recovered.checkpoint)
        written = Written(
            committed: recovered.committed,
            checkpoint: recovered.checkpoint.slot
        )
    }

    /// Takes in everything that has arrived and returns what follows from it.
    package mutating func step(_ arrivals: consuming Arrivals) -> Output {
        var output = Output()
        now = max(now, arrivals.now)
        replica.now = now
        if let failure = arrivals.failure { fail(failure, output: &output) }
        if let isFull = arrivals.isFull { replica.markFull(isFull) }
        if let receipt = arrivals.receipt.take() { release(receipt, output: &output) }
        for envelope in arrivals.messages { receive(envelope, output: &output) }
        for completion in arrivals.completions { receive(completion, output: &output) }
        greet(output: &output)
        if takesPart, admission.isEstablished { replica.tick(output: &output) }
        // Before anybody is told `unknown` of what is known by now, and before the room it makes is used.
        deliver(output: &output)
        if takesPart { replica.proposeRecovered(output: &output) }
        take(arrivals.appends, output: &output)
        take(arrivals.barriers, output: &output)
        for waiter in arrivals.cancellations { end(waiter, .cancelled, output: &output) }
        for waiter in waiters.expired(by: now) { end(waiter, .timedOut, output: &output) }
        sweepInbox(output: &output)
        if takesPart {
            refuseWithoutRoom(output: &output)
            retryProposed(output: &output)
            propose(output: &output)
            forwardInbox(output: &output)
            replica.notifyIfIdle(output: &output)
            tellRelayed(output: &output)
        }
        advanceBarriers(output: &output)
        if let closeBy = arrivals.closeBy { beginClosing(by: closeBy, output: &output) }
        advanceClosing(output: &output)
        seal(&output)
        return output
    }

    /// The tick at which the core wants to be stepped though nothing arrives.
    package var nextDeadline: Tick {
        switch phase {
        case .running, .closing:
            // Before all have met both ways, only greetings are due: the replica's clock stands still.
            let next = admission.isEstablished ? replica.nextDeadline : nextGreeting
            var deadline = min(waiters.nextDeadline, shownUntil)
            // An old copy of a directory waits for nothing.
            if rolledBack == nil { deadline = min(deadline, next, admission.nextDeadline) }
            if case .closing(let by) = phase { return min(deadline, by) }
            return deadline
        case .sealing(_, let by) where replica.acceptor.isFull:
            // The last write may have been made late; it has a tick at least.
            return min(max(by, now.advanced(by: 1)), waiters.nextDeadline)
        case .sealing, .closed, .failed:
            return waiters.nextDeadline
        }
    }

    /// How many more appends are worth a step. A member that is a quorum by itself gains nothing by
    /// proposing while its disk is busy: the next write waits for the one in flight, and whatever comes
    /// too late for it makes a smaller one of its own. So appends gather until they are half as many as
    /// the slots in flight, or those are durable. With others a step proposes what is there, and a
    /// sixteenth of what is in flight is worth one; whatever else arrives takes them along.
    package var leastAppends: Int {
        // Without room nothing in flight may end: who waits is refused at once.
        guard !replica.hasNoRoom, let inFlight = replica.leader?.slotsInFlight else { return 1 }
        return max(1, replica.isAlone ? inFlight / 2 - inbox.count : inFlight / 16)
    }

    /// Who this process of the node is.
    package var identity: NodeIdentity { admission.identity }

    /// What this node was made with.
    package var terms: Terms { admission.terms }

    /// The slots that others are known to have committed and this node lacks.
    package var missing: ClosedRange<Slot>? { replica.learner.missing }

    /// True once every member is durably known to hold this node.
    package var hasMet: Bool { admission.isEstablished }

    /// True if exactly this process of its node is durably held, as what it says presupposes.
    package func holds(_ sender: NodeIdentity) -> Bool {
        hasMet && admission.holds(sender.node) == sender.presence
    }

    /// Every slot up to here is delivered.
    package var delivered: Slot { delivery.delivered }

    private var failure: StoreFailure? {
        if case .failed(let failure) = phase { failure } else { nil }
    }

    /// The core's own account of itself.
    package var status: CoreStatus {
        CoreStatus(
            role: NodeRole(replica.role),
            ballot: replica.role.ballot,
            promised: replica.acceptor.promised,
            leader: replica.leader != nil ? node : replica.election.liveLeader(at: now)?.node,
            committed: replica.learner.committed,
            delivered: delivery.delivered,
            last: replica.acceptor.last,
            trimmed: replica.acceptor.trimmed,
            slotsInFlight: replica.leader?.slotsInFlight ?? 0,
            isFull: replica.acceptor.isFull,
            failure: failure,
            refusedBy: shownRefusal?.node,
            refusal: shownRefusal?.reason,
            refusedPeer: refusedPeer.flatMap {
                now < Disagreements.end(of: $0.at)
                    ? RefusedPeer(node: $0.node, reason: $0.reason.rawValue) : nil
            },
            peerCommitted: zip(replica.membership.members, replica.peerCommitted).filter {
                $0.0 != node
            }.map { PeerStatus(node: $0.0, committed: $0.1) },
            rolledBack: rolledBack,
            disagreements: admission.disagreements(at: now),
            counters: allCounters
        )
    }

    // MARK: - Refusals

    mutating func noteRefusal(by node: NodeID, _ reason: Refused.Reason) {
        refusedBy = (node, reason, now)
    }

    /// It has said something that only who counts this node says.
    mutating func forgetRefusal(by node: NodeID) {
        if refusedBy?.node == node { refusedBy = nil }
    }

    /// A peer that refuses says so whenever it is spoken to; one that is gone does not.
    private var shownRefusal: (node: NodeID, reason: Refused.Reason)? {
        guard let refusedBy, now <= refusedBy.at.advanced(by: Disagreements.shown) else {
            return nil
        }
        return (refusedBy.node, refusedBy.reason)
    }

    /// When the account of the core changes though nothing arrives.
    private var shownUntil: Tick {
        let now = now
        func end(_ heard: Tick?) -> Tick {
            let end = heard.map(Disagreements.end) ?? .never
            return end > now ? end : .never
        }
        let shown = min(end(refusedBy?.at), end(refusedPeer?.at))
        return min(shown, admission.shownUntil(after: now))
    }

    // MARK: - Receipts and reads

    /// Gives out the testimony of a durable write: to peers through the output, to this node at once.
    /// The only way from a receipt to its testimony.
    private mutating func release(_ receipt: consuming DurabilityReceipt, output: inout Output) {
        if case .failed = phase { return }
        let takesPart = takesPart
        admission.newest = max(admission.newest, receipt.written)
        let through = receipt.through
        while let write = writes.first, write.id <= through { _ = writes.popFirst() }
        replica.oldestWrite = writes.first?.at
        let wasComplete = admission.isComplete
        let changed = admission.markDurable(receipt.peers)
        if takesPart { for node in changed { sayHello(to: node, output: &output) } }
        if !wasComplete, admission.isComplete { hasGreeted = false }
        replica.markDurable(promised: receipt.promised, runs: receipt.runs)
        output.checkpointed = receipt.checkpointed
        for testimony in receipt.testimony where rolledBack == nil {
            if testimony.destination != node {
                output.released.append(testimony)
            } else if takesPart {
                replica.receive(testimony.body, from: node, output: &output)
            }
        }
        if case .sealing(let last, _) = phase, through >= last {
            phase = .closed
            output.isClosed = true
        }
    }

    private mutating func receive(_ completion: ReadCompletion, output: inout Output) {
        guard isOpen else { return }
        guard completion.id == replay else {
            guard takesPart else { return }
            replica.receive(completion, output: &output)
            return
        }
        switch completion.result {
        case .success(let page):
            replay = nil
            feed(page, output: &output)
        // Not asked again: the node ends, or its reader has.
        case .failure(let failure): fail(failure, output: &output)
        }
    }

    // MARK: - The write and the messages of a step

    private mutating func seal(_ output: inout Output) {
        if rolledBack != nil { output.fallSilent() }
        sealMessages(&output)
        guard isOpen else { return }
        let goesAnyway = output.rows.needsFlush
        if takesPart {
            output.rows.peers += admission.lazyRecords(at: now, anyway: goesAnyway)
        }
        let committed = replica.deliverable
        if delivery.delivered.count(after: written.checkpoint) >= limits.checkpointSlots {
            written.checkpoint = delivery.delivered
            output.rows.checkpoint = delivery.checkpoint
        }
        guard output.rows.needsFlush || !output.testimony.isEmpty else { return }
        if output.rows.needsFlush {
            if committed > written.committed {
                written.committed = committed
                output.rows.committed = committed
            }
            swap(&output.rows.ineffective, &unwrittenIneffective)
            if takesPart { output.rows.prunesBelow = admission.pruned.take() }
        }
        let id = WriteID(nextWrite)
        nextWrite += 1
        writes.append((id, now))
        replica.oldestWrite = writes.first?.at
        if output.rows.isFinal, case .closing(let deadline) = phase {
            phase = .sealing(id, by: deadline)
        }
        output.write = WriteBatch(id: id, rows: output.rows, testimony: output.testimony)
    }

    private func sealMessages(_ output: inout Output) {
        for message in output.immediate {
            let node = message.destination
            // Members meet as nodes; everything else is between two processes.
            let isMeeting = if case .hello = message.body { true } else { false }
            let recipient = isMeeting ? nil : admission.process(of: node)
            let named = isMeeting ? admission.holds(node)?.process : recipient
            output.messages.append(
                admission.envelope(to: node, recipient, naming: named, .immediate(message.body))
            )
        }
        for testimony in output.released {
            let node = testimony.destination
            let recipient = admission.process(of: node)
            output.messages.append(
                admission.envelope(
                    to: node,
                    recipient,
                    naming: recipient,
                    .statement(testimony.body)
                )
            )
        }
    }
}
