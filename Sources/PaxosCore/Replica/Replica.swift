/// The pure state machine that a node runs: an acceptor, a learner, and a proposer in one of its three
/// states. Messages in, effects out.
///
/// A message to the node itself takes the way of every other message, short of the network: immediate
/// ones are handled within the step, statements wait for their receipt.
package struct Replica: Sendable {
    package let node: NodeID
    package let memberships: MembershipHistory
    package internal(set) var acceptor: Acceptor
    package internal(set) var learner: Learner
    package internal(set) var role = Role.follower
    var election: Election
    /// The highest ballot seen anywhere: a campaign begins above it.
    var highestSeen: Ballot
    /// Entries that phase 1 found, to be proposed again before anything new.
    var recovered = FIFO<Entry>()
    /// The tokens that this leader has proposed, or found in phase 1.
    var assigned = LogState()
    /// How far each member is known to have committed, by position.
    var peerCommitted: [Slot]
    /// Who has committed less lacks more than a window of what is delivered here.
    var horizon: Horizon
    /// The way of the work to each member and back, by position.
    var lanes: [LogLane]
    /// How far no member asks for slots any more, and who holds that back.
    var floor: Floor
    /// How often somebody did not help who was to pass on what is for the leader.
    var detours = 0
    /// How often this node gave up to lead since something was chosen under it, as nobody answered.
    var fruitless = 0
    /// How far it was committed then.
    var gaveUpAt = Slot.zero
    /// The lowest committed slot whose row could not be read, until it can: what is here cannot be handed on.
    var unreadable: Slot?
    var serving: [Serving] = []
    /// The ballot of a leader that has said it takes no appends for want of room.
    var fullLeader: Ballot?
    /// The time of the present step.
    var now = Tick.zero
    /// When the oldest write in flight was submitted.
    var oldestWrite: Tick?
    let limits: Limits
    let rules: Rules
    /// Payload bytes assigned to slots whose Accept is not made yet.
    private var unsentBytes = 0
    private var nextRead: UInt64 = 1
    /// The ids of the probes that this process has sent; the upper bound is the next one's. They begin anywhere: who
    /// answers a probe late addresses whatever process of this node it has met by then, and an answer to an
    /// earlier one says nothing of what this one has sent (`R7`).
    var probes: Range<UInt64>
    /// What a peer sent in this step cannot be, given what others have shown.
    var foundImpossible = false
    /// Somebody has another entry where one is chosen here, found in this step.
    var contradiction: Contradiction?
    /// What is delivered and not in the acceptor's memory any more.
    var recentPrefix: RecentPrefix
    /// What somebody's prefix is through a slot that is not delivered here yet: the lowest of those told.
    var awaitedPrefix: (mark: PrefixMark, witness: NodeID)?
    /// What members have said to be committed and could not back, in this step.
    var unbackedClaims = 0
    /// What members have said is trimmed there, of what this node asked them for.
    var trimmedAway: [Slot] = []
    /// What each member was given of a base, and what is read for whom.
    var giving: [Giving] = []
    var readingOn: [ReadingOn] = []
    var baseReads: [BaseRead] = []
    var snapshotReads: [SnapshotRead] = []
    /// The host has written some, as far as this node was told.
    var hasSnapshots = false
    /// What has come of a base, of the host's snapshot behind it, and one that has come whole, in this step.
    var arriving: ArrivingBase?
    var fetching: ArrivingSnapshot?
    /// What becomes of the leadership at somebody's word.
    var handing: Handing
    /// The snapshot that was begun last, also before this opening.
    var begun: SnapshotName?
    var arrivedBase: (base: Base, sender: NodeID)?
    var installing: Installing?
    /// What the hosts' machines are, and when that of this node is said again.
    var comparing = Comparing()
    var saysStateAt = Tick.never
    /// Payload bytes of rows that came by catch-up, since this process began.
    var fetchedBytes: UInt64 = 0
    /// What has happened in this step, for the core to tell.
    private var facts: [NodeFact] = []
    /// It has said that it lacks what begins here, and not yet that it has it.
    private var lacksFrom: Slot?

    /// A member's request for committed rows, page after page.
    struct Serving {
        let node: NodeID
        /// What is read next, or being read.
        var next: Slot
        var last: Slot
        /// How many pages may be on their way to the member.
        var pages: Int
        /// The read under way, and where it begins: what was asked for since may begin elsewhere.
        var reading: (id: ReadID, from: Slot)?
        /// The last slots of the pages that the member has not been seen to have.
        var sent: [Slot] = []
        /// Asked behind the request, and answered behind the rows that are being read.
        var probe: UInt64?
    }

    package init(
        recovered state: RecoveredState,
        limits: Limits,
        seed: UInt64,
        place: LeadershipPlace = LeadershipPlace(),
        rules: Rules = .paxos
    ) {
        self.rules = rules
        handing = Handing(place: place)
        node = state.node
        memberships = MembershipHistory(founding: state.membership)
        self.limits = limits
        acceptor = Acceptor(recovered: state, limits: limits, rule: rules.acceptance)
        learner = Learner(committed: state.committed, rule: rules.learning)
        recentPrefix = RecentPrefix(
            after: PrefixMark(slot: state.checkpoint.slot, digest: state.checkpoint.digest)
        )
        horizon = Horizon(
            at: state.checkpoint.slot,
            limits: limits,
            meanEntryBytes: state.meanEntryBytes
        )
        highestSeen = max(state.promised, Ballot(round: state.lastRound, node: state.node))
        peerCommitted = Array(repeating: .zero, count: state.membership.members.count)
        lanes = Array(repeating: LogLane(), count: state.membership.members.count)
        floor = Floor(recovered: state, limits: limits)
        begun = state.begun
        var generator = SplitMix64(seed: ~seed)
        let first = generator.next() >> 1
        probes = first..<first
        election = Election(
            members: state.membership.members.count,
            timeout: limits.electionTicks,
            seed: seed,
            priority: place.priority
        )
    }

    package var candidate: Candidate? { role.candidate }
    package var leader: Leader? { role.leader }

    /// The ballot under which this node leads, or hears another lead.
    var leading: Ballot? { leader?.ballot ?? election.leader?.ballot }

    var leads: Bool { if case .leader = role { true } else { false } }

    var isFollower: Bool { if case .follower = role { true } else { false } }

    /// The membership that decides the next slot; static for now.
    var membership: Membership {
        memberships.membership(governing: learner.committed.next)
    }

    /// The slots that may be delivered: committed, and stored durably by this node as they were chosen.
    var deliverable: Slot {
        let flushed = acceptor.lowestUnflushed?.previous ?? learner.committed
        return min(learner.committed, flushed, installing?.deliverable ?? .limit)
    }

    /// True if no other member is needed for a quorum.
    var isAlone: Bool { membership.members == [node] }

    /// True while this node leads, has promised nobody else since, and everything that phase 1 found is
    /// committed.
    var isReadable: Bool {
        guard let leader, acceptor.promised == leader.ballot else { return false }
        return learner.committed >= leader.recoveredThrough
    }

    // MARK: - Facts

    var hasFacts: Bool { !facts.isEmpty }

    mutating func tell(_ fact: NodeFact) {
        facts.append(fact)
    }

    /// It asks for what others have committed: worth a word, once until it has it.
    mutating func noteFetching(_ missing: ClosedRange<Slot>) {
        guard lacksFrom == nil else { return }
        lacksFrom = missing.lowerBound
        tell(.fellBehind(missing))
    }

    /// It may have got it. That nobody is believed any more who has said that there is something is not that.
    mutating func noteLearned() {
        guard let lacksFrom, learner.committed >= lacksFrom, learner.missing == nil else { return }
        self.lacksFrom = nil
        tell(.caughtUp(learner.committed))
    }

    mutating func takeFacts(into all: inout [NodeFact]) {
        all += facts
        facts = []
    }

    // MARK: - Messages

    mutating func receive(_ statement: Statement, from sender: NodeID, output: inout Output) {
        hear(sender)
        switch statement {
        case .prepare(let prepare):
            receive(prepare, from: sender, output: &output)
        case .promise(let promise):
            receive(promise, from: sender, output: &output)
        case .accepted(let accepted):
            receive(accepted, from: sender)
        }
        handleOwn(output: &output)
    }

    mutating func receive(_ message: Immediate, from sender: NodeID, output: inout Output) {
        hear(sender)
        handle(message, from: sender, output: &output)
        handleOwn(output: &output)
    }

    private mutating func hear(_ sender: NodeID) {
        guard let position = membership.position(of: sender) else { return }
        // What it was asked while it was away says nothing of how it can be reached now.
        if !election.isConnected(position: position, at: now) { lanes[position].forget() }
        election.hear(position: position, at: now)
    }

    /// The write of these rows has returned.
    mutating func markDurable(_ receipt: borrowing DurabilityReceipt) {
        markDurable(promised: receipt.promised, trimmed: receipt.trimmed, runs: receipt.runs)
        if let committed = receipt.committed { raiseFloor(to: committed) }
    }

    mutating func markDurable(promised: Ballot?, trimmed: Slot? = nil, runs: Int) {
        acceptor.markDurable(promised: promised, trimmed: trimmed, runs: runs)
    }

    mutating func markFull(_ isFull: Bool) {
        if isFull != acceptor.isFull { tell(isFull ? .full : .notFull) }
        acceptor.isFull = isFull
    }

    /// Handles, within the step, every message this node addressed to itself.
    mutating func handleOwn(output: inout Output) {
        while let place = output.immediate.firstIndex(where: { $0.destination == node }) {
            let own = output.immediate.remove(at: place)
            handle(own.body, from: node, output: &output)
        }
    }

    private mutating func handle(
        _ message: Immediate,
        from sender: NodeID,
        output: inout Output
    ) {
        switch message {
        case .accept(let accept): receive(accept, from: sender, output: &output)
        case .reject(let reject): receive(reject, from: sender, output: &output)
        case .pageRequest(let request):
            showPage(request, to: sender, output: &output)
            // Phase 1 goes on, whether or not this node has anything to show.
            if request.ballot == acceptor.promised { election.yield(at: now) }
        case .page(let page):
            noteAnswer(from: sender)
            if page.ballot == candidate?.ballot { role.candidate?.extend(now: now, limits: limits) }
            if role.candidate?.receive(page, from: sender, output: &output) == false {
                foundImpossible = true
            }
            leadIfComplete(output: &output)
        case .commit(let notice):
            hearLeader(notice.ballot, committed: notice.committed, output: &output)
        case .heartbeat(let heartbeat): receive(heartbeat, from: sender, output: &output)
        case .heartbeatReply(let reply): receive(reply, from: sender, output: &output)
        case .farewell(let farewell): receive(farewell)
        case .statusRequest(let request): receive(request, from: sender, output: &output)
        case .statusReply(let reply): receive(reply, from: sender, output: &output)
        case .catchUpRequest(let request): receive(request, from: sender, output: &output)
        case .catchUp(let rows): receive(rows, from: sender, output: &output)
        case .baseRequest(let request): receive(request, from: sender, output: &output)
        case .baseChunk(let chunk): receive(chunk, from: sender, output: &output)
        case .snapshotRequest(let request): receive(request, from: sender, output: &output)
        case .snapshotPiece(let piece): receive(piece, from: sender, output: &output)
        case .stateNotice(let notice): receive(notice, from: sender, output: &output)
        case .probe(let probe): receive(probe, from: sender, output: &output)
        case .probeReply(let reply): receive(reply, from: sender, output: &output)
        // For the node around the replica.
        case .hello, .refused, .challenge, .challengeAnswer, .forward, .forwardRefused,
            .settle, .transferRequest, .barrierRequest, .barrierReply:
            break
        }
    }

    // MARK: - Proposing

    /// What the leader takes that is here; nothing if none is. Its own acceptor must take it too: nobody would
    /// propose it again.
    var appetite: Appetite {
        guard let leader, acceptor.promised == leader.ballot, recovered.isEmpty, !acceptor.isFull,
            !isHandingOver
        else { return .none }
        let room = leader.room
        let held = acceptor.room(from: leader.next, unsentBytes: unsentBytes)
        let slots = min(room.slots, held.slots)
        let bytes = min(room.bytes, held.bytes)
        return Appetite(slots: slots, bytes: bytes, open: open(leader, slots))
    }

    /// What phase 1 found waits for no memory: most of it is in the acceptor's window already, and as
    /// long as it is not proposed nothing leaves the window.
    private func hasRoomForRecovered(_ entry: Entry) -> Bool {
        guard let leader, acceptor.promised == leader.ballot else { return false }
        return leader.hasRoom(entries: 1, bytes: entry.payloadBytes)
            && acceptor.isInWindow(leader.next, bytes: unsentBytes + entry.payloadBytes)
            && !isBlocked
    }

    /// True while the store has no room for what phase 1 found. The leader's own acceptor must take it: only
    /// from its row is it sent again.
    var isBlocked: Bool {
        guard let leader, acceptor.isFull else { return false }
        return !recovered.isEmpty && leader.next > acceptor.last
    }

    /// Takes the next slot for an entry, for which there is room; `propose` sends it.
    mutating func assign(_ entry: Entry) {
        role.leader?.assign(entry, now: now)
        unsentBytes += entry.payloadBytes
    }

    /// True if an append is neither in the log, as far as `state` tells, nor on its way there.
    func isNew(_ token: Token, _ state: LogState) -> Bool {
        state.effect(of: token) == .effective && assigned.effect(of: token) == .effective
    }

    /// Sends one Accept for `entries`, which were just assigned, to every member.
    mutating func propose(_ entries: [Entry], output: inout Output) {
        unsentBytes = 0
        guard let leader, !entries.isEmpty else { return }
        let first = Slot(rawValue: leader.next.rawValue - UInt64(entries.count))
        let run = EntryRun(first: first, entries: entries)
        role.leader?.note(run)
        let accept = Accept(
            ballot: leader.ballot,
            run: run,
            // What phase 1 found is proposed again above C, and may be known chosen here by now.
            committed: min(learner.committed, first.previous)
        )
        role.leader?.notified = accept.committed
        for (position, member) in memberships.membership(governing: first).members.enumerated()
        where member == node || role.leader?.isInWindow(position: position) == true {
            output.send(.accept(accept), to: member)
        }
        handleOwn(output: &output)
    }

    /// Proposes again what phase 1 found, as far as the pipeline has room.
    mutating func proposeRecovered(output: inout Output) {
        var entries: [Entry] = []
        while let entry = recovered.first, hasRoomForRecovered(entry) {
            _ = recovered.popFirst()
            assign(entry)
            entries.append(entry)
        }
        propose(entries, output: &output)
    }

    // MARK: - Delivering

    /// The next entry that may be delivered and is in memory, in slot order.
    mutating func takeDeliverable() -> Entry? {
        guard acceptor.windowBase <= deliverable, acceptor.holdsFirst else { return nil }
        return acceptor.takeFirst()
    }

    mutating func makeReadID() -> ReadID {
        defer { nextRead += 1 }
        return ReadID(rawValue: nextRead)
    }
}
