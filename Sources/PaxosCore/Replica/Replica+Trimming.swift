/// How far no member asks for slots any more: each has said how far the watermark on its disk is, behind which
/// it begins whenever it is opened again. Who leads hears it of all with their answers to its heartbeats,
/// and tells all with the next ones.
///
/// It may fall: a leader begins anew with nobody's word, and what a member says takes the place of what was said in
/// its name, as with every claim (`R80`). Less is always safe.
struct Floor: Sendable {
    /// Every member has durably committed every slot up to here.
    private(set) var slot: Slot
    /// The watermark on this node's own disk.
    private(set) var own: Slot
    /// The member that holds the floor back, as this node knows if it leads, or was told; nobody, if none
    /// lacks anything.
    private(set) var slowest: NodeID?
    /// What each member has said to this node since it leads, by position.
    private var said: [Slot]
    /// And whether it has.
    private var isHeard: [Bool]

    init(recovered: RecoveredState) {
        own = recovered.committed
        // What was trimmed was below it.
        slot = recovered.membership.members.count == 1 ? own : recovered.trimmed
        said = Array(repeating: .zero, count: recovered.membership.members.count)
        isHeard = Array(repeating: false, count: said.count)
    }

    /// This node leads from now on, and has heard nobody.
    mutating func begin() {
        for position in said.indices { (said[position], isHeard[position]) = (.zero, false) }
    }

    /// True once the member has said something to this node since it leads.
    func hasHeard(_ position: Int) -> Bool { isHeard[position] }

    mutating func raise(to watermark: Slot) { own = max(own, watermark) }

    mutating func hear(_ watermark: Slot, from position: Int) {
        (said[position], isHeard[position]) = (watermark, true)
    }

    /// Takes in what all have said by now, this node's own disk among them.
    mutating func settle(
        _ members: [NodeID],
        own position: Int,
        committed: Slot,
        rule: TrimmingRule
    ) {
        said[position] = own
        guard let least = said.min(), let place = said.firstIndex(of: least) else { return }
        slowest = least < committed ? members[place] : nil
        slot = rule.awaitsEveryMember ? least : own
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
        floor.begin()
        settleFloor()
    }

    /// This node's disk holds the watermark.
    mutating func raiseFloor(to watermark: Slot) {
        floor.raise(to: watermark)
        settleFloor()
    }

    /// A member has said that its disk does; of what is committed here.
    mutating func raiseFloor(of member: NodeID, to watermark: Slot) {
        guard leader != nil, member != node, let position = membership.position(of: member) else {
            return
        }
        floor.hear(min(watermark, learner.committed), from: position)
        settleFloor()
    }

    private mutating func settleFloor() {
        guard leader != nil || isAlone || !rules.trimming.awaitsEveryMember,
            let position = membership.position(of: node)
        else { return }
        floor.settle(
            membership.members,
            own: position,
            committed: learner.committed,
            rule: rules.trimming
        )
    }
}
