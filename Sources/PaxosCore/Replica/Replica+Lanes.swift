/// Whether the work reaches others and what comes of it comes back: liveness is judged here by the lane that the
/// work takes, since the other one may be sound where this is dead.
extension Replica {
    /// True if a member is heard, and nothing that it is asked in the log lane is answered there.
    ///
    /// - Parameter doublings: How often the time that this takes is doubled.
    func isLogLaneDead(at position: Int, doublings: Int = 0) -> Bool {
        election.isConnected(position: position, at: now)
            && lanes[position].isDead(at: now, limits: limits, doublings: doublings)
    }

    /// A member has answered in the log lane what it was asked there.
    mutating func noteAnswer(from sender: NodeID) {
        guard let position = membership.position(of: sender) else { return }
        lanes[position].answer(at: now)
    }

    /// Something came that may have stood before an answer.
    mutating func notePassing(_ envelope: Envelope) {
        guard let position = membership.position(of: envelope.source), lanes[position].isOwed,
            case .immediate(let message) = envelope.message
        else { return }
        lanes[position].pass(message.bulk)
    }

    // MARK: - Who leads

    /// True if those that are heard and whose log lane is not dead are no quorum with this node: nothing it
    /// proposes can be chosen. Not before it has had time to hear them.
    private func leadsInVain(_ leader: Leader) -> Bool {
        guard now >= leader.began.advanced(by: limits.electionTicks) else { return false }
        return !isQuorum {
            election.isConnected(position: $0, at: now)
                && !isLogLaneDead(at: $0, doublings: fruitless)
        }
    }

    /// Hands over if nothing that this leader proposes can be chosen. True if it did.
    mutating func handOverIfInVain(output: inout Output) -> Bool {
        guard let leader else { return false }
        // Its work reaches a quorum and comes back.
        if leader.hasChosen || isQuorum(where: { lanes[$0].answered ?? .zero > leader.began }) {
            fruitless = 0
        }
        guard leadsInVain(leader) else { return false }
        handOverInTurn(output: &output)
        return true
    }

    /// Somebody else has had something chosen since this node gave up to lead in vain.
    mutating func noteChosenElsewhere() {
        if fruitless > 0, learner.committed > gaveUpAt { fruitless = 0 }
    }

    /// True if there is no quorum with this node but for members whose log lane is dead.
    var isOutOfReach: Bool { !isQuorum { !isLogLaneDead(at: $0) } }

    private func isQuorum(where isReached: (Int) -> Bool) -> Bool {
        var reached = MemberSet()
        for position in membership.members.indices
        where membership.members[position] == node || isReached(position) {
            reached.insert(position: position)
        }
        return membership.isPhase2Quorum(reached)
    }

    /// Lets whoever comes next lead. Whom that one reaches nobody here knows: in their turn all are tried, each
    /// for twice as long as before if nothing is chosen under any of them, since it may be a link that is
    /// narrower than anybody thinks.
    private mutating func handOverInTurn(output: inout Output) {
        guard let leader else { return }
        fruitless = min(fruitless + 1, Self.mostDoublings)
        gaveUpAt = learner.committed
        let own = membership.position(of: node) ?? 0
        let count = membership.members.count
        let heard = (1..<count).map { (own + $0) % count }
            .filter { election.isConnected(position: $0, at: now) }
        let fit = heard.first { peerCommitted[$0] >= horizon.slot } ?? heard.first
        guard let successor = fit.map({ membership.members[$0] }) else {
            stepDown(.unreachable)
            return
        }
        handOver(leader.ballot, to: successor, .unreachable, output: &output)
    }

    private static let mostDoublings = 6

    /// Asks everybody who is heard and was asked nothing in the log lane for an election timeout: a leader with
    /// nothing to propose would else not notice that appends and barriers do not reach it. Who does not lead
    /// asks those again that owe an answer: else a lane that was dead would be taken for dead for ever.
    mutating func probeLanes(output: inout Output) {
        for (position, member) in membership.members.enumerated() where member != node {
            guard leader != nil || lanes[position].isOwed,
                election.isConnected(position: position, at: now),
                now >= lanes[position].stirred.advanced(by: limits.electionTicks)
            else { continue }
            _ = ask(.answers, member, output: &output)
        }
    }

    // MARK: - Around a dead lane

    /// Whom to give what is for the leader: itself, or somebody to pass it on if there is no way to it.
    var route: NodeID? {
        guard let straight = election.route(at: now), straight != node,
            let position = membership.position(of: straight), isLogLaneDead(at: position)
        else { return election.route(at: now) }
        return detour(around: position) ?? straight
    }

    /// Another member, after this node, so that not all take the same. Followers hear nothing of each other, so
    /// whoever does not help is found out by trying.
    private func detour(around dead: Int) -> NodeID? {
        let own = membership.position(of: node) ?? 0
        let count = membership.members.count
        let others = (1..<count).map { (own + $0) % count }
            .filter { $0 != dead && !isLogLaneDead(at: $0) }
        return others.isEmpty ? nil : membership.members[others[detours % others.count]]
    }
}

extension Immediate {
    /// The payload bytes in it.
    fileprivate var bulk: Int {
        switch self {
        case .accept(let accept): accept.run.payloadBytes
        case .page(let page): page.rows.reduce(0) { $0 + $1.entry.payloadBytes }
        case .catchUp(let answer): answer.rows.reduce(0) { $0 + $1.entry.payloadBytes }
        case .baseChunk(let chunk): chunk.bytes.count
        case .snapshotPiece(let piece): piece.bytes.count
        case .forward(let forward): forward.payloads.bytes
        default: 0
        }
    }
}
