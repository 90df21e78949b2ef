/// Phase 1 from both sides: once for a ballot, over the whole suffix of the log.
extension Replica {
    /// Begins phase 1 under a ballot above every one seen. With `first`, it asks for everything from that
    /// slot on, to learn from it what nobody hands on.
    mutating func campaign(learningFrom first: Slot? = nil, output: inout Output) {
        let round = max(highestSeen, acceptor.promised).round + 1
        let ballot = Ballot(round: round, node: node)
        note(ballot)
        // Durable before the ballot is used: its Prepare is testimony of this write (`R4`).
        output.rows.lastRound = round
        endLeadership(first == nil ? .higherBallot : .missingSlots)
        tell(.campaigned(ballot))
        role.candidate = Candidate(
            ballot: ballot,
            membership: membership,
            rule: rules.recovery,
            learningFrom: first,
            now: now,
            limits: limits
        )
        for member in membership.members where member != node {
            output.testify(.prepare(Prepare(ballot: ballot)), to: member)
        }
        promise(Prepare(ballot: ballot), to: node, output: &output)
    }

    private mutating func promise(_ prepare: Prepare, to sender: NodeID, output: inout Output) {
        acceptor.receive(
            prepare,
            from: sender,
            // It leaves behind the base that is on its way to the disk, if one is.
            committed: max(deliverable, acceptor.trimmed),
            recent: recent,
            output: &output
        )
    }

    mutating func receive(_ prepare: Prepare, from sender: NodeID, output: inout Output) {
        note(prepare.ballot)
        promise(prepare, to: sender, output: &output)
        guard prepare.ballot == acceptor.promised else { return }
        yieldToPromise()
        // It may have many pages to fetch from others yet: it says so from time to time.
        if sender != node { election.yield(at: now) }
    }

    mutating func receive(_ promise: Promise, from sender: NodeID, output: inout Output) {
        notePeer(sender, committed: promise.committed)
        if promise.trimmed > learner.committed {
            // What it would begin with, nobody may show it: it learns before it leads (`R16`).
            learner.hear(committed: promise.committed, from: sender)
            learn(output: &output)
        }
        if let candidate, promise.ballot == candidate.ballot, !candidate.isLearning,
            isBehind(promise.recent), election.mayGiveWay
        {
            // It would lead, and fetch for as long as that takes: whoever has it all may lead at once.
            handOver(candidate.ballot, to: sender, .behind, output: &output)
            return
        }
        role.candidate?.receive(promise, from: sender, output: &output)
        role.candidate?.extend(by: promise, from: sender, now: now, limits: limits)
        leadIfComplete(output: &output)
    }

    /// Serves a page, or says that what it would hold is trimmed (`R15`).
    mutating func showPage(_ request: PageRequest, to sender: NodeID, output: inout Output) {
        if let page = acceptor.page(request) {
            output.send(.page(page), to: sender)
        } else if request.from <= acceptor.trimmed {
            let reject = Reject(
                ballot: request.ballot,
                promised: acceptor.promised,
                committed: deliverable,
                reason: .trimmed
            )
            output.send(.reject(reject), to: sender)
        }
    }

    /// Becomes leader once every page of a quorum is in, and behind what any of that has trimmed: not before the
    /// base of that is on the disk, since the own acceptor takes nothing until then.
    mutating func leadIfComplete(output: inout Output) {
        guard installing == nil, let candidate, learner.committed >= candidate.trimmed,
            let entries = candidate.recovery()
        else { return }
        role.leader = Leader(
            ballot: candidate.ballot,
            committed: candidate.committed,
            recovered: entries.count,
            members: membership.members.count,
            limits: limits,
            now: now
        )
        tell(.becameLeader(candidate.ballot))
        for position in lanes.indices { lanes[position].forget() }
        beginFloor()
        recovered = FIFO()
        assigned = LogState()
        for entry in entries { recovered.append(entry) }
        for token in Self.wholeTokens(in: entries) { assigned.consume(token) }
        if let first = candidate.chosen.first {
            learn(chosen: candidate.chosen, from: first.slot, output: &output)
        }
        // Slots up to C are learned, not proposed: whatever is stored here of them may be stale (`R77`).
        learner.receive(notice: candidate.ballot, committed: candidate.committed)
        learn(output: &output)
    }

    /// The tokens of the commands that stand whole among adjoining entries. What is left of a torn batch
    /// has no effect and does not use its token up: it must be proposed again when it is forwarded (`R72`).
    private static func wholeTokens(in entries: [Entry]) -> [Token] {
        var tokens: [Token] = []
        for (place, entry) in entries.enumerated() {
            guard case .command(let first) = entry, first.index == 0 else { continue }
            let run = entries[place...].prefix(Int(first.count))
            let isWhole = run.enumerated().allSatisfy { index, entry in
                guard case .command(let command) = entry else { return false }
                return command.token == first.token && command.at == first.at
                    && Int(command.index) == index
            }
            if isWhole, run.count == Int(first.count) { tokens.append(first.token) }
        }
        return tokens
    }

    /// A proposer that has itself promised a higher ballot is none any more.
    mutating func yieldToPromise() {
        if let leader, leader.ballot < acceptor.promised { endLeadership(.higherBallot) }
        if let candidate, candidate.ballot < acceptor.promised { role.candidate = nil }
    }

    mutating func endLeadership(_ why: LeadershipEnd) {
        if let leader { tell(.lostLeadership(leader.ballot, why)) }
        role.leader = nil
        recovered = FIFO()
    }

    mutating func note(_ ballot: Ballot) {
        highestSeen = max(highestSeen, ballot)
    }
}
