/// A proposer past phase 1: assigns slots, keeps a bounded pipeline of them in phase 2, counts who has
/// accepted each, and knows which members still follow it.
package struct Leader: Sendable {
    package let ballot: Ballot
    /// H: the highest slot that phase 1 found. Barriers wait until it is committed (`R54`).
    package let recoveredThrough: Slot
    /// C: what was chosen up to here is learned, not proposed.
    private let learnsThrough: Slot
    /// How far it has been learned, and since when no farther.
    private var learned: (through: Slot, at: Tick)
    /// The slot that the next proposal takes.
    package private(set) var next: Slot
    private var inFlight: SlotWindow<Tally>
    private(set) var bytesInFlight = 0
    /// Something was chosen by what others have accepted of it.
    private(set) var hasChosen = false
    /// When the lowest slot in flight became the lowest, or was asked about.
    private var lastProgress: Tick
    private let limits: Limits

    private var recent = RecentProposals()
    /// What each member has shown of following, by position.
    private var followers: [Follower]
    /// The round of the last heartbeat sent.
    private(set) var round: UInt64 = 0
    private(set) var nextHeartbeat: Tick
    /// The farthest commit notice that has left.
    var notified: Slot
    let began: Tick

    private struct Tally {
        var accepted = MemberSet()
        let bytes: Int
    }

    private struct Follower {
        /// What it was proposed, or sent again last.
        var proposals = Underway()
        /// The highest heartbeat round answered under this ballot, and when.
        var round: UInt64 = 0
        var answered: Tick
        /// How far it has committed, as it said, and the highest slot it has accepted.
        var committed: Slot?
        var accepted = Slot.zero
        /// Its store has no room, as it said last.
        var isFull = false
        /// How much it is to lead.
        var priority = LeadershipPriority.normal
    }

    /// Begins behind `committed`, with `recovered` entries still to be proposed again.
    init(
        ballot: Ballot,
        committed: Slot,
        recovered: Int,
        members: Int,
        limits: Limits,
        now: Tick
    ) {
        self.ballot = ballot
        self.limits = limits
        recoveredThrough = committed.advanced(by: recovered)
        learnsThrough = committed
        learned = (.zero, now)
        next = committed.next
        inFlight = SlotWindow(startingAt: committed.next)
        followers = Array(repeating: Follower(answered: now), count: members)
        lastProgress = now
        nextHeartbeat = now
        began = now
        notified = .zero
    }

    // MARK: - Phase 2

    /// Slots proposed and not yet committed.
    package var slotsInFlight: Int { next.count(after: inFlight.base) }

    /// True if the pipeline has room for `entries` more of `bytes` payload bytes in all. An empty
    /// pipeline takes whatever one append may hold.
    func hasRoom(entries: Int, bytes: Int) -> Bool {
        slotsInFlight == 0
            || (slotsInFlight + entries <= limits.pipelineSlots
                && bytesInFlight + bytes <= limits.pipelineBytes)
    }

    /// What the pipeline has room for. No append is larger than an empty one.
    var room: Appetite {
        Appetite(
            slots: limits.pipelineSlots - slotsInFlight,
            bytes: limits.pipelineBytes - bytesInFlight
        )
    }

    /// Takes the next slot for an entry.
    mutating func assign(_ entry: Entry, now: Tick) {
        if inFlight.isEmpty { lastProgress = now }
        inFlight.put(Tally(bytes: entry.payloadBytes), at: next)
        bytesInFlight += entry.payloadBytes
        next = next.next
    }

    /// Notes what is about to be proposed.
    mutating func note(_ run: EntryRun) {
        recent.add(run, limits: limits)
    }

    /// True if the member has room for what was noted last, by what it has shown. One that lags more fetches
    /// what is committed, and is asked for its acceptance if no quorum is without it (`R83`).
    func isInWindow(position: Int) -> Bool {
        let follower = followers[position]
        let reached = max(follower.committed ?? learnsThrough, follower.accepted)
        return reached >= recent.base
            && next.previous.count(after: reached) <= 2 * limits.pipelineSlots
    }

    /// Counts a member's acceptance under exactly this ballot (`R14`) and tells the learner each slot
    /// that it makes chosen.
    mutating func receive(
        _ accepted: Accepted,
        from position: Int,
        membership: Membership,
        learner: inout Learner
    ) {
        guard accepted.ballot == ballot else { return }
        let last = min(accepted.slots.upperBound, next.previous)
        followers[position].accepted = max(followers[position].accepted, last)
        var slot = max(accepted.slots.lowerBound, inFlight.base)
        let end = min(accepted.slots.upperBound.next, next)
        var chosenFrom: Slot?
        while slot < end {
            var isChosen = false
            inFlight.update(slot) { tally in
                tally.accepted.insert(position: position)
                isChosen = membership.isPhase2Quorum(tally.accepted)
            }
            if isChosen {
                chosenFrom = chosenFrom ?? slot
                hasChosen = true
            } else if let from = chosenFrom.take() {
                learner.learn(from...slot.previous)
            }
            slot = slot.next
        }
        if let chosenFrom { learner.learn(chosenFrom...end.previous) }
    }

    /// Forgets what is committed and makes room.
    mutating func advance(committed: Slot, now: Tick) {
        guard inFlight.base <= committed, !inFlight.isEmpty else { return }
        lastProgress = now
        while inFlight.base <= committed, !inFlight.isEmpty {
            bytesInFlight -= inFlight.popFirst()?.bytes ?? 0
        }
    }

    /// True if what is chosen up to C is missing here, and nobody hands it on: who knew it may be lost, or its
    /// row unreadable. While an answer is under way that is not said of a link for its width (`R83`), until
    /// it has taken as long as a candidate would wait.
    mutating func isStuck(committed: Slot, isUnderway: Bool, now: Tick) -> Bool {
        guard committed < learnsThrough else { return false }
        if committed > learned.through { learned = (committed, now) }
        let timeouts = isUnderway ? Candidate.patience : 2
        return now >= learned.at.advanced(by: timeouts * limits.electionTicks)
    }

    /// True, once in a while, if the lowest slot in flight makes no progress.
    mutating func shouldProbe(now: Tick) -> Bool {
        guard !inFlight.isEmpty, now >= lastProgress.advanced(by: 2 * limits.heartbeatTicks) else {
            return false
        }
        lastProgress = now
        return true
    }

    /// The lowest slot in flight that a member has not accepted.
    func firstMissing(at position: Int) -> Slot? {
        var slot = inFlight.base
        while slot < next {
            if inFlight[slot]?.accepted.contains(position: position) == false { return slot }
            slot = slot.next
        }
        return nil
    }

    /// The members that have not accepted a slot in flight.
    func lacking(_ slot: Slot, of members: Int) -> [Int] {
        guard let tally = inFlight[slot] else { return [] }
        return (0..<members).filter { !tally.accepted.contains(position: $0) }
    }

    mutating func noteProbe(_ id: UInt64, at position: Int) {
        followers[position].proposals.noteProbe(id)
    }

    /// True if whatever was sent to the member has arrived or never will, by its answer to this probe.
    func isLost(_ probe: UInt64, at position: Int) -> Bool {
        followers[position].proposals.isLost(probe)
    }

    mutating func noteSent(at position: Int) {
        followers[position].proposals = Underway()
    }

    // MARK: - Followers

    /// Begins a heartbeat round and returns its number.
    mutating func beginRound(now: Tick) -> UInt64 {
        round += 1
        nextHeartbeat = now.advanced(by: limits.heartbeatTicks)
        return round
    }

    mutating func postponeHeartbeat(now: Tick) {
        nextHeartbeat = now.advanced(by: limits.heartbeatTicks)
    }

    mutating func receive(_ reply: HeartbeatReply, from position: Int, now: Tick) {
        guard reply.ballot == ballot, reply.round <= round else { return }
        followers[position].answered = now
        followers[position].committed = max(
            followers[position].committed ?? .zero,
            reply.committed
        )
        if reply.round >= followers[position].round { followers[position].isFull = reply.isFull }
        followers[position].priority = reply.priority
        // One that has promised a higher ballot is reached, and confirms nothing.
        guard reply.promised <= ballot else { return }
        followers[position].round = max(followers[position].round, reply.round)
    }

    mutating func noteFull(position: Int) {
        followers[position].isFull = true
    }

    /// True if some are known to be full, and those that are heard and not full are no quorum.
    func isQuorumFull(
        position own: Int,
        isFull: Bool,
        membership: Membership,
        now: Tick
    ) -> Bool {
        var open = MemberSet()
        var isAnyFull = isFull
        for position in followers.indices where position != own {
            isAnyFull = isAnyFull || followers[position].isFull
            if hasRoom(position: position, now: now) { open.insert(position: position) }
        }
        if !isFull { open.insert(position: own) }
        return isAnyFull && !membership.isPhase2Quorum(open)
    }

    /// How much a member is to lead, as it said last, and the last round that it has answered.
    func priority(of position: Int) -> LeadershipPriority { followers[position].priority }
    func round(of position: Int) -> UInt64 { followers[position].round }

    func hasRoom(position: Int, now: Tick) -> Bool {
        let follower = followers[position]
        return !follower.isFull && now < follower.answered.advanced(by: limits.electionTicks)
    }

    /// The members with room that have answered a heartbeat under this ballot, and lately.
    func withRoom(now: Tick) -> [Int] {
        followers.indices.filter { followers[$0].round > 0 && hasRoom(position: $0, now: now) }
    }

    /// True while a quorum, this node among it, has answered within an election timeout.
    func isConnected(position own: Int, membership: Membership, now: Tick) -> Bool {
        var reached = MemberSet()
        for position in followers.indices
        where position == own
            || now < followers[position].answered.advanced(by: limits.electionTicks)
        {
            reached.insert(position: position)
        }
        return membership.isPhase2Quorum(reached)
    }

    /// True once a quorum, this node among it, has answered a round not before this one.
    func isConfirmed(round: UInt64, position own: Int, membership: Membership) -> Bool {
        var confirmed = MemberSet()
        for position in followers.indices
        where position == own || followers[position].round >= round {
            confirmed.insert(position: position)
        }
        return membership.isPhase2Quorum(confirmed)
    }
}
