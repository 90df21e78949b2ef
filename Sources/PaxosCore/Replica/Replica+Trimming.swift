/// How far no member asks for slots any more: each has said how far the watermark on its disk is, behind which
/// it begins whenever it is opened again. Who leads hears it of all with their answers to its heartbeats,
/// and tells all with the next ones; what was true once stays true.
struct Floor: Sendable {
    /// Every member has durably committed every slot up to here.
    private(set) var slot: Slot
    /// The watermark on this node's own disk.
    private(set) var own: Slot
    /// The member that holds the floor back, as this node knows if it leads, or was told; nobody, if none
    /// lacks anything.
    private(set) var slowest: NodeID?
    /// What each member has said, by position.
    private var said: [Slot]

    init(recovered: RecoveredState) {
        own = recovered.committed
        // What was trimmed was below it.
        slot = recovered.membership.members.count == 1 ? own : recovered.trimmed
        said = Array(repeating: .zero, count: recovered.membership.members.count)
        if let position = recovered.membership.position(of: recovered.node) {
            said[position] = own
        }
    }

    mutating func raise(_ position: Int, to watermark: Slot, isOwn: Bool) {
        said[position] = max(said[position], watermark)
        if isOwn { own = said[position] }
    }

    /// Takes in what all have said by now.
    mutating func settle(_ members: [NodeID], committed: Slot, rule: TrimmingRule) {
        guard let least = said.min(), let place = said.firstIndex(of: least) else { return }
        slowest = least < committed ? members[place] : nil
        slot = max(slot, rule.awaitsEveryMember ? least : own)
    }

    mutating func hear(_ heartbeat: Heartbeat) {
        slot = max(slot, heartbeat.floor)
        slowest = heartbeat.slowest
    }
}

extension Replica {
    /// A member has said, or this node's disk holds, that the watermark is there.
    mutating func raiseFloor(of member: NodeID, to watermark: Slot) {
        guard let position = membership.position(of: member) else { return }
        floor.raise(position, to: watermark, isOwn: member == node)
        guard leader != nil || isAlone || !rules.trimming.awaitsEveryMember else { return }
        floor.settle(membership.members, committed: learner.committed, rule: rules.trimming)
    }
}
