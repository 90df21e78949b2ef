/// The pure state machine that a node runs: an acceptor, a learner, and a proposer in one of its three
/// states. Messages in, effects out.
///
/// A message to the node itself takes the way of every other message, short of the network: proposals
/// are handled within the step, statements wait for their receipt.
package struct Replica: Sendable {
    package let node: NodeID
    package let memberships: MembershipHistory
    package private(set) var acceptor: Acceptor
    package private(set) var learner: Learner
    package private(set) var candidate: Candidate?
    package private(set) var leader: Leader?
    /// The round of the last ballot this node made; durable before the ballot is used (`R4`).
    private var lastRound: UInt64
    /// Entries that phase 1 found, to be proposed again before anything new.
    private var recovered = FIFO<Entry>()
    /// Payload bytes assigned to slots whose Accept is not made yet.
    private var unsentBytes = 0
    private var pageReads: [PageRead] = []
    private var nextRead: UInt64 = 1
    private let limits: Limits

    private struct PageRead {
        let id: ReadID
        let request: PageRequest
        let candidate: NodeID
    }

    package init(
        node: NodeID,
        memberships: MembershipHistory,
        recovered state: RecoveredState,
        limits: Limits
    ) {
        self.node = node
        self.memberships = memberships
        self.limits = limits
        acceptor = Acceptor(recovered: state, limits: limits)
        learner = Learner(committed: state.committed)
        lastRound = max(state.lastRound, state.promised.round)
    }

    /// The slots that may be delivered: committed, and stored durably by this node.
    var deliverable: Slot { min(learner.committed, acceptor.durable.through) }

    /// True if no other member is needed for a quorum.
    var isAlone: Bool {
        memberships.membership(governing: learner.committed.next).members == [node]
    }

    /// True while this node leads, has promised nobody else since, and everything that phase 1 found is
    /// committed.
    var isReadable: Bool {
        guard let leader, acceptor.promised == leader.ballot else { return false }
        return learner.committed >= leader.recoveredThrough
    }

    /// Begins phase 1 under a ballot above every one seen.
    mutating func campaign(output: inout Output) {
        let round = max(lastRound, acceptor.promised.round) + 1
        let ballot = Ballot(round: round, node: node)
        lastRound = round
        output.rows.lastRound = round
        let membership = memberships.membership(governing: learner.committed.next)
        leader = nil
        candidate = Candidate(ballot: ballot, membership: membership)
        for member in membership.members where member != node {
            output.testify(.prepare(Prepare(ballot: ballot)), to: member)
        }
        acceptor.receive(
            Prepare(ballot: ballot),
            from: node,
            committed: deliverable,
            output: &output
        )
    }

    mutating func receive(_ statement: Statement, from sender: NodeID, output: inout Output) {
        switch statement {
        case .prepare(let prepare):
            acceptor.receive(
                prepare,
                from: sender,
                committed: deliverable,
                output: &output
            )
        case .promise(let promise):
            candidate?.receive(promise, from: sender, output: &output)
            leadIfComplete(output: &output)
        case .accepted(let accepted):
            receive(accepted, from: sender)
        }
        settle(output: &output)
    }

    mutating func receive(_ proposal: Proposal, from sender: NodeID, output: inout Output) {
        handle(proposal, from: sender, output: &output)
        settle(output: &output)
    }

    /// The write of these rows has returned.
    mutating func markDurable(promised: Ballot?, accepted: [ClosedRange<Slot>]) {
        acceptor.markDurable(promised: promised, accepted: accepted)
    }

    mutating func markFull(_ isFull: Bool) {
        acceptor.isFull = isFull
    }

    // MARK: - Proposing

    /// True if a leader is here and takes an append of this size now.
    func hasRoom(entries: Int, bytes: Int) -> Bool {
        recovered.isEmpty && !acceptor.isFull && pipelineHasRoom(entries: entries, bytes: bytes)
    }

    /// The leader's own acceptor must take what it proposes: nobody would propose it again.
    private func pipelineHasRoom(entries: Int, bytes: Int) -> Bool {
        guard let leader else { return false }
        let last = leader.next.advanced(by: entries - 1)
        return leader.hasRoom(entries: entries, bytes: bytes)
            && acceptor.hasRoom(through: last, bytes: unsentBytes + bytes)
    }

    /// Takes the next slots for entries that `hasRoom` has admitted; `propose` sends them.
    mutating func assign(_ entry: Entry) {
        leader?.assign(entry)
        unsentBytes += entry.payloadBytes
    }

    /// Sends one Accept for `entries`, which were just assigned, to every member.
    mutating func propose(_ entries: [Entry], output: inout Output) {
        unsentBytes = 0
        guard let leader, !entries.isEmpty else { return }
        let first = Slot(rawValue: leader.next.rawValue - UInt64(entries.count))
        let accept = Accept(
            ballot: leader.ballot,
            run: EntryRun(first: first, entries: entries),
            committed: learner.committed
        )
        let membership = memberships.membership(governing: first)
        for member in membership.members {
            output.immediate.append(Immediate(destination: member, proposal: .accept(accept)))
        }
        settle(output: &output)
    }

    /// Proposes again what phase 1 found, as far as the pipeline has room.
    mutating func proposeRecovered(output: inout Output) {
        var entries: [Entry] = []
        while let entry = recovered.first,
            pipelineHasRoom(entries: 1, bytes: entry.payloadBytes)
        {
            _ = recovered.popFirst()
            assign(entry)
            entries.append(entry)
        }
        propose(entries, output: &output)
    }

    // MARK: - Delivering

    /// The next entry that may be delivered and is in memory, in slot order.
    mutating func takeDeliverable() -> Entry? {
        guard acceptor.windowBase <= deliverable, acceptor.holdsFirst() else { return nil }
        return acceptor.takeFirst()?.entry
    }

    // MARK: - Reading

    mutating func makeReadID() -> ReadID {
        defer { nextRead += 1 }
        return ReadID(rawValue: nextRead)
    }

    /// Answers the candidate that asked for the page, if the promise still stands.
    mutating func receive(_ completion: ReadCompletion, output: inout Output) {
        guard let place = pageReads.firstIndex(where: { $0.id == completion.id }) else { return }
        let read = pageReads.remove(at: place)
        // An acceptor that cannot read a row in the range counts for nothing (`R35`).
        guard case .success(let page) = completion.result,
            read.request.ballot == acceptor.durablePromise, acceptor.promised == read.request.ballot
        else { return }
        let answer = PromisePage(
            ballot: read.request.ballot,
            from: read.request.from,
            through: page.through,
            rows: page.rows
        )
        output.immediate.append(Immediate(destination: read.candidate, proposal: .page(answer)))
        settle(output: &output)
    }

    // MARK: - Inside

    /// Handles, within the step, every proposal this node addressed to itself.
    private mutating func settle(output: inout Output) {
        while let place = output.immediate.firstIndex(where: { $0.destination == node }) {
            let own = output.immediate.remove(at: place)
            handle(own.proposal, from: node, output: &output)
        }
    }

    private mutating func handle(
        _ proposal: Proposal,
        from sender: NodeID,
        output: inout Output
    ) {
        switch proposal {
        case .accept(let accept):
            acceptor.receive(accept, from: sender, committed: deliverable, output: &output)
        case .reject(let reject):
            receive(reject)
        case .pageRequest(let request):
            receive(request, from: sender, output: &output)
        case .page(let page):
            candidate?.receive(page, from: sender, output: &output)
            leadIfComplete(output: &output)
        }
    }

    private mutating func receive(_ accepted: Accepted, from sender: NodeID) {
        let membership = memberships.membership(governing: accepted.slots.lowerBound)
        guard let position = membership.position(of: sender) else { return }
        leader?.receive(accepted, from: position, membership: membership, learner: &learner)
        leader?.advance(committed: learner.committed)
    }

    /// A proposer whose ballot was refused for a higher promise is none any more.
    private mutating func receive(_ reject: Reject) {
        guard reject.reason == .promised else { return }
        if leader?.ballot == reject.ballot { leader = nil }
        if candidate?.ballot == reject.ballot { candidate = nil }
    }

    private mutating func receive(
        _ request: PageRequest,
        from sender: NodeID,
        output: inout Output
    ) {
        guard request.ballot == acceptor.durablePromise, acceptor.promised == request.ballot,
            request.from <= acceptor.last
        else { return }
        let id = makeReadID()
        let slots = request.from...acceptor.last
        pageReads.append(PageRead(id: id, request: request, candidate: sender))
        output.reads.append(ReadRequest(id: id, slots: slots, maxBytes: limits.pageBytes))
    }

    private mutating func leadIfComplete(output: inout Output) {
        guard let candidate, let entries = candidate.recovery() else { return }
        self.candidate = nil
        leader = Leader(
            ballot: candidate.ballot,
            committed: candidate.committed,
            recovered: entries.count,
            limits: limits
        )
        recovered = FIFO()
        for entry in entries { recovered.append(entry) }
    }
}
