import PaxosCore

/// The stories of aimed faults (`Aim`).
extension World {
    /// From a generator of its own: where nothing is aimed at, a seed keeps the rest of its story.
    func drawAim(seed: UInt64) {
        var random = SeededGenerator(seed: seed ^ 0x6169_6d65)
        let drawn = Aim.draw(&random).filter(faults.contains)
        guard !drawn.isEmpty, membership.members.count > 2 else { return }
        mix.makeRoom(random: &random)
        aim = Aim(drawn: drawn, random: random)
        agenda.put(.aim, at: now.advanced(byTicks: 10))
    }

    /// Moments of an election timeout.
    private var timeout: Int { Int(mix.limits.electionTicks * Moment.perTick) }

    /// Looks how far the story is.
    func takeAim() throws(Violation) {
        guard let stage = aim?.stage, !isQuiescing else { return }
        agenda.put(.aim, at: now.advanced(by: patience(in: stage)))
        if let ends = aim?.ends, ends <= now, !isResting {
            endAim()
            return
        }
        switch stage {
        case .rest: beginStory()
        case .forgetful(let place): remind(place)
        case .starved(let place): starve(place)
        case .hub(let place):
            if nodes[place].process?.wasLeader == true { endAim() }
        case .armed, .fetching, .silent, .over: break
        case .third(let ballot):
            let isFollowed = presentLeader.map { self.ballot(of: $0) > ballot } == true
            if isFollowed { enter(.over, timeouts: 1) }
        case .copied(let place): try putBack(place)
        case .old(let place): try openAgain(place)
        case .alone(let place, let ballot):
            putToSleep(nodes[place])
            askNext(after: place, ballot)
        case .asked(let place, let ballot): try cutOffNext(to: place, ballot)
        }
    }

    /// Moments until the next look: what is chosen is known to all within a few.
    private func patience(in stage: Aim.Stage) -> Int {
        if case .asked = stage { 1 } else { Int(Moment.perTick) / 2 }
    }

    private var isResting: Bool { if case .rest = aim?.stage { true } else { false } }

    private func enter(_ stage: Aim.Stage, timeouts: Int) {
        aim?.stage = stage
        aim?.ends = now.advanced(by: timeouts * timeout)
    }

    /// Ends the story, and whatever it has cut or held.
    func endAim() {
        guard let ended = aim else { return }
        for cut in ended.cuts { network.heal(cut) }
        for node in nodes { node.losesNextRows = false }
        wakeSleeper()
        let pause = (aim?.random.within(1...4) ?? 1) * timeout / 4
        aim?.stage = .rest
        aim?.ends = now.advanced(by: pause)
        aim?.cuts = []
        aim?.waiting = []
        for (envelope, sender, receiver) in ended.waiting where receiver < nodes.count {
            transmit(envelope, from: nodes[sender], to: nodes[receiver])
        }
    }

    private func tell(_ kind: FaultKind, _ node: SimulatedNode) {
        counts.count(kind)
        note(kind, node)
    }

    private func beginStory() {
        guard var current = aim, current.ends <= now, let kind = current.next(),
            let leader = presentLeader,
            nodes.dropFirst(membership.members.count).allSatisfy(\.isRetired)
        else { return }
        let others = nodes.filter {
            $0 !== leader && $0.isHealthy && !$0.isPaused && $0.process?.hasClosed == false
                && $0.store.ledger != nil && haveAllMet($0)
        }
        let other = current.random.pick(others)
        let count = current.random.within(1...3)
        current.kind = kind
        aim = current
        guard let other else { return }
        switch kind {
        case .lostWrite:
            other.losesNextRows = true
            enter(.armed, timeouts: 1)
            call(leader, count)
        case .rollback:
            let most = (membership.members.count - 1) / 2
            guard nodes.filter({ !$0.isTwin && $0.isDamaged }).count < most else { return }
            aim?.copy = (other.store.disk, other.generation)
            enter(.copied(other.index), timeouts: 12)
        case .threeLeaders:
            tell(.threeLeaders, leader)
            isolate([leader])
            let isSleepy = aim?.random.oneIn(4) == true && faults.contains(.pause)
            aim?.isSleepy = isSleepy
            propose(alone: leader)
            enter(.alone(leader.index, ballot(of: leader)), timeouts: 8)
        default:
            let links = nodes.indices.filter { $0 != other.index }
                .map { network.link(from: $0, to: other.index) }
            tell(kind, other)
            cut(links, [.log])
            enter(.starved(other.index), timeouts: 8)
        }
    }

    /// Who leads under the highest ballot.
    private var presentLeader: SimulatedNode? {
        nodes.filter { node in
            guard let process = node.process else { return false }
            return process.wasLeader && !node.isPaused && !process.isClosing && !node.isTwin
        }
        .max { ballot(of: $0) < ballot(of: $1) }
    }

    private func ballot(of node: SimulatedNode) -> Ballot {
        node.process?.core.status.ballot ?? .zero
    }

    private func call(_ node: SimulatedNode, _ count: Int) {
        guard let process = node.process, !process.hasClosed else { return }
        for _ in 0..<count where process.inbox.count < mix.limits.inboxAppends {
            submitAppend(count: 1, isBatch: false, size: 8, deadline: .never, process)
        }
        schedule(node)
    }

    /// Nobody hears these, and they hear nobody.
    private func isolate(_ isolated: [SimulatedNode]) {
        var links: [Int] = []
        for node in isolated {
            for other in nodes where other !== node {
                links.append(network.link(from: node.index, to: other.index))
                links.append(network.link(from: other.index, to: node.index))
            }
        }
        cut(links)
    }

    private func cut(_ links: [Int], _ lanes: [Lane] = Lane.allCases) {
        let number = network.impair(links, lanes)
        aim?.cuts.append(number)
    }

    // MARK: - A write that is lost

    /// A process ends when it has written rows, none of what has no receipt is left, and it is back before
    /// anybody has missed it.
    func loseRows(of node: SimulatedNode) throws(Violation) {
        node.losesNextRows = false
        counts.count(.lostWrite)
        try crash(node, keeping: 0)
        agenda.put(.start(node.index), at: now.advanced(by: 1))
        enter(.forgetful(node.index), timeouts: 4)
    }

    /// The leader goes on, so that whoever has forgotten something has to say what it has.
    private func remind(_ place: Int) {
        guard nodes[place].process != nil, let leader = presentLeader,
            aim?.random.oneIn(8) == true
        else { return }
        call(leader, 1)
    }

    // MARK: - A copy of what went on

    /// Once somebody has met what the copy lacks.
    private func putBack(_ place: Int) throws(Violation) {
        let node = nodes[place]
        guard let copy = aim?.copy, node.generation == copy.generation else { return }
        guard blind(to: copy.disk, of: node.id) != nil else {
            remind(place)
            return
        }
        try rollBack(node, to: copy.disk)
        enter(.old(place), timeouts: 12)
    }

    /// Once it knows that it is out.
    private func openAgain(_ place: Int) throws(Violation) {
        let node = nodes[place]
        guard faults.contains(.crash), node.process?.core.rolledBack != nil,
            node.store.unreceipted == 0
        else { return }
        try crash(node, .crash)
        enter(.over, timeouts: 2)
    }

    // MARK: - A member that lacks more than a window

    private func starve(_ place: Int) {
        let member = nodes[place]
        guard let process = member.process, let leader = presentLeader, leader !== member else {
            return
        }
        let committed = process.core.status.committed.rawValue
        let window = UInt64(2 * mix.limits.pipelineSlots + 1)
        guard ledger.chosenThrough.rawValue > committed + window else {
            if leader.process?.inbox.count == 0 { call(leader, mix.limits.pipelineSlots) }
            return
        }
        if aim?.kind == .lateRows {
            for cut in aim?.cuts ?? [] { network.heal(cut) }
            aim?.cuts = []
            enter(.fetching(place), timeouts: 3)
            return
        }
        // The leader is heard by nobody, and the others by this member alone.
        isolate([leader])
        var links: [Int] = []
        for one in nodes where one !== member {
            for other in nodes where other !== member && other !== one {
                links.append(network.link(from: one.index, to: other.index))
            }
        }
        cut(links)
        enter(.hub(place), timeouts: aim?.random.within(4...9) ?? 4)
    }

    // MARK: - Rows that come late

    /// True if the message waits.
    func isHeldBack(
        _ envelope: Envelope,
        from sender: SimulatedNode,
        to receiver: SimulatedNode
    ) -> Bool {
        guard let stage = aim?.stage, !isQuiescing else { return false }
        switch stage {
        case .fetching(let member) where member == receiver.index:
            guard case .immediate(.catchUp(let answer)) = envelope.message, !answer.rows.isEmpty
            else { return false }
            enter(.silent(member, sender.index), timeouts: 4)
        case .silent(receiver.index, sender.index): break
        case .silent(sender.index, let silent) where receiver.index != silent:
            guard case .immediate(.catchUpRequest) = envelope.message else { return false }
            endAim()
            return false
        default: return false
        }
        aim?.waiting.append((envelope, sender.index, receiver.index))
        return true
    }

    // MARK: - Three leaders

    /// Several appends, or a batch.
    private func propose(alone leader: SimulatedNode) {
        let depth = min(mix.limits.pipelineSlots, 4)
        let most = min(mix.limits.maxBatchEntries, mix.limits.maxBatchBytes / 8, 4)
        guard most > 1, aim?.isSleepy == true || aim?.random.oneIn(4) == true,
            let process = leader.process
        else {
            call(leader, depth)
            aim?.append = appends
            return
        }
        submitAppend(count: most, isBatch: true, size: 8, deadline: .never, process)
        schedule(leader)
        aim?.append = 0
    }

    /// Once it has written what it proposes.
    private func putToSleep(_ leader: SimulatedNode) {
        guard aim?.isSleepy == true, aim?.sleeper == nil, !leader.isPaused,
            let process = leader.process, process.inbox.count == 0, leader.store.unreceipted == 0
        else { return }
        counts.count(.pause)
        leader.isPaused = true
        aim?.sleeper = leader.index
    }

    private func wakeSleeper() {
        guard let sleeper = aim?.sleeper else { return }
        aim?.sleeper = nil
        resume(nodes[sleeper])
    }

    /// The cut-off leader's last append is asked for at the next one, where it gets a lower slot; or else
    /// another, in the first slot of a batch.
    private func askNext(after place: Int, _ ballot: Ballot) {
        guard let next = presentLeader, next.index != place, self.ballot(of: next) > ballot,
            let append = aim?.append
        else { return }
        let others = nodes.filter {
            $0 !== next && $0.index != place && $0.process?.hasClosed == false && !$0.isTwin
        }
        let entry = ledger.proposed(within: 64).last { $0.append == append }
        if let entry, aim?.sleeper == nil, aim?.random.below(4) != 0,
            let other = aim?.random.pick(others),
            let process = other.process
        {
            retry(entry, from: other, process, at: next)
        } else {
            call(next, 1)
            aim?.append = appends
        }
        enter(.asked(place, self.ballot(of: next)), timeouts: 4)
    }

    /// Once it is chosen the next leader is cut off in its turn, with as many that a quorum needs the first.
    private func cutOffNext(to first: Int, _ ballot: Ballot) throws(Violation) {
        guard let append = aim?.append, ledger.expected.slot(of: append) != nil,
            let leader = presentLeader, self.ballot(of: leader) == ballot
        else { return }
        if let sleeper = aim?.sleeper, let process = nodes[sleeper].process {
            guard ledger.acknowledged > process.core.status.committed else { return }
            barrier(nodes[sleeper], process)
        }
        wakeSleeper()
        for cut in aim?.cuts ?? [] { network.heal(cut) }
        aim?.cuts = []
        let count = membership.members.count
        let others = nodes.prefix(count).filter { $0 !== leader && $0.index != first }
            .sorted { $0.isDamaged && !$1.isDamaged }
        let apart = (count - 1) / 2 - 1
        isolate([leader] + others.prefix(apart))
        enter(.third(ballot), timeouts: 8)
        guard faults.contains(.crash), aim?.random.oneIn(3) == true else { return }
        // Whoever has accepted it has only what is on disk.
        for other in others.dropFirst(apart) where other.process != nil {
            try crash(other, .crash)
        }
    }
}

extension Entry {
    /// The number of the append that it belongs to.
    fileprivate var append: Int? {
        if case .command(let command) = self { PayloadLabel(command.payload)?.append } else { nil }
    }
}
