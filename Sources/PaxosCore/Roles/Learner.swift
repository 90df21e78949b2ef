/// The learner: which slots are chosen, how far they reach without a hole, and what is missing.
///
/// Slots may be chosen out of order; only the contiguous prefix is committed (`R17`).
package struct Learner: Sendable {
    private var chosen: SlotPrefix
    private let rule: LearningRule
    /// The farthest commit notice: a leader of this ballot knew every slot up to `committed` chosen.
    private(set) var notice: (ballot: Ballot, committed: Slot)
    /// The farthest that a member without a leader's word has said to have committed.
    private var claimed = Slot.zero
    /// The catch-up that is under way, if one is.
    private(set) var catchUp: CatchUpTransfer?

    struct CatchUpTransfer {
        let slots: ClosedRange<Slot>
        let asked: NodeID
        let at: Tick
        var underway = Underway()
        var probed: Tick
        /// Nothing more will come of it: somebody else may be asked from then on.
        var ends: Tick?
    }

    package init(committed: Slot, rule: LearningRule = .paxos) {
        self.rule = rule
        chosen = SlotPrefix(through: committed)
        notice = (.zero, committed)
    }

    /// Every slot up to here is chosen.
    package var committed: Slot { chosen.through }

    func knowsChosen(_ slot: Slot) -> Bool { chosen.contains(slot) }

    mutating func learn(_ slots: ClosedRange<Slot>) {
        chosen.insert(slots)
    }

    /// A leader of `ballot` knows every slot up to `committed` chosen.
    mutating func receive(notice ballot: Ballot, committed: Slot) {
        if committed > notice.committed { notice = (ballot, committed) }
    }

    /// Passes the slots of the notice whose rows are what was chosen; stops at the first that is missing
    /// or stale (`R68`).
    mutating func advance(by acceptor: Acceptor) {
        while committed < notice.committed {
            let slot = committed.next
            guard knowsChosen(slot) || acceptor.holdsChosen(slot, by: notice.ballot, rule: rule)
            else { return }
            learn(slot...slot)
        }
    }

    /// A member says that it has committed every slot up to here. Nothing of the rows here follows from
    /// that, but what is missing can be fetched: the way to learn of a node that hears no leader itself.
    mutating func hear(committed: Slot) {
        claimed = max(claimed, committed)
    }

    /// The slots to be fetched: those from the first missing one to the end of what is known chosen.
    var missing: ClosedRange<Slot>? {
        let end = max(notice.committed, claimed)
        return committed < end ? committed.next...end : nil
    }

    mutating func beginCatchUp(_ slots: ClosedRange<Slot>, from node: NodeID, at now: Tick) {
        catchUp = CatchUpTransfer(slots: slots, asked: node, at: now, probed: now)
    }

    mutating func noteProbe(_ id: UInt64, at now: Tick) {
        catchUp?.underway.noteProbe(id)
        catchUp?.probed = now
    }

    /// Whoever was asked has answered a probe.
    mutating func lose(_ probe: UInt64, from node: NodeID, at now: Tick) {
        guard let current = catchUp, current.asked == node, current.underway.isLost(probe) else {
            return
        }
        catchUp?.ends = min(current.ends ?? now, now)
    }

    /// Whoever was asked has nothing.
    mutating func refuseCatchUp(until tick: Tick) {
        catchUp?.ends = tick
    }

    mutating func endCatchUp() {
        catchUp = nil
    }
}
