/// How far this log may be forgotten: each member has said how far the watermark on its disk is, behind which
/// it begins whenever it is opened again. Who leads hears it of all with their answers to its heartbeats,
/// and tells all with the next ones.
///
/// **No member holds it back for ever** (`R46`): who was not heard for as long as `Limits.retentionTime`, or lacks
/// more than `Limits.retentionSlots`, is not waited for. If it comes back it is given a base. But never is anything
/// forgotten that no quorum has durably committed.
///
/// It may fall: a leader begins anew with nobody's word, and what a member says takes the place of what was said in
/// its name, as with every claim (`R80`). Less is always safe.
struct Floor: Sendable {
    /// Every member that is waited for has durably committed every slot up to here.
    private(set) var slot: Slot
    /// The watermark on this node's own disk.
    private(set) var own: Slot
    /// The member that holds the floor back, as this node knows if it leads, or was told; nobody, if none
    /// lacks anything.
    private(set) var slowest: NodeID?
    /// What each member has said to this node since it leads, by position, and when.
    private var said: [Slot]
    private var heardAt: [Tick?]
    /// When that began, and how far it had committed then: who has said nothing since was no farther.
    private var began = (at: Tick.zero, committed: Slot.zero)
    private let patience: UInt64
    private let reach: Int

    init(recovered: RecoveredState, limits: Limits) {
        own = recovered.committed
        // What was trimmed was below it.
        slot = recovered.membership.members.count == 1 ? own : recovered.trimmed
        said = Array(repeating: .zero, count: recovered.membership.members.count)
        heardAt = Array(repeating: nil, count: said.count)
        patience = Limits.ticks(in: limits.retentionTime)
        reach = limits.retentionSlots
    }

    /// This node leads from now on, and has heard nobody.
    mutating func begin(at now: Tick, committed: Slot) {
        began = (now, committed)
        for position in said.indices { (said[position], heardAt[position]) = (.zero, nil) }
    }

    /// True once the member has said something to this node since it leads.
    func hasHeard(_ position: Int) -> Bool { heardAt[position] != nil }

    mutating func raise(to watermark: Slot) { own = max(own, watermark) }

    mutating func hear(_ watermark: Slot, from position: Int, at now: Tick) {
        (said[position], heardAt[position]) = (watermark, now)
    }

    /// Takes in what all have said by now, this node's own disk among them.
    mutating func refresh(
        _ membership: Membership,
        own position: Int,
        committed: Slot,
        at now: Tick,
        rule: TrimmingRule
    ) {
        (said[position], heardAt[position]) = (own, now)
        slowest = nil
        guard rule.awaitsEveryMember else {
            slot = own
            return
        }
        slot = quorum(of: membership)
        for place in said.indices where isAwaited(place, committed: committed, at: now) {
            if said[place] < committed, slowest == nil || said[place] < slot {
                slowest = membership.members[place]
            }
            slot = min(slot, said[place])
        }
    }

    private func isAwaited(_ position: Int, committed: Slot, at now: Tick) -> Bool {
        let (heard, known) = heardAt[position].map { ($0, said[position]) } ?? began
        return now < heard.advanced(by: patience) && committed.count(after: known) <= reach
    }

    /// So far a quorum has said to be.
    private func quorum(of membership: Membership) -> Slot {
        var set = MemberSet()
        for position in said.indices.sorted(by: { said[$0] > said[$1] }) {
            set.insert(position: position)
            if membership.isPhase2Quorum(set) { return said[position] }
        }
        return .zero
    }

    /// What the leader tells, of what is committed here.
    mutating func hear(_ heartbeat: Heartbeat, committed: Slot) {
        slot = min(heartbeat.floor, committed)
        slowest = heartbeat.slowest
    }
}

extension Replica {
    /// A member was asked for what this node lacks, and has it no more; or answers otherwise, and then with zero.
    mutating func noteTrimmed(_ slot: Slot, at member: NodeID) {
        guard slot > .zero || !trimmedAway.isEmpty,
            let position = membership.position(of: member)
        else { return }
        if trimmedAway.isEmpty {
            trimmedAway = Array(repeating: .zero, count: membership.members.count)
        }
        trimmedAway[position] = slot
    }

    /// Up to where what this node lacks is trimmed at every member that answers: it can be had from nobody.
    var unobtainable: Slot? {
        guard !trimmedAway.isEmpty else { return nil }
        var lowest: Slot?
        for (position, member) in membership.members.enumerated()
        where member != node && election.isConnected(position: position, at: now) {
            guard trimmedAway[position] > learner.committed else { return nil }
            lowest = min(lowest ?? .limit, trimmedAway[position])
        }
        return lowest
    }

    /// True while this node leads and some member that answers has not said yet how far its disk is: the first answer
    /// to a heartbeat does.
    var awaitsFloor: Bool {
        guard leader != nil else { return false }
        return membership.members.enumerated().contains { position, member in
            member != node && !floor.hasHeard(position)
                && election.isConnected(position: position, at: now)
        }
    }

    /// Who leads tells nothing but what it has heard itself.
    mutating func beginFloor() {
        floor.begin(at: now, committed: learner.committed)
        refreshFloor()
    }

    /// This node's disk holds the watermark.
    mutating func raiseFloor(to watermark: Slot) {
        floor.raise(to: watermark)
        refreshFloor()
    }

    /// A member has said that its disk does; of what is committed here.
    mutating func raiseFloor(of member: NodeID, to watermark: Slot) {
        guard leader != nil, member != node, let position = membership.position(of: member) else {
            return
        }
        floor.hear(min(watermark, learner.committed), from: position, at: now)
        refreshFloor()
    }

    /// Also as time passes: who is silent for long is not waited for any more.
    mutating func refreshFloor() {
        guard leader != nil || isAlone || !rules.trimming.awaitsEveryMember,
            let position = membership.position(of: node)
        else { return }
        floor.refresh(
            membership,
            own: position,
            committed: learner.committed,
            at: now,
            rule: rules.trimming
        )
    }
}
