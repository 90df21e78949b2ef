/// A proposer in phase 1: collects the promises of a quorum, then everything the quorum accepted.
///
/// Let C be the highest committed slot among the promises. Slots up to C are learned and never proposed
/// again (`R77`). Above C, up to the highest slot H that a page shows, each slot gets the entry of the
/// highest ballot found for it (`R6`), and a no-op where the quorum accepted nothing (`R12`).
///
/// A slot up to C can also be learned here: it was chosen under a ballot below this one (`Acceptor`, I5),
/// so a quorum that has promised this one and shows all it accepted there shows what was chosen, and under
/// the highest ballot (Lamport, "Paxos Made Simple", section 2.2, P2c). A member that has delivered the
/// slot does not show it, and does not count.
package struct Candidate: Sendable {
    package let ballot: Ballot
    /// When to give up.
    private(set) var deadline: Tick
    /// When a page came last, or the candidate began.
    private var progressed: Tick
    /// When to ask again what was not answered.
    private(set) var nextRetry: Tick
    private let membership: Membership
    private let rule: RecoveryRule
    /// The first slot to be learned from what the quorum shows, if nobody hands it on.
    private let learningFrom: Slot?
    private var members: [Member]
    private var found: SlotWindow<AcceptedEntry>?

    private struct Member {
        var promise: Promise?
        /// The slot from which its next page is asked; beyond its last slot once all are in.
        var nextPage: Slot = .zero
        var isComplete = false
        /// It has trimmed what it would have to show: it counts for nothing (`R15`).
        var isTrimmed = false
        /// The page that it was asked for.
        var page = Underway()
        /// How often that was found lost.
        var losses = 0
    }

    package init(
        ballot: Ballot,
        membership: Membership,
        rule: RecoveryRule = .paxos,
        learningFrom first: Slot? = nil,
        now: Tick,
        limits: Limits
    ) {
        self.ballot = ballot
        learningFrom = first
        deadline = now.advanced(by: limits.electionTicks)
        progressed = now
        nextRetry = now.advanced(by: limits.heartbeatTicks)
        self.membership = membership
        self.rule = rule
        members = Array(repeating: Member(), count: membership.members.count)
    }

    /// Counts a promise for exactly this ballot (`R7`); once they are a quorum, asks each member of it
    /// for the rows above C.
    mutating func receive(_ promise: Promise, from node: NodeID, output: inout Output) {
        guard promise.ballot == ballot, let position = membership.position(of: node),
            members[position].promise == nil
        else { return }
        members[position].promise = promise
        if found != nil {
            forgetCommitted()
            beginPages(of: position, output: &output)
        } else if membership.isPhase1Quorum(set(where: { $0.promise != nil })) {
            found = SlotWindow(startingAt: min(learningFrom ?? committed.next, committed.next))
            for position in members.indices where members[position].promise != nil {
                beginPages(of: position, output: &output)
            }
        }
    }

    /// No correct member has accepted so much above what it has committed: a page that says so would fill memory
    /// (`R80`).
    private static let mostSlots = 1 << 20

    /// Takes in a page and asks for the one after it. False if a row cannot be, given what others have shown:
    /// nothing of the page counts.
    @discardableResult
    mutating func receive(
        _ page: PromisePage,
        from node: NodeID,
        output: inout Output
    ) -> Bool {
        guard page.ballot == ballot, let position = membership.position(of: node),
            let promise = members[position].promise, !members[position].isComplete,
            page.from == members[position].nextPage, page.through >= page.from
        else { return true }
        // It may show more than it had when it promised, and only rows that it has learned chosen since: nothing
        // else is accepted by whoever has promised this ballot.
        let last = max(promise.last, page.rows.last?.slot ?? .zero)
        guard page.through <= last, last.count(after: found?.base ?? .zero) <= Self.mostSlots,
            page.rows.allSatisfy({ $0.isChosen || $0.slot <= promise.last }),
            page.rows.allSatisfy(agrees)
        else { return false }
        for row in page.rows { note(row) }
        members[position].losses = 0
        members[position].nextPage = page.through.next
        requestPage(of: position, promise: promise, output: &output)
        return true
    }

    /// Phase 1 goes on: many pages take longer than an election timeout, and giving up between two of them
    /// would begin them all again for ever.
    mutating func extend(now: Tick, limits: Limits) {
        progressed = now
        deadline = now.advanced(by: limits.electionTicks)
    }

    /// So it does while a page stands in the queue of a member that lives: as long as it has not answered a
    /// probe behind the page (`R83`), and not for ever: its other lane may be dead, and others wait.
    mutating func extend(by promise: Promise, from node: NodeID, now: Tick, limits: Limits) {
        guard promise.ballot == ballot, let position = membership.position(of: node),
            !members[position].isComplete, members[position].page.isProbed,
            members[position].losses < 3,
            now < progressed.advanced(by: Self.patience * limits.electionTicks)
        else { return }
        deadline = now.advanced(by: limits.electionTicks)
    }

    /// How many election timeouts a page is waited for.
    static let patience: UInt64 = 16

    /// True if it began to learn what nobody hands on: to give way would help nobody.
    var isLearning: Bool { learningFrom != nil }

    /// The members whose page is awaited.
    var awaited: [Int] {
        guard found != nil else { return [] }
        return members.indices.filter {
            members[$0].promise != nil && !members[$0].isComplete && !members[$0].isTrimmed
        }
    }

    /// The members whose promise or page is awaited.
    var missing: [Int] {
        members.indices.filter {
            members[$0].promise == nil || (found != nil && !members[$0].isComplete)
        }
    }

    /// A member of the quorum says that it has trimmed the slots that it was asked to show.
    mutating func noteTrimmed(_ node: NodeID) {
        guard let position = membership.position(of: node), !members[position].isComplete else {
            return
        }
        members[position].isTrimmed = true
    }

    mutating func noteProbe(_ id: UInt64, at position: Int) {
        members[position].page.noteProbe(id)
    }

    /// A member has answered a probe: if a page was asked for before it, it is asked for again.
    mutating func lose(_ probe: UInt64, at position: Int, output: inout Output) {
        guard let promise = members[position].promise, found != nil,
            !members[position].isComplete, members[position].page.isLost(probe)
        else { return }
        members[position].losses += 1
        requestPage(of: position, promise: promise, output: &output)
    }

    /// Asks everybody for its promise again: the question or the answer may have been lost, and who has
    /// promised is told so that phase 1 goes on.
    mutating func retry(own: NodeID, now: Tick, limits: Limits, output: inout Output) {
        nextRetry = now.advanced(by: limits.heartbeatTicks)
        for node in membership.members where node != own {
            output.testify(.prepare(Prepare(ballot: ballot)), to: node)
        }
    }

    /// The highest committed slot among the promises.
    package var committed: Slot {
        members.compactMap(\.promise?.committed).max() ?? .zero
    }

    /// How far a member of those that have promised has trimmed: who lacks slots up to there learns before it leads
    /// (`R16`, `R77`).
    var trimmed: Slot { members.compactMap(\.promise?.trimmed).max() ?? .zero }

    /// The entries to propose from `committed.next` on, once every page of a quorum is in. A quorum that
    /// shows nothing for a slot known to be chosen is none to lead by.
    func recovery() -> [Entry]? {
        guard let found, membership.isPhase1Quorum(set(where: \.isComplete)),
            found.base.advanced(by: chosen.count) == max(found.base, committed.next)
        else { return nil }
        var entries: [Entry] = []
        var slot = max(found.base, committed.next)
        while slot < found.end {
            entries.append(rule.entry(for: found[slot]))
            slot = slot.next
        }
        return entries
    }

    /// What a complete quorum shows of the slots up to C: the entries that were chosen there.
    var chosen: [AcceptedEntry] {
        var rows: [AcceptedEntry] = []
        guard let found else { return rows }
        var slot = found.base
        while slot <= committed, let row = found[slot] {
            rows.append(row)
            slot = slot.next
        }
        return rows
    }

    /// C may rise with a promise that comes after the quorum's: what lies below is learned, not proposed.
    private mutating func forgetCommitted() {
        guard learningFrom == nil else { return }
        let committed = committed
        guard var window = found.take() else { return }
        defer { found = window }
        while window.base <= committed, !window.isEmpty { _ = window.popFirst() }
        if window.base <= committed { window = SlotWindow(startingAt: committed.next) }
    }

    private mutating func beginPages(of position: Int, output: inout Output) {
        guard let promise = members[position].promise, let found else { return }
        members[position].nextPage = found.base
        requestPage(of: position, promise: promise, output: &output)
    }

    private mutating func requestPage(
        of position: Int,
        promise: Promise,
        output: inout Output
    ) {
        guard members[position].nextPage <= promise.last else {
            members[position].isComplete = true
            return
        }
        guard members[position].nextPage > promise.trimmed else {
            members[position].isTrimmed = true
            return
        }
        let request = PageRequest(ballot: ballot, from: members[position].nextPage)
        members[position].page = Underway()
        output.send(.pageRequest(request), to: membership.members[position])
    }

    /// One ballot has one entry for a slot, and what is chosen is one entry: a row that says otherwise comes of a
    /// member that is not what it says it is.
    private func agrees(_ row: AcceptedEntry) -> Bool {
        // Who has promised this ballot has accepted nothing above it.
        guard row.ballot <= ballot else { return false }
        guard let known = found?[row.slot], row.slot >= found?.base ?? .zero else { return true }
        return known.ballot != row.ballot || known.entry == row.entry
    }

    private mutating func note(_ row: AcceptedEntry) {
        guard var window = found.take() else { return }
        defer { found = window }
        guard row.slot >= window.base else { return }
        if let known = window[row.slot] {
            // A row stored as chosen is what was chosen, whatever ballots say.
            let outranks = rule.outranks.holds(of: row.ballot, against: known.ballot)
            guard row.isChosen || (outranks && !known.isChosen) else { return }
        }
        window.put(row, at: row.slot)
    }

    private func set(where isIn: (Member) -> Bool) -> MemberSet {
        var set = MemberSet()
        for position in members.indices where isIn(members[position]) {
            set.insert(position: position)
        }
        return set
    }
}
