/// When to campaign: the part of a node that knows who is heard, and nothing of slots.
///
/// A node campaigns only after an election timeout without a leader, and after a status round in which
/// a quorum answered and nobody heard one (`R24`). So a node that merely lost its own link to a healthy
/// leader asks around and stays quiet ("chained"), one that reaches no quorum never raises a ballot
/// ("quorum loss"), and the one that does reach it campaigns however old its log is ("constrained
/// election"; Ng, Haridi and Carbone, "Omni-Paxos", EuroSys 2023, section 3). Timeouts are drawn anew
/// each time between one and two election timeouts, so that candidates do not meet for ever (`R22`).
struct Election: Sendable {
    /// A round of questions that is under way.
    private struct StatusRound {
        let id: UInt64
        let ends: Tick
        var answered = MemberSet()
        /// Somebody answered who is better able to lead.
        var hasFitter = false
    }

    private let timeout: UInt64
    private let priority: LeadershipPriority
    private var generator: SplitMix64
    private var round: StatusRound?
    /// Begins anywhere, so that an answer to an earlier process is not taken for one to this (`R7`).
    private var nextID: UInt64
    /// When each member was heard last, by position; `nil` never.
    private var heard: [Tick?]
    /// The highest ballot a leader was heard under, and when.
    private(set) var leader: (ballot: Ballot, heard: Tick)?
    /// The ballot of the last leader that was followed and said farewell. What it had said before, such
    /// as a commit notice in another lane, may arrive later and does not bring it back.
    private var departed = Ballot.zero
    /// A member that hears a leader which this node does not.
    private(set) var relay: NodeID?
    /// How often others were given time to lead since a leader was heard.
    private var givenWay = 0
    /// When to look for a leader next.
    private(set) var deadline: Tick
    /// Whether a quorum answers, as far as this node has had to find out.
    private(set) var hasQuorum: Bool?

    init(
        members: Int,
        timeout: UInt64,
        seed: UInt64,
        priority: LeadershipPriority = .normal
    ) {
        self.timeout = timeout
        self.priority = priority
        generator = SplitMix64(seed: seed)
        nextID = generator.next()
        heard = Array(repeating: nil, count: members)
        deadline = .zero
        deadline = drawDeadline(after: .zero)
    }

    // MARK: - Who is heard

    mutating func hear(position: Int, at now: Tick) {
        heard[position] = now
    }

    /// True if the member was heard within an election timeout.
    func isConnected(position: Int, at now: Tick) -> Bool {
        heard[position].map { now < $0.advanced(by: timeout) } ?? false
    }

    /// For how many ticks the member was not heard; nil if it never was.
    func silence(position: Int, at now: Tick) -> UInt64? {
        heard[position].map { now.rawValue - min(now.rawValue, $0.rawValue) }
    }

    /// A leader spoke itself.
    mutating func hearLeader(_ ballot: Ballot, at now: Tick) {
        guard ballot > departed else { return }
        if let leader, leader.ballot > ballot, isRecent(leader.heard, at: now) { return }
        leader = (ballot, now)
        relay = nil
        round = nil
        hasQuorum = true
        givenWay = 0
        deadline = drawDeadline(after: now)
    }

    /// The ballot of the leader that speaks to this node, if one does.
    func liveLeader(at now: Tick) -> Ballot? {
        guard let leader, relay == nil, isRecent(leader.heard, at: now) else { return nil }
        return leader.ballot
    }

    /// The leader to forward to, and through whom if not straight.
    func route(at now: Tick) -> NodeID? {
        guard let leader else { return nil }
        guard let relay else {
            return isRecent(leader.heard, at: now) ? leader.ballot.node : nil
        }
        // A relay is asked again within two timeouts; until then its word holds.
        return now < leader.heard.advanced(by: 3 * timeout) ? relay : nil
    }

    /// The leader is known to lead no more.
    mutating func forgetLeader() {
        leader = nil
        relay = nil
    }

    /// The leader has said that it ends: the next is looked for within a quarter of a timeout, drawn so
    /// that not all look at the same time.
    mutating func loseLeader(_ ballot: Ballot, at now: Tick) {
        guard leader?.ballot == ballot else { return }
        departed = ballot
        forgetLeader()
        round = nil
        deadline = now.advanced(by: generator.next() % spread(timeout / 4) + delay)
    }

    /// The leader has said that it ends, and who is to follow: if that is this node it looks around at once,
    /// else it leaves that one the time of an election.
    mutating func leaveLeader(_ ballot: Ballot, isNext: Bool, at now: Tick) {
        if let leader, leader.ballot > ballot, isRecent(leader.heard, at: now) { return }
        departed = max(departed, ballot)
        if leader?.ballot ?? .zero <= ballot { forgetLeader() }
        round = nil
        deadline = isNext ? now : drawDeadline(after: now)
    }

    /// A leader that is this node reaches no quorum.
    mutating func loseQuorum() { hasQuorum = false }

    // MARK: - Giving way

    /// How often a member gives way to one that is better able to lead: often enough for that one to see that
    /// nobody leads, and not for ever, since it may be the only one that reaches a quorum (`R85`).
    private static let patience = 3

    var mayGiveWay: Bool { givenWay < Self.patience }

    /// Who has led for so long was the one to lead: what comes next is another matter.
    mutating func forgetGivingWay() { givenWay = 0 }

    /// Somebody else is better able to lead.
    mutating func giveWay(at now: Tick) {
        givenWay += 1
        forgetLeader()
        yield(at: now)
    }

    // MARK: - Status rounds

    /// Somebody campaigns with good reason: give it time.
    mutating func yield(at now: Tick) {
        round = nil
        deadline = drawDeadline(after: now)
    }

    /// Begins a round if it is time, and returns its id.
    mutating func beginRound(at now: Tick) -> UInt64? {
        guard now >= deadline else { return nil }
        // Nothing came of the round before, nor of anything since.
        if round != nil { hasQuorum = false }
        defer { nextID &+= 1 }
        round = StatusRound(id: nextID, ends: now.advanced(by: timeout))
        deadline = drawDeadline(after: now)
        return nextID
    }

    /// Counts an answer. True if the answers are a quorum now, none knew a leader, and none came of a member
    /// to which to give way, `isFitter`.
    mutating func receive(
        _ reply: StatusReply,
        from position: Int,
        node: NodeID,
        isFitter: Bool = false,
        membership: Membership,
        at now: Tick
    ) -> Bool {
        guard var current = round, reply.id == current.id, now <= current.ends else { return false }
        if let ballot = reply.leader, ballot > departed {
            leader = (ballot, now)
            relay = ballot.node == node ? nil : node
            round = nil
            hasQuorum = true
            givenWay = 0
            deadline = drawDeadline(after: now)
            return false
        }
        current.answered.insert(position: position)
        current.hasFitter = current.hasFitter || isFitter
        round = current
        guard membership.isPhase1Quorum(current.answered) else { return false }
        hasQuorum = true
        if current.hasFitter, mayGiveWay {
            giveWay(at: now)
            return false
        }
        round = nil
        deadline = drawDeadline(after: now)
        return true
    }

    private func isRecent(_ tick: Tick, at now: Tick) -> Bool {
        now < tick.advanced(by: timeout)
    }

    private mutating func drawDeadline(after now: Tick) -> Tick {
        now.advanced(by: timeout + generator.next() % spread(timeout) + delay)
    }

    /// Who is preferred looks for a leader in the first quarter of the time that others take.
    private func spread(_ time: UInt64) -> UInt64 {
        max(1, priority == .prefer ? time / 4 : time)
    }

    /// Who is to be avoided does so when the others have had all theirs.
    private var delay: UInt64 { priority == .avoid ? timeout : 0 }
}
