import PaxosCore

/// Laying snares, and what they do to messages and nodes.
extension World {
    private var isAmbushed: Bool { mix.isAmbushed && !isQuiescing && stage == nil && host == nil }

    /// Looks for a victim from time to time, and ends what has lasted too long.
    func layAmbush() {
        guard mix.isAmbushed, !isQuiescing else { return }
        agenda.put(.ambush, at: now.advanced(by: ambush.random.within(mix.ambushInterval)))
        for place in ambush.snares.indices.reversed() where ambush.snares[place].ends <= now {
            endSnare(place)
        }
        askTheDeposed()
        let leaders = nodes.filter { $0.process?.wasLeader == true && !$0.isPaused }
        guard let victim = ambush.random.pick(leaders) else { return }
        laySnare(for: victim, isCandidate: false)
    }

    /// A node has begun to lead, or to campaign: nothing of what it says in this step has left.
    func noticeRole(of node: SimulatedNode, _ role: NodeRole) {
        guard isAmbushed else { return }
        if role == .leader {
            for place in ambush.snares.indices
            where ambush.snares[place].release == .lead && ambush.snares[place].victim != node.index
            {
                for member in nodes.indices { release(place, to: member) }
            }
        }
        switch role {
        case .leader where ambush.random.below(4) > 0: laySnare(for: node, isCandidate: false)
        case .candidate where ambush.random.oneIn(5): laySnare(for: node, isCandidate: true)
        default: break
        }
    }

    private func laySnare(for victim: SimulatedNode, isCandidate: Bool) {
        guard let process = victim.process, let ballot = process.core.status.ballot,
            nodes.count > 1,
            !ambush.snares.contains(where: { $0.ballot >= ballot || !$0.isSprung })
        else { return }
        let others = nodes.indices.filter { nodes[$0].id != victim.id }
        let shut: Ambush.Way = ambush.random.below(3) > 0 ? .waits : .isLost
        var ways = Array(repeating: shut, count: membership.members.count + 1)
        let reached = reached(of: others)
        for member in reached { ways[member] = .open }
        let timeout = Int(mix.limits.electionTicks)
        ambush.snares.append(
            Ambush.Snare(
                victim: victim.index,
                ballot: ballot,
                ways: ways,
                shut: shut,
                isDeaf: ambush.random.below(3) > 0,
                isWide: ambush.random.oneIn(4) && faults.contains(.crash),
                reached: reached,
                release: ambush.random.pick(Ambush.Release.allCases) ?? .end,
                fate: drawFate(),
                ends: now.advanced(byTicks: timeout * ambush.random.within(3...8))
            )
        )
        counts.count(.ambush)
        trace.note(.fault, at: now, victim, 0, 0, "ambush")
        springIfShut(ambush.snares.count - 1)
        guard !isCandidate else { return }
        if !repeatProposal(at: victim) { bait(victim) }
        if let other = ambush.random.pick(others), ambush.random.oneIn(2) { bait(nodes[other]) }
    }

    /// Nobody, one short of a quorum, just a quorum, or everybody.
    private func reached(of others: [Int]) -> [Int] {
        let quorum = (others.count + 1) / 2
        let count = [0, 0, max(0, quorum - 1), quorum, quorum, others.count][ambush.random.below(6)]
        var left = others
        while left.count > count { left.remove(at: ambush.random.below(left.count)) }
        return left
    }

    private func drawFate() -> Ambush.Fate {
        let fate = ambush.random.pick(Ambush.Fate.allCases) ?? .livesOn
        let kind: FaultKind? =
            switch fate {
            case .livesOn: nil
            case .crashes: .crash
            case .crashesAtWrite: .crashAtWrite
            case .pauses: .pause
            }
        guard ambush.random.oneIn(2), let kind, faults.contains(kind) else { return .livesOn }
        return fate
    }

    private func bait(_ node: SimulatedNode) {
        guard let process = node.process, !process.hasClosed,
            process.inbox.count + 3 <= mix.limits.inboxAppends
        else { return }
        // A batch of which the next leader proposes only a part is torn.
        let most = min(mix.limits.maxBatchEntries, mix.limits.maxBatchBytes / 8)
        let isBatch = ambush.random.oneIn(2)
        let batch = ambush.random.within(2...4)
        let count = [1, 2, 3, 4][ambush.random.below(4)]
        if isBatch, batch <= most {
            submitAppend(count: batch, isBatch: true, size: 8, deadline: .never, process)
        } else {
            for _ in 0..<count {
                submitAppend(count: 1, isBatch: false, size: 8, deadline: .never, process)
            }
        }
        schedule(node)
    }

    /// The caller of what an earlier leader proposed last asks the next one for it, so that it may stand in
    /// two slots.
    private func repeatProposal(at leader: SimulatedNode) -> Bool {
        guard ambush.snares.count > 1, ambush.random.below(3) > 0,
            let entry = ledger.proposed(within: 1).last,
            let other = ambush.random.pick(
                nodes.filter { $0.id != leader.id && $0.process != nil }
            ),
            let process = other.process
        else { return false }
        retry(entry, from: other, process, at: leader)
        return true
    }

    /// A victim that still believes to lead is asked what it knows.
    private func askTheDeposed() {
        for snare in ambush.snares where ambush.random.oneIn(2) {
            let node = nodes[snare.victim]
            guard let process = node.process, !process.hasClosed, process.wasLeader else {
                continue
            }
            barrier(node, process)
            schedule(node)
        }
    }

    // MARK: - What is on its way

    /// True if the message goes no farther, for now or for good.
    func intercept(
        _ envelope: Envelope,
        from sender: SimulatedNode,
        to receiver: SimulatedNode
    ) -> Bool {
        guard !ambush.snares.isEmpty, isAmbushed else { return false }
        for place in ambush.snares.indices {
            let snare = ambush.snares[place]
            if let ballot = envelope.message.answers(snare.release), ballot > snare.ballot {
                release(place, to: sender.index)
            }
        }
        var shut: Int?
        defer { if let shut { springIfShut(shut) } }
        for place in ambush.snares.indices {
            let snare = ambush.snares[place]
            if snare.isDeaf, receiver.index == snare.victim { return true }
            guard sender.index == snare.victim else { continue }
            switch snare.ways[receiver.index] {
            case .waits:
                ambush.snares[place].waiting.append((envelope, receiver.index))
                return true
            case .isLost: return true
            case .open where envelope.message.proposes == snare.ballot:
                ambush.snares[place].ways[receiver.index] = snare.shut
                shut = place
            case .open, .free: continue
            }
        }
        return false
    }

    /// What waited for it and arrives together with a message.
    func companions(
        of envelope: Envelope,
        at receiver: SimulatedNode
    ) -> (before: [Envelope], after: [Envelope]) {
        var companions: (before: [Envelope], after: [Envelope]) = ([], [])
        guard isAmbushed, let ballot = envelope.message.proposes else { return companions }
        for place in ambush.snares.indices where ambush.snares[place].ballot < ballot {
            switch ambush.snares[place].release {
            case .before: companions.before += ambush.free(place, to: receiver.index)
            case .after: companions.after += ambush.free(place, to: receiver.index)
            case .promise, .page, .lead, .end: break
            }
        }
        return companions
    }

    /// Who is asked to promise or to accept may end in the write that this takes.
    func interrupt(_ envelope: Envelope, at receiver: SimulatedNode) {
        guard isAmbushed, mix.interruptedPermille > 0, faults.contains(.crashAtWrite) else {
            return
        }
        switch envelope.message {
        case .statement(.prepare), .immediate(.accept):
            guard ambush.random.happens(permille: mix.interruptedPermille) else { return }
            receiver.armed = ambush.random.pick(WriteBoundary.allCases)
        default: return
        }
    }

    private func release(_ place: Int, to member: Int) {
        let victim = nodes[ambush.snares[place].victim]
        for envelope in ambush.free(place, to: member) {
            transmit(envelope, from: victim, to: nodes[member])
        }
    }

    // MARK: - The life of a snare

    /// All its links are shut: an earlier victim comes back, so that a quorum is left.
    private func springIfShut(_ place: Int) {
        let snare = ambush.snares[place]
        guard !snare.isSprung, !snare.ways.contains(.open) else { return }
        ambush.snares[place].isSprung = true
        for earlier in (0..<place).reversed() { endSnare(earlier) }
        let victim = nodes[snare.victim]
        if ambush.random.happens(permille: mix.wipedPermille), faults.contains(.wipe) {
            // Once it has answered, or just before.
            let member = ambush.random.below(membership.members.count)
            let delay = ambush.random.below(3 * mix.flushTime.upperBound)
            if member != snare.victim { agenda.put(.wipe(member), at: now.advanced(by: delay)) }
        }
        if snare.isWide {
            for member in snare.reached { crashSoon(nodes[member]) }
        }
        guard let process = victim.process else { return }
        switch snare.fate {
        case .livesOn: return
        case .crashes: crashSoon(victim)
        case .crashesAtWrite:
            victim.armed = ambush.random.pick(WriteBoundary.allCases)
        case .pauses where !victim.isPaused && !process.hasClosed:
            counts.count(.pause)
            victim.isPaused = true
            agenda.put(.resume(victim.index), at: snare.ends)
        case .pauses: return
        }
    }

    /// Before or after what it is writing is durable.
    private func crashSoon(_ node: SimulatedNode) {
        let flush = mix.flushTime.upperBound + mix.delay.upperBound
        agenda.put(
            .crash(node.index, generation: node.generation),
            at: now.advanced(by: ambush.random.below(3 * flush))
        )
    }

    private func endSnare(_ place: Int) {
        for member in nodes.indices { release(place, to: member) }
        ambush.snares.remove(at: place)
    }

    /// Nobody is ambushed any more, and what waited goes on.
    func endAmbush() {
        for place in ambush.snares.indices.reversed() { endSnare(place) }
    }
}
