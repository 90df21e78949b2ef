/// The learner: which slots are chosen, how far they reach without a hole, and what is missing.
///
/// Slots may be chosen out of order; only the contiguous prefix is committed (`R17`).
package struct Learner: Sendable {
    private var chosen: SlotPrefix
    private let rule: LearningRule
    /// What each member has said last, in ascending order of node.
    private var words: [Word] = []
    /// The catch-up that is under way, if one is.
    private(set) var catchUp: CatchUpTransfer?
    /// Whose pages came as they were asked for, and may still come: nothing of it is known to be lost.
    private(set) var follows: NodeID?
    /// How many catch-ups have brought nothing since one has.
    private var inVain = 0

    struct CatchUpTransfer {
        let slots: ClosedRange<Slot>
        let asked: NodeID
        let at: Tick
        /// Pages that were asked for before may come in answer.
        let continues: Bool
        var underway = Underway()
        var probed: Tick
        /// Nothing more will come of it: somebody else may be asked from then on.
        var ends: Tick?
    }

    /// How far one member has said that the log is chosen. It counts as that member's word alone: a false
    /// one hides nobody else's, and lasts until the member speaks again or is asked for the rows and has
    /// none (`R80`).
    private struct Word {
        let node: NodeID
        /// Its commit notice: a leader of this ballot knew every slot up to `noticed` chosen.
        var ballot = Ballot.zero
        var noticed = Slot.zero
        /// What it has said to have committed, without a leader's word for the rows here.
        var claimed = Slot.zero

        var end: Slot { max(noticed, claimed) }
    }

    package init(committed: Slot, rule: LearningRule = .paxos) {
        self.rule = rule
        chosen = SlotPrefix(through: committed)
    }

    /// Every slot up to here is chosen.
    package var committed: Slot { chosen.through }

    func knowsChosen(_ slot: Slot) -> Bool { chosen.contains(slot) }

    mutating func learn(_ slots: ClosedRange<Slot>) {
        chosen.insert(slots)
    }

    /// A leader of `ballot` knows every slot up to `committed` chosen.
    ///
    /// - Parameter isRepeated: The leader says so regularly, so what it says takes the place of what it has
    ///   said under this ballot, even if it is less. Otherwise the farther of the two stands, since they
    ///   may have overtaken each other.
    mutating func receive(notice ballot: Ballot, committed: Slot, isRepeated: Bool = false) {
        let place = place(of: ballot.node)
        if words[place].ballot == ballot, !isRepeated {
            words[place].noticed = max(words[place].noticed, committed)
        } else {
            words[place].ballot = ballot
            words[place].noticed = committed
        }
    }

    /// Passes the slots of the notices whose rows are what was chosen; stops at the first that is missing
    /// or stale under each of them (`R68`).
    mutating func advance(by acceptor: Acceptor) {
        while words.contains(where: { passes(committed.next, by: $0, acceptor) }) {
            learn(committed.next...committed.next)
        }
    }

    private func passes(_ slot: Slot, by word: Word, _ acceptor: Acceptor) -> Bool {
        if slot <= word.noticed, acceptor.holdsChosen(slot, by: word.ballot, rule: rule) {
            return true
        }
        return slot <= word.claimed && acceptor.holdsChosen(slot, by: .limit, rule: rule)
    }

    /// A member says that it has committed every slot up to here. Nothing of the rows here follows from
    /// that, but what is missing can be fetched: the way to learn of a node that hears no leader itself.
    mutating func hear(committed: Slot, from node: NodeID) {
        let place = place(of: node)
        words[place].claimed = max(words[place].claimed, committed)
    }

    /// A member was asked for rows and says that it can go no farther than `committed`: of what it has said
    /// before, no more is believed. What was true of it, it says again. Returns how many slots were taken
    /// back.
    @discardableResult
    mutating func doubt(_ node: NodeID, beyond committed: Slot) -> Int {
        guard let place = words.firstIndex(where: { $0.node == node }) else { return 0 }
        let end = words[place].end
        guard committed < end else { return 0 }
        words[place] = Word(node: node, claimed: committed)
        return end.count(after: committed)
    }

    /// The slots to be fetched: those from the first missing one to the end of what is said to be chosen.
    var missing: ClosedRange<Slot>? {
        guard let end = words.map(\.end).max(), committed < end else { return nil }
        return committed.next...end
    }

    private mutating func place(of node: NodeID) -> Int {
        let place = words.firstIndex { $0.node >= node } ?? words.count
        if place == words.count || words[place].node != node {
            words.insert(Word(node: node), at: place)
        }
        return place
    }

    mutating func beginCatchUp(_ slots: ClosedRange<Slot>, from node: NodeID, at now: Tick) {
        if catchUp != nil {
            inVain += 1
            follows = nil
        }
        catchUp = CatchUpTransfer(
            slots: slots,
            asked: node,
            at: now,
            continues: follows == node,
            probed: now
        )
    }

    /// In the place of the rows that were asked for, something else is, of whoever has not got them any more. False if
    /// nothing is under way there.
    mutating func goOn(with node: NodeID, at now: Tick) -> Bool {
        guard let current = catchUp, current.asked == node else { return false }
        catchUp = CatchUpTransfer(
            slots: current.slots,
            asked: node,
            at: now,
            continues: false,
            probed: now
        )
        follows = nil
        inVain = 0
        return true
    }

    /// Every slot up to here is chosen, and what was asked for is not needed any more.
    mutating func install(through slot: Slot) {
        learn(committed.next...slot)
        catchUp = nil
        follows = nil
        inVain = 0
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

    /// True while an answer may come, and not each of so many others has been asked in vain.
    func isUnderway(others: Int) -> Bool {
        catchUp?.ends == nil && catchUp != nil && inVain < others
    }

    mutating func endCatchUp() {
        follows = catchUp?.asked
        catchUp = nil
        inVain = 0
    }

    /// A page of a member was dropped in part: what is missing is asked for anew.
    mutating func unfollow(_ node: NodeID) {
        if follows == node { follows = nil }
    }

    /// True if as many members as that were asked, one after the other, and none had the slot.
    func isInVain(among members: Int) -> Bool { catchUp != nil && inVain >= members }

    /// Believes nobody any more, until they say so again.
    mutating func forgetWords() {
        words = []
        inVain = 0
    }
}
