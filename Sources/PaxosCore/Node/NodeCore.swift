/// Everything of a node that is pure: the replica, and around it parts with state of their own.
///
///     Arrivals -> Meeting        whose messages count, and what is said to the others
///                 Replica        the three roles of Paxos
///                 Delivering     effect in slot order, from memory or from the store
///                 Proposals      appends on their way to a slot, here or at the leader
///                 Readers        barriers
///                 Resolving      what became of tokens
///                 Transferring   who is to lead
///                 Callers        who waits, and what each is told
///                 Cursors        how far this node's consumers have come
///                 Trimming       what of the log this node forgets
///                 Writes         the batch of the step
///                 Lifetime       whether it still takes part
///                 Turns          what has happened that somebody may want to know     -> Output
///
/// The core calls each of them once a step or once a message, and hands it those that it works on. They make no
/// circle: Proposals, Retries, Readers and Resolving answer through Callers, Writes looks at Delivering, and most work on
/// the replica; none knows the core.
///
/// A step begins with everything that has arrived, and tells how much of the inbox it takes; it is finished with
/// that, and returns everything to be done. It never suspends, calls back, reads a clock or draws a random
/// number, so the simulator runs it as it stands (`R63`).
package struct NodeCore: ~Copyable {
    private let node: NodeID
    private let limits: Limits
    private(set) var now = Tick.zero
    var lifetime: Lifetime
    private(set) var meeting: Meeting
    var replica: Replica
    private(set) var delivering: Delivering
    private(set) var proposals: Proposals
    private(set) var readers: Readers
    private var resolving: Resolving
    private var transferring = Transferring()
    var callers: Callers
    var writes: Writes
    private var turns = Turns()
    private(set) var trimming: Trimming
    private(set) var cursors: Cursors
    private let policy: TrimPolicy
    private(set) var counters = MessageCounters()
    /// A step has begun and is not finished.
    private var isStepping = false

    /// Makes the core of a node that has just opened its store.
    ///
    /// - Parameters:
    ///   - recovered: What the store held.
    ///   - limits: The node's bounds.
    ///   - policy: What of its log it keeps.
    ///   - place: How much it is to lead, and what it tells of itself then.
    ///   - seed: The only chance there is: the draws of election timeouts follow from it.
    ///   - rules: What the protocol decides by.
    package init(
        recovered: RecoveredState,
        limits: Limits,
        policy: TrimPolicy = TrimPolicy(),
        place: LeadershipPlace = LeadershipPlace(),
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
        self.policy = policy
        let (bytes, trimmed) = (recovered.liveBytes, recovered.trimmed)
        trimming = Trimming(policy: policy, bytes: bytes, trimmed: trimmed)
        cursors = Cursors(recovered: recovered.cursors)
        lifetime = Lifetime(rolledBack: recovered.rolledBack)
        meeting = Meeting(recovered: recovered, limits: limits, rule: rules.succession)
        replica = Replica(
            recovered: recovered,
            limits: limits,
            seed: seed,
            place: place,
            rules: rules
        )
        delivering = Delivering(resuming: recovered.checkpoint)
        proposals = Proposals(limits: limits)
        readers = Readers(firstID: recovered.nonce.rawValue)
        resolving = Resolving(recovered: recovered.committed)
        callers = Callers(node: recovered.node, boot: recovered.boot)
        writes = Writes(committed: recovered.committed, checkpoint: recovered.checkpoint.slot)
    }

    /// Begins a step: takes in everything that has arrived, appends apart. `finish` must follow.
    package mutating func begin(_ arrivals: consuming Arrivals) -> OpenStep {
        precondition(!isStepping, "a step is finished before the next one begins")
        isStepping = true
        var step = OpenStep(closeBy: arrivals.closeBy)
        takeIn(arrivals, &step.output)
        if lifetime.takesPart {
            resolving.advance(&callers, &proposals, &replica, delivering, output: &step.output)
            transferring.advance(&callers, &replica, output: &step.output)
            let state = delivering.state
            step.entries = proposals.advance(callers, &replica, state: state, output: &step.output)
            if !proposals.voids.isEmpty {
                proposals.proposeVoids(callers, &replica, meeting, state, into: &step.entries)
            }
        }
        step.appetite = appetite
        return step
    }

    /// Finishes a step with as many appends as it takes, and returns everything to be done. Nothing in here makes
    /// room: what is left in the inbox need not be offered before the next step.
    package mutating func finish(
        _ step: consuming OpenStep,
        taking appends: [AppendRequest] = []
    ) -> Output {
        isStepping = false
        var rest = step.appetite
        for append in appends {
            precondition(rest.takes(append), "more is taken out of the inbox than the core takes")
            rest.take(append)
        }
        let (entries, closeBy) = (step.entries, step.closeBy)
        var output = step.output
        if lifetime.takesPart {
            proposals.take(appends, behind: entries, &callers, &replica, output: &output)
            replica.notifyIfIdle(output: &output)
            proposals.tellRelayed(replica, output: &output)
            readers.advance(&callers, &replica, through: delivering.fed, output: &output)
        }
        if lifetime.isOpen {
            trimming.cursor = slowestCursor
            trimming.answer(&callers, replica, output: &output)
        }
        if let closeBy { lifetime.close(by: closeBy) }
        advanceClosing(output: &output)
        output.refusal = refusal
        seal(&output)
        turns.advance(&replica, meeting, rolledBack: lifetime.rolledBack, output: &output)
        return output
    }

    private mutating func takeIn(_ arrivals: consuming Arrivals, _ output: inout Output) {
        now = max(now, arrivals.now)
        replica.now = now
        if let failure = arrivals.failure { fail(failure, output: &output) }
        if let isFull = arrivals.isFull { replica.markFull(isFull) }
        if let above = arrivals.keepsAbove { replica.hasSnapshots = above < .limit }
        if let receipt = arrivals.receipt.take() { release(receipt, output: &output) }
        for envelope in arrivals.messages { receive(envelope, output: &output) }
        for completion in arrivals.completions { receive(completion, output: &output) }
        if lifetime.takesPart {
            for done in arrivals.snapshots { replica.receive(done, output: &output) }
            replica.note(arrivals.states, output: &output)
        }
        if lifetime.takesPart { meeting.greet(at: now, output: &output) }
        if lifetime.takesPart, meeting.isEstablished { replica.tick(output: &output) }
        // Before anybody is told `unknown` of what is known by now, and before the room it makes is used.
        deliver(output: &output)
        if lifetime.takesPart { replica.proposeRecovered(output: &output) }
        take(arrivals.barriers, output: &output)
        resolving.take(arrivals, lifetime.refusal, &callers, replica, delivering, &output)
        transferring.take(arrivals, lifetime.refusal, &callers, replica, &output)
        trimming.take(arrivals, lifetime.refusal, &callers, &replica, delivering, &output)
        cursors.take(arrivals, lifetime.refusal, &callers, delivering.delivered, at: now, &output)
        for waiter in arrivals.cancellations { callers.end(waiter, .cancelled, output: &output) }
        callers.endExpired(by: now, output: &output)
    }

    // MARK: - What arrives

    /// Gives out the testimony of a durable write: to peers through the output, to this node at once.
    /// The only way from a receipt to its testimony.
    private mutating func release(_ receipt: consuming DurabilityReceipt, output: inout Output) {
        guard lifetime.failure == nil else { return }
        let takesPart = lifetime.takesPart
        writes.finish(through: receipt.through)
        cursors.finish(through: receipt.through, &callers, output: &output)
        trimming.note(bytes: receipt.liveBytes)
        replica.oldestWrite = writes.oldest
        meeting.markDurable(
            receipt.peers,
            written: receipt.written,
            isHeard: takesPart,
            output: &output
        )
        replica.markDurable(receipt)
        delivering.finishInstalling(receipt.installed, &replica, &callers, output: &output)
        output.checkpointed = receipt.checkpointed
        for testimony in receipt.testimony where lifetime.rolledBack == nil {
            if testimony.destination != node {
                output.released.append(testimony)
            } else if takesPart {
                replica.receive(testimony.body, from: node, output: &output)
            }
        }
        if lifetime.finish(through: receipt.through) { output.isClosed = true }
    }

    /// Who speaks is checked first, then whether what it says is possible.
    private mutating func receive(_ envelope: Envelope, output: inout Output) {
        guard lifetime.takesPart else { return }
        switch meeting.receive(envelope, at: now, output: &output) {
        case .nothing:
            return
        case .contradicted(let found, let forGood):
            fall(found, forGood: forGood, output: &output)
            return
        case .admitted:
            break
        }
        guard envelope.message.isPossible(from: envelope.source, above: replica.highestSeen) else {
            counters.impossible += 1
            return
        }
        meeting.hear(envelope, at: now, output: &output)
        replica.notePassing(envelope)
        switch envelope.message {
        case .statement(let statement):
            replica.receive(statement, from: envelope.source, output: &output)
        case .immediate(let message):
            receive(message, from: envelope.source, output: &output)
        }
        takeFindings(output: &output)
    }

    private mutating func receive(
        _ message: Immediate,
        from sender: NodeID,
        output: inout Output
    ) {
        switch message {
        case .hello, .refused, .challenge, .challengeAnswer:
            break
        case .forward(let forward):
            proposals.receive(
                forward,
                from: sender,
                met: meeting.admission.process(of: forward.token.node)?.boot,
                replica,
                state: delivering.state,
                output: &output
            )
        case .forwardRefused(let refused):
            proposals.receive(refused, from: sender, &callers, replica, output: &output)
        case .settle(let settle):
            proposals.receive(settle, from: sender, replica, output: &output)
        case .transferRequest(let request):
            if !transferring.receive(request, from: sender, &replica, output: &output) {
                counters.impossible += 1
            }
        case .probe(let probe):
            guard case .forwards(let first, let count) = probe.subject else {
                replica.receive(message, from: sender, output: &output)
                return
            }
            proposals.receive(
                probe: probe.id,
                first,
                count: count,
                from: sender,
                replica,
                state: delivering.state,
                output: &output
            )
        case .probeReply(let reply):
            guard case .forwards(let missing) = reply.subject else {
                replica.receive(message, from: sender, output: &output)
                return
            }
            proposals.receive(missing, answering: reply.id, from: sender, &replica)
        case .barrierRequest(let request):
            readers.receive(request, from: sender)
        case .barrierReply(let reply):
            replica.noteAnswer(from: sender)
            readers.receive(reply, output: &output)
        default:
            replica.receive(message, from: sender, output: &output)
        }
    }

    /// What the replica found wrong with a message.
    private mutating func takeFindings(output: inout Output) {
        if let found = replica.contradiction.take() {
            counters.contradicted += 1
            // Not for good: nothing tells which of the two directories is the wrong one.
            fall(
                RolledBack(witness: found.witness, cause: .otherEntry),
                forGood: false,
                output: &output
            )
            return
        }
        if replica.foundImpossible {
            counters.impossible += 1
            replica.foundImpossible = false
        }
        counters.unbacked += replica.unbackedClaims
        replica.unbackedClaims = 0
    }

    private mutating func receive(_ completion: ReadCompletion, output: inout Output) {
        guard lifetime.isOpen else { return }
        guard delivering.awaits(completion.id) else {
            if lifetime.takesPart { replica.receive(completion, output: &output) }
            return
        }
        do {
            try delivering.receive(completion.result, &replica, output: &output)
            callers.answerEffective(output: &output)
        } catch {
            callers.answerEffective(output: &output)
            // A committed row that cannot be read is never delivered, and nothing after it can be: the node
            // ends rather than skip it (`R17`, `R35`).
            if let failure = error.ending { fail(failure, output: &output) }
        }
    }

    private mutating func deliver(output: inout Output) {
        guard lifetime.isOpen else { return }
        // Who was found to be an old copy keeps what it has, to be compared.
        if lifetime.takesPart { delivering.install(&replica, &writes, output: &output) }
        delivering.advance(&replica, output: &output)
        callers.answerEffective(output: &output)
        if callers.undecided.asksForSlots {
            callers.answerTaken(through: delivering.delivered, delivering.state, output: &output)
        }
        takeFindings(output: &output)
    }

    private mutating func take(_ barriers: [BarrierRequest], output: inout Output) {
        for barrier in barriers {
            callers.add(barrier.waiter, deadline: barrier.deadline)
            if let refusal = lifetime.refusal {
                callers.end(barrier.waiter, refusal, output: &output)
            } else {
                readers.add(barrier.waiter)
            }
        }
    }

    // MARK: - The write and the messages of a step

    /// What is kept for cursors lies above this slot.
    private var slowestCursor: Slot {
        cursors.slowest(policy, committed: replica.learner.committed, at: now)?.slot ?? .limit
    }

    /// When a part of what goes to the disk by itself has waited long enough.
    var nextOwnWrite: Tick {
        min(
            cursors.nextDeadline(isIdle: writes.isIdle),
            writes.isIdle ? trimming.nextDeadline(replica) : .never
        )
    }

    private mutating func seal(_ output: inout Output) {
        if lifetime.rolledBack != nil { output.fallSilent() }
        meeting.seal(&output)
        guard lifetime.isOpen else { return }
        let takesPart = lifetime.takesPart
        if takesPart { meeting.addRecords(to: &output.rows, at: now) }
        writes.addCheckpoint(of: delivering, after: limits.checkpointSlots, to: &output.rows)
        if takesPart {
            cursors.add(to: &output.rows, isIdle: writes.isIdle, at: now)
            trimming.cursor = slowestCursor
            trimming.add(to: &output.rows, &replica, delivering, &writes)
            cursors.add(to: &output.rows, isIdle: writes.isIdle, at: now)
        }
        guard output.rows.needsFlush || !output.testimony.isEmpty else { return }
        if output.rows.needsFlush {
            writes.addWatermark(replica.deliverable, to: &output.rows)
            delivering.addIneffective(to: &output.rows)
            if takesPart { meeting.addPruned(to: &output.rows) }
        }
        let id = writes.submit(&output, at: now)
        cursors.note(id, output.rows)
        if output.rows.isFinal { lifetime.seal(under: id) }
        replica.oldestWrite = writes.oldest
    }
}
