/// How one process of a member takes the place of another, and what is remembered for that.
///
///     newcomer                        this node                       the process that counts
///        | anything                       |                                     |
///        | ---------------------------->  |                                     |
///        |  hello: holds (boot, nonce)    |                                     |
///        | <----------------------------  |                                     |
///        |  hello: proof of (boot, nonce) |                                     |
///        | ---------------------------->  |                                     |
///        |             challenge n        |               challenge n           |
///        | <----------------------------  | --------------------------------->  |
///        |             answer n           |         answer n, if it lives       |
///        | ---------------------------->  | <---------------------------------  |
///
/// The newcomer's lineage must hold the process that counts, and have opened its next boot by a write with a
/// higher number than any that was heard: so it holds all that the other ever testified to. And the other must
/// not have answered for an election timeout: a copy of an idle directory holds everything too, and if
/// both were counted two acceptors would pass for one (`R76`, `R81`). That time is counted in challenges that the
/// newcomer has answered and the other has not, one after the other. So neither a pause of this node nor a
/// link that carries nothing passes for silence, and who has ended itself succeeds nobody.
extension Admission {
    /// Those kept of one member: a restart, a copy, and what is late of others.
    private static var mostNewcomers: Int { 4 }
    /// So many times longer than it takes to be counted, newcomers that do not answer are remembered.
    private static var patience: Int { 4 }
    /// A higher write number is on disk within this time, with a batch that goes there anyway, or by itself.
    private static var lazyTicks: UInt64 { 10 }
    static var heardTicks: UInt64 { 80 }
    /// Who says nothing is asked what it has heard this often.
    static var quietTicks: UInt64 { 100 }
    /// The least rounds that must be lost, however short an election timeout is: links lose messages.
    private static var leastRounds: Int { 6 }

    /// The rounds of an election timeout.
    private var rounds: Int {
        guard rule.awaitsSilence else { return 0 }
        return max(Self.leastRounds, Int((timeout + interval - 1) / interval))
    }

    // MARK: - Of peers

    /// A later process than the one that counts has spoken.
    mutating func succeed(
        _ envelope: Envelope,
        at place: Int,
        now: Tick,
        output: inout Output
    ) -> Verdict {
        guard let record = peers[place].record else { return .held }
        let process = envelope.sender.process
        guard rule.asksForProof else {
            let heard = max(record.heard, envelope.written)
            replace(record, by: (process, heard, envelope.stamp), at: place, output: &output)
            return .held
        }
        if let livedAt = peers[place].livedAt {
            guard now >= livedAt.advanced(by: timeout) else { return .refused(.twin) }
            peers[place].livedAt = nil
        }
        if let proof = envelope.hello?.proof, proof.process == record.presence.process {
            guard isShown(proof, by: envelope, of: record) else {
                peers[place].newcomers.removeAll { $0.process == process }
                if peers[place].newcomers.isEmpty { peers[place].contest = nil }
                return .refused(.rolledBack)
            }
            admitNewcomer(process, proof.next, envelope, at: place, now: now)
        }
        let isProven = listen(to: envelope, at: place, now: now)
        if !isProven, isBesideTheLiving(process, at: place, now: now) { return .refused(.twin) }
        return .newcomer(isProven: isProven)
    }

    /// It goes on speaking, shows no proof since it does not hear what it is asked, as at another address, and the
    /// process that counts is heard as well: it learns that it runs twice.
    private mutating func isBesideTheLiving(
        _ process: ProcessID,
        at place: Int,
        now: Tick
    ) -> Bool {
        if peers[place].unproven?.process != process { peers[place].unproven = (process, now) }
        guard let since = peers[place].unproven?.since, let heardAt = peers[place].heardAt else {
            return false
        }
        return now >= since.advanced(by: timeout)
            && now < heardAt.advanced(by: Self.quietTicks + timeout)
    }

    /// Whether it holds all that was heard of the process that counts.
    private func isShown(_ proof: Proof, by envelope: Envelope, of record: PeerRecord) -> Bool {
        guard proof.process == record.presence.process, envelope.written >= proof.next else {
            return false
        }
        return proof.next > record.heard || !rule.comparesHistory
    }

    /// It is the process that counts, or has shown its proof, be it with this very message. Before they have met
    /// whoever speaks is taken for it.
    func isTrusted(_ envelope: Envelope) -> Bool {
        let sender = envelope.sender
        guard let peer = peers.first(where: { $0.node == sender.node }), let record = peer.record
        else { return true }
        return record.presence == sender.presence
            || peer.newcomers.contains { $0.process == sender.process }
            || envelope.hello?.proof.map { isShown($0, by: envelope, of: record) } ?? false
    }

    private mutating func admitNewcomer(
        _ process: ProcessID,
        _ next: WriteNumber,
        _ envelope: Envelope,
        at place: Int,
        now: Tick
    ) {
        guard !peers[place].newcomers.contains(where: { $0.process == process }) else { return }
        if peers[place].newcomers.count == Self.mostNewcomers,
            let oldest = peers[place].newcomers.indices.min(by: {
                peers[place].newcomers[$0].heardAt < peers[place].newcomers[$1].heardAt
            })
        {
            peers[place].newcomers.remove(at: oldest)
        }
        peers[place].newcomers.append(
            Newcomer(
                process: process,
                next: next,
                heard: envelope.written,
                tag: envelope.stamp,
                heardAt: now
            )
        )
    }

    /// False if it has not shown its proof.
    private mutating func listen(to envelope: Envelope, at place: Int, now: Tick) -> Bool {
        guard
            let index = peers[place].newcomers.firstIndex(where: {
                $0.process == envelope.sender.process
            })
        else { return false }
        peers[place].newcomers[index].heardAt = now
        if envelope.written > peers[place].newcomers[index].heard {
            peers[place].newcomers[index].heard = envelope.written
            peers[place].newcomers[index].tag = envelope.stamp
        }
        if let answer = envelope.challengeAnswer, answer.id == peers[place].contest?.ids.last {
            peers[place].newcomers[index].hasAnswered = true
        }
        return true
    }

    /// The process that counts has answered: it lives, whatever comes beside it.
    mutating func hear(_ answer: ChallengeAnswer, at place: Int, now: Tick) {
        guard let contest = peers[place].contest, contest.ids.contains(answer.id) else { return }
        peers[place].livedAt = now
        peers[place].newcomers = []
        peers[place].contest = nil
    }

    /// Asks who counts whether it lives, and lets a newcomer take its place if only that one answers.
    ///
    /// - Returns: The members of which several newcomers live: all of these were refused.
    @discardableResult
    mutating func advance(at now: Tick, output: inout Output) -> [NodeID] {
        var refused: [NodeID] = []
        for place in peers.indices where !peers[place].newcomers.isEmpty {
            guard peers[place].contest.map({ now >= $0.nextSend }) ?? true else { continue }
            if peers[place].newcomers.count(where: \.hasAnswered) > 1 {
                refuseAll(place, output: &output)
                refused.append(peers[place].node)
            }
            turn(place, at: now, output: &output)
        }
        return refused
    }

    private mutating func turn(_ place: Int, at now: Tick, output: inout Output) {
        guard let record = peers[place].record else { return }
        var contest = peers[place].contest ?? Contest(ids: [nextChallenge()], nextSend: now)
        let answers = peers[place].newcomers.count(where: \.hasAnswered)
        if answers > 0 {
            for index in peers[place].newcomers.indices {
                // Of two that live one is a copy, and nobody can say which: neither counts.
                let isAlone = answers == 1 && peers[place].newcomers[index].hasAnswered
                let silences = peers[place].newcomers[index].silences
                peers[place].newcomers[index].silences = isAlone ? silences + 1 : 0
                peers[place].newcomers[index].hasAnswered = false
            }
            // Two that go on answering side by side are asked for as long as they live.
            contest.ids = contest.ids.suffix(Self.patience * max(1, rounds) - 1)
            contest.ids.append(nextChallenge())
            contest.sends = 1
        } else {
            contest.sends += 1
        }
        let isOver = contest.sends > Self.patience * max(1, rounds)
        let compares = rule.comparesHistory
        // Its predecessor may have said more since it showed its proof.
        peers[place].newcomers.removeAll { isOver || (compares && $0.next <= record.heard) }
        let needed = rounds
        if let next = peers[place].newcomers.filter({ $0.silences >= needed })
            .max(by: { $0.process.boot < $1.process.boot })
        {
            replace(record, by: (next.process, next.heard, next.tag), at: place, output: &output)
            return
        }
        guard !peers[place].newcomers.isEmpty, let id = contest.ids.last else {
            peers[place].contest = nil
            return
        }
        contest.nextSend = now.advanced(by: interval)
        peers[place].contest = contest
        ask(record.presence.process, at: place, Challenge(id: id), output: &output)
        for newcomer in peers[place].newcomers {
            ask(newcomer.process, at: place, Challenge(id: id), output: &output)
        }
    }

    /// Those that have answered side by side learn why they do not count.
    private func refuseAll(_ place: Int, output: inout Output) {
        let node = peers[place].node
        let holds = holds(node)
        for newcomer in peers[place].newcomers where newcomer.hasAnswered {
            output.messages.append(
                envelope(
                    to: node,
                    newcomer.process,
                    naming: holds?.process,
                    .immediate(.refused(Refused(reason: .twin, holds: holds)))
                )
            )
        }
    }

    private func ask(
        _ process: ProcessID,
        at place: Int,
        _ challenge: Challenge,
        output: inout Output
    ) {
        output.messages.append(
            envelope(
                to: peers[place].node,
                process,
                naming: process,
                .immediate(.challenge(challenge))
            )
        )
    }

    private mutating func nextChallenge() -> UInt64 {
        challenges += 1
        let own = identity.process
        return secret.number(2, own.boot.rawValue, own.nonce.rawValue, challenges)
    }

    private mutating func replace(
        _ record: PeerRecord,
        by next: (process: ProcessID, heard: WriteNumber, tag: UInt64),
        at place: Int,
        output: inout Output
    ) {
        var record = record
        record.boot = next.process.boot
        record.nonce = next.process.nonce
        record.heard = next.heard
        record.tag = next.tag
        peers[place].agreed = next.process
        peers[place].newcomers = []
        peers[place].contest = nil
        peers[place].unproven = nil
        peers[place].heardAt = nil
        write(record, at: place, output: &output)
    }

    /// With all that was heard by now.
    mutating func write(_ record: PeerRecord, at place: Int, output: inout Output) {
        peers[place].record = record
        peers[place].submitted = record.heard
        peers[place].unwrittenSince = nil
        output.rows.peers.append(record)
    }

    /// A statement names the number of its receipt, anything else that of the newest one. Whatever it was, it is
    /// remembered and handed back; on disk it goes for the sake of what others rely on.
    mutating func note(_ envelope: Envelope, at place: Int, now: Tick) {
        guard let heard = peers[place].record?.heard else { return }
        if envelope.written > heard {
            peers[place].record?.heard = envelope.written
            peers[place].record?.tag = envelope.stamp
        }
        if isReliedOn(envelope.message, at: place), envelope.written > peers[place].submitted,
            peers[place].unwrittenSince == nil
        {
            peers[place].unwrittenSince = now
        }
    }

    /// What follows from a higher floor is that others forget rows: that this process was so far must not be
    /// forgotten (`R81`). One that is lower takes back what was invented in its name.
    private mutating func isReliedOn(_ message: Message, at place: Int) -> Bool {
        guard case .immediate(.heartbeatReply(let reply)) = message else {
            return message.testifies
        }
        guard reply.floor != peers[place].floor else { return false }
        peers[place].floor = reply.floor
        return true
    }

    /// Records whose write number is to go to disk now.
    mutating func lazyRecords(at now: Tick, anyway: Bool) -> [PeerRecord] {
        var records: [PeerRecord] = []
        for place in peers.indices {
            guard let since = peers[place].unwrittenSince, let record = peers[place].record,
                now >= since.advanced(by: anyway ? Self.lazyTicks : Self.heardTicks)
            else { continue }
            peers[place].unwrittenSince = nil
            peers[place].submitted = record.heard
            records.append(record)
        }
        return records
    }

    /// Members that have been silent: they are asked what they have heard, since followers have nothing
    /// else to say to each other.
    mutating func takeQuiet(at now: Tick) -> [NodeID] {
        guard isEstablished else { return [] }
        var quiet: [NodeID] = []
        for place in peers.indices
        where now >= peers[place].quietSince.advanced(by: Self.quietTicks) {
            peers[place].quietSince = now
            quiet.append(peers[place].node)
        }
        return quiet
    }

    var nextDeadline: Tick {
        var next = Tick.never
        for peer in peers {
            if isEstablished {
                next = min(next, peer.quietSince.advanced(by: Self.quietTicks))
                if let since = peer.unwrittenSince {
                    next = min(next, since.advanced(by: Self.heardTicks))
                }
            }
            if let contest = peer.contest { next = min(next, contest.nextSend) }
        }
        return next
    }
}

extension Message {
    /// Others rely on what its sender's disk holds: a statement, and everything a leader says, whose own
    /// acceptance is part of what it counts and is told to nobody by itself. Not what followers say without a
    /// write, or two idle members would go on writing down each other's numbers.
    var testifies: Bool {
        switch self {
        case .statement, .immediate(.accept), .immediate(.commit), .immediate(.heartbeat): true
        default: false
        }
    }
}
