/// Everything of a node that is pure: the replica, and around it the inbox's appends, the batch that a
/// step writes, receipts, callers that wait, barriers, effect and delivery.
///
/// `step` takes everything that has arrived and returns everything to be done. It never suspends, calls
/// back, reads a clock or draws a random number, so the simulator runs it as it stands (`R63`).
package struct NodeCore: ~Copyable {
    let node: NodeID
    let boot: Boot
    let limits: Limits
    var replica: Replica
    var delivery: Delivery
    var waiters = Waiters()
    var proposed = ProposedAppends()
    /// Appends that no slot was assigned to yet.
    var inbox = FIFO<AppendRequest>()
    var barriers: [WaiterID] = []
    var nextSequence: UInt64 = 1
    var nextWrite: UInt64 = 1
    /// What the disk holds, or will by the writes in flight.
    var written: Written
    /// Found without effect since the last write; they go with the next one.
    var unwrittenIneffective: [Slot] = []
    /// The read that brings the next entries to be delivered, if they are not in memory.
    var replay: ReadID?
    var phase = Phase.running

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

    package init(
        node: NodeID,
        memberships: MembershipHistory,
        recovered: RecoveredState,
        limits: Limits
    ) {
        precondition(
            recovered.trimmed <= recovered.committed && recovered.committed <= recovered.last
                && recovered.checkpoint.slot <= recovered.committed,
            "what was recovered contradicts itself: \(recovered)"
        )
        self.node = node
        self.limits = limits
        boot = recovered.boot
        replica = Replica(
            node: node,
            memberships: memberships,
            recovered: recovered,
            limits: limits
        )
        delivery = Delivery(resuming: recovered.checkpoint)
        written = Written(
            committed: recovered.committed,
            checkpoint: recovered.checkpoint.slot
        )
    }

    /// Takes in everything that has arrived and returns what follows from it.
    package mutating func step(_ arrivals: consuming Arrivals) -> Output {
        var output = Output()
        if let failure = arrivals.failure { fail(failure, output: &output) }
        if let isFull = arrivals.isFull { replica.markFull(isFull) }
        if let receipt = arrivals.receipt.take() { release(receipt, output: &output) }
        for envelope in arrivals.messages { receive(envelope, output: &output) }
        for completion in arrivals.completions { receive(completion, output: &output) }
        electIfAlone(output: &output)
        // Before anybody is told `unknown` of what is known by now, and before the room it makes is used.
        deliver(output: &output)
        if takesPart { replica.proposeRecovered(output: &output) }
        take(arrivals.appends, output: &output)
        take(arrivals.barriers, output: &output)
        for waiter in arrivals.cancellations { end(waiter, .cancelled, output: &output) }
        for waiter in waiters.expired(by: arrivals.now) { end(waiter, .timedOut, output: &output) }
        propose(output: &output)
        answerBarriers(output: &output)
        if let closeBy = arrivals.closeBy { beginClosing(by: closeBy, output: &output) }
        advanceClosing(now: arrivals.now, output: &output)
        seal(&output)
        return output
    }

    /// The tick at which the core wants to be stepped though nothing arrives.
    package var nextDeadline: Tick {
        switch phase {
        case .closing(let by): min(by, waiters.nextDeadline)
        case .sealing(_, let by) where replica.acceptor.isFull: min(by, waiters.nextDeadline)
        case .running, .sealing, .closed, .failed: waiters.nextDeadline
        }
    }

    /// How many appends are worth a step of their own. A member that is a quorum by itself gains nothing
    /// by proposing while its disk is busy, since its next write waits for the one in flight: an eighth of
    /// what is in flight keeps that write ready and the steps few. With others, each Accept leaves at
    /// once.
    package var leastAppends: Int {
        guard replica.isAlone, let leader = replica.leader else { return 1 }
        return max(1, leader.slotsInFlight / 8)
    }

    /// Every slot up to here is delivered.
    package var delivered: Slot { delivery.delivered }

    private var failure: StoreFailure? {
        if case .failed(let failure) = phase { failure } else { nil }
    }

    /// The core's own account of itself.
    package var status: CoreStatus {
        let ballot = replica.leader?.ballot ?? replica.candidate?.ballot
        return CoreStatus(
            role: replica.leader != nil
                ? .leader : replica.candidate != nil ? .candidate : .follower,
            ballot: ballot,
            promised: replica.acceptor.promised,
            leader: replica.leader != nil ? node : nil,
            committed: replica.learner.committed,
            delivered: delivery.delivered,
            last: replica.acceptor.last,
            trimmed: replica.acceptor.trimmed,
            slotsInFlight: replica.leader?.slotsInFlight ?? 0,
            isFull: replica.acceptor.isFull,
            failure: failure
        )
    }

    // MARK: - Receipts and messages

    /// Gives out the testimony of a durable write: to peers through the output, to this node at once.
    /// The only way from a receipt to its testimony.
    private mutating func release(_ receipt: consuming DurabilityReceipt, output: inout Output) {
        if case .failed = phase { return }
        let takesPart = takesPart
        let through = receipt.through
        replica.markDurable(promised: receipt.promised, accepted: receipt.accepted)
        output.checkpointed = receipt.checkpointed
        for testimony in receipt.testimony {
            if testimony.destination != node {
                output.released.append(testimony)
            } else if takesPart {
                replica.receive(testimony.statement, from: node, output: &output)
            }
        }
        if case .sealing(let last, _) = phase, through >= last {
            phase = .closed
            output.isClosed = true
        }
    }

    private mutating func receive(_ envelope: Envelope, output: inout Output) {
        guard takesPart else { return }
        switch envelope.message {
        case .statement(let statement):
            replica.receive(statement, from: envelope.sender, output: &output)
        case .proposal(let proposal):
            replica.receive(proposal, from: envelope.sender, output: &output)
        }
    }

    private mutating func receive(_ completion: ReadCompletion, output: inout Output) {
        guard takesPart else { return }
        switch completion.result {
        case .success(let page) where completion.id == replay:
            replay = nil
            feed(page, output: &output)
        case .failure(let failure) where completion.id == replay || replica.isAlone:
            fail(failure, output: &output)
        default:
            replica.receive(completion, output: &output)
        }
    }

    /// A member that is a quorum by itself campaigns without asking whether anybody leads.
    private mutating func electIfAlone(output: inout Output) {
        guard phase == .running, replica.isAlone, replica.leader == nil, replica.candidate == nil
        else { return }
        replica.campaign(output: &output)
    }

    // MARK: - The write of a step

    private mutating func seal(_ output: inout Output) {
        guard takesPart else { return }
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
        }
        let id = WriteID(nextWrite)
        nextWrite += 1
        if output.rows.isFinal, case .closing(let deadline) = phase {
            phase = .sealing(id, by: deadline)
        }
        output.write = WriteBatch(id: id, rows: output.rows, testimony: output.testimony)
    }
}
