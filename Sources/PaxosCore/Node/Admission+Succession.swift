/// How one process of a member takes the place of another, and what is remembered for that.
///
///     newcomer                        this node                       the process that counts
///        | anything                       |                                     |
///        | ---------------------------->  | challenge, every heartbeat          |
///        |  hello: holds (boot, nonce)    | --------------------------------->  |
///        | <----------------------------  |             answer, if it lives     |
///        |  hello: proof of (boot, nonce) | <---------------------------------  |
///        | ---------------------------->  |                                     |
///
/// The newcomer's lineage must hold the process that counts, and have opened its next boot by a write with a
/// higher number than any that was heard: so it holds all that the other ever testified to. And the other must
/// have been silent for an election timeout: a copy of an idle directory holds everything too, and if
/// both were counted two acceptors would pass for one (`R76`, `R81`).
extension Admission {
    /// Those kept of one member: a restart, a copy, and what is late of others.
    private static var mostNewcomers: Int { 4 }
    /// Ticks in which a silence or a newcomer is forgotten, in timeouts.
    private static var timeoutsKept: UInt64 { 4 }
    /// A higher write number is on disk within this time, with a batch that goes there anyway, or by itself.
    private static var lazyTicks: UInt64 { 10 }
    static var heardTicks: UInt64 { 80 }
    /// Who says nothing is asked what it has heard this often.
    static var quietTicks: UInt64 { 100 }

    // MARK: - Of this node

    /// What the sender claims to have met of this node, if this directory contradicts it.
    mutating func judge(_ envelope: Envelope, key: ClaimKey) -> RolledBack? {
        guard envelope.tag != 0 || envelope.heard != .none else { return nil }
        guard let process = envelope.claimed(of: identity.incarnation) else { return nil }
        let claim = Claim(process: process, heard: envelope.heard)
        guard key.tag(claim, about: identity.node) == envelope.tag else {
            invented += 1
            return nil
        }
        guard rule.latches, let cause = lineage.contradicts(claim, newest: newest) else {
            return nil
        }
        return RolledBack(witness: envelope.sender.node, cause: cause)
    }

    /// What shows the sender of a message that this process succeeds the one it has met.
    func proof(for envelope: Envelope) -> Proof? {
        envelope.claimed(of: identity.incarnation).flatMap(lineage.proof(of:))
    }

    /// What lies below all that the peers hold durably need not be proved to anybody any more.
    mutating func confirm(_ hello: Hello, at place: Int) {
        guard let holds = hello.holds, holds.incarnation == identity.incarnation,
            holds.process.boot > peers[place].confirmed
        else { return }
        peers[place].confirmed = holds.process.boot
        let lowest = peers.map(\.confirmed).min() ?? .never
        guard lowest > lineage.floor else { return }
        lineage.prune(below: lowest)
        pruned = lineage.floor
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
            replace(record, by: process, at: place, output: &output)
            return .held
        }
        var isProven = peers[place].newcomers.first { $0.process == process }?.isProven ?? false
        if let proof = envelope.hello?.proof, proof.process == record.presence.process {
            isProven = proof.next > record.heard || !rule.comparesHistory
            if !isProven { return .refused(.rolledBack) }
        }
        peers[place].newcomers.removeAll { $0.process == process }
        if peers[place].newcomers.count == Self.mostNewcomers {
            peers[place].newcomers.removeFirst()
        }
        peers[place].newcomers.append(
            Newcomer(process: process, isProven: isProven, heardAt: now)
        )
        if let answeredAt = peers[place].challenge?.answeredAt {
            guard now >= answeredAt.advanced(by: timeout) else { return .refused(.twin) }
            peers[place].challenge = nil
        }
        if peers[place].challenge == nil { challenge(place, at: now) }
        return .newcomer(isProven: isProven)
    }

    private mutating func challenge(_ place: Int, at now: Tick) {
        challenges += 1
        let own = identity.process
        let id = secret.number(3, own.boot.rawValue, own.nonce.rawValue, challenges)
        peers[place].challenge = Challenging(id: id, since: now, nextSend: now)
    }

    /// Asks who counts whether it lives, and lets a newcomer that is proven take its place if it does not.
    mutating func advance(at now: Tick, output: inout Output) {
        for place in peers.indices {
            guard let challenge = peers[place].challenge, let record = peers[place].record else {
                continue
            }
            let end = challenge.since.advanced(by: timeout)
            let isOver = now >= end || !rule.awaitsSilence
            if isOver { peers[place].challenge?.nextSend = end }
            if now >= challenge.since.advanced(by: Self.timeoutsKept * timeout) {
                peers[place].challenge = nil
                peers[place].newcomers = []
            } else if challenge.answeredAt == nil, isOver,
                let next = peers[place].newcomers.filter(\.isProven).max(by: {
                    $0.process.boot < $1.process.boot
                })
            {
                replace(record, by: next.process, at: place, output: &output)
            } else if challenge.answeredAt == nil, !isOver, now >= challenge.nextSend {
                peers[place].challenge?.nextSend = now.advanced(by: interval)
                output.send(.challenge(Challenge(id: challenge.id)), to: peers[place].node)
            }
        }
    }

    private mutating func replace(
        _ record: PeerRecord,
        by process: ProcessID,
        at place: Int,
        output: inout Output
    ) {
        var record = record
        record.boot = process.boot
        record.nonce = process.nonce
        peers[place].record = record
        peers[place].writtenHeard = record.heard
        peers[place].unwrittenSince = nil
        peers[place].agreed = process
        peers[place].newcomers = []
        peers[place].challenge = nil
        output.rows.peers.append(record)
    }

    /// A statement names the number of its receipt.
    mutating func note(_ written: WriteNumber, at place: Int, now: Tick) {
        guard let heard = peers[place].record?.heard, written > heard else { return }
        peers[place].record?.heard = written
        if peers[place].unwrittenSince == nil { peers[place].unwrittenSince = now }
    }

    /// Records whose write number is to go to disk now.
    mutating func lazyRecords(at now: Tick, anyway: Bool) -> [PeerRecord] {
        var records: [PeerRecord] = []
        for place in peers.indices {
            guard let since = peers[place].unwrittenSince, let record = peers[place].record,
                now >= since.advanced(by: anyway ? Self.lazyTicks : Self.heardTicks)
            else { continue }
            peers[place].unwrittenSince = nil
            peers[place].writtenHeard = record.heard
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
            guard let challenge = peer.challenge else { continue }
            let end = challenge.since.advanced(by: timeout)
            let kept = challenge.since.advanced(by: Self.timeoutsKept * timeout)
            if challenge.answeredAt != nil || challenge.nextSend >= end {
                let isProven = peer.newcomers.contains(where: \.isProven)
                next = min(next, challenge.answeredAt == nil && isProven ? end : kept)
            } else {
                next = min(next, challenge.nextSend)
            }
        }
        return next
    }

    // MARK: - What leaves

    /// What this node claims of the receiver, and the tag by which the receiver knows it.
    func claim(
        on node: NodeID,
        naming process: ProcessID?
    ) -> (heard: WriteNumber, tag: UInt64) {
        guard let peer = peers.first(where: { $0.node == node }), let key = peer.key,
            let claim = peer.claim, claim.process == process
        else { return (.none, 0) }
        return (claim.heard, key.tag(claim, about: node))
    }
}

extension Envelope {
    /// The process of this node that the sender says it has met.
    func claimed(of incarnation: Incarnation) -> ProcessID? {
        let holds: Presence?
        switch message {
        case .immediate(.hello(let hello)): holds = hello.holds
        case .immediate(.refused(let refused)): holds = refused.holds
        default: return recipient
        }
        return holds?.incarnation == incarnation ? holds?.process : nil
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
