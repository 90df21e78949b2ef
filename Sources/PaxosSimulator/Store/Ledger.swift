package import PaxosCore

/// What the world knows of the one log, from nothing but the rows that became durable: who accepted what
/// under which ballot, and so what is chosen.
///
/// The nodes are judged by it; it asks them nothing.
package final class Ledger {
    private struct Proposal {
        let ballot: Ballot
        let entry: Entry
        var accepted = MemberSet()
    }

    private struct Facts {
        var proposals: [Proposal] = []
        var chosen: Entry?
    }

    private struct Owner {
        let ballot: Ballot
        let process: NodeIdentity
    }

    private let membership: Membership
    /// The facts of slot n + 1 stand at n.
    private var facts: [Facts] = []
    /// In ascending order of ballot.
    private var owners: [Owner] = []
    /// Every slot up to here is chosen.
    package private(set) var chosenThrough = Slot.zero
    package private(set) var expected = ExpectedLog()
    /// The highest slot that any caller was told of.
    package private(set) var acknowledged = Slot.zero

    package init(membership: Membership) {
        self.membership = membership
    }

    package func chosen(_ slot: Slot) -> Entry? {
        slot > .zero && slot.rawValue <= UInt64(facts.count)
            ? facts[Int(slot.rawValue) - 1].chosen : nil
    }

    /// What was ever proposed in the last slots.
    func proposed(within count: Int) -> [Entry] {
        facts.suffix(count).flatMap { $0.proposals.map(\.entry) }
    }

    // MARK: - What becomes known

    /// A run is durable at a member.
    package func record(_ accepted: AcceptedRun, by node: NodeID) throws(Violation) {
        var slot = accepted.run.first
        for entry in accepted.run.entries {
            if accepted.isChosen {
                try demand(
                    chosen(slot) == entry,
                    .commit,
                    "\(node) stores slot \(slot) as chosen with \(entry.text); it is not"
                )
            } else {
                try record(entry, slot, accepted.ballot, by: node)
            }
            slot = slot.next
        }
        try advance()
    }

    /// A leader proposes a run.
    package func propose(_ accept: Accept) throws(Violation) {
        var slot = accept.run.first
        for entry in accept.run.entries {
            _ = try place(of: accept.ballot, entry, in: slot)
            slot = slot.next
        }
    }

    /// A process makes a ballot its own: nobody else may ever use it.
    package func use(_ ballot: Ballot, by process: NodeIdentity) throws(Violation) {
        try demand(
            ballot.node == process.node,
            .ballot,
            "\(process.node) uses the ballot \(ballot)"
        )
        let place = owners.firstIndex { $0.ballot >= ballot } ?? owners.count
        guard place < owners.count, owners[place].ballot == ballot else {
            owners.insert(Owner(ballot: ballot, process: process), at: place)
            return
        }
        let owner = owners[place].process
        try demand(
            owner == process,
            .ballot,
            "ballot \(ballot) of boot \(owner.boot) is used again in boot \(process.boot)"
        )
    }

    func isUsed(_ ballot: Ballot) -> Bool { owners.contains { $0.ballot == ballot } }

    package func acknowledge(_ slot: Slot) {
        acknowledged = max(acknowledged, slot)
    }

    package func refuse(append: Int) throws(Violation) {
        try expected.refuse(append: append)
    }

    package func refuse(_ token: Token) throws(Violation) {
        try expected.refuse(token)
    }

    // MARK: - What must be so

    /// A watermark on disk covers rows that hold what is chosen (`R41`, `R68`).
    func check(
        watermark: Slot,
        of disk: SimulatedDisk,
        _ node: NodeID
    ) throws(Violation) {
        var slot = watermark
        while slot > .zero, let row = disk[slot], checkedThrough[node, default: .zero] < slot {
            try demand(
                chosen(slot) == row.entry,
                .commit,
                "\(node) commits slot \(slot) with \(row.entry.text), chosen is "
                    + (chosen(slot)?.text ?? "nothing")
            )
            slot = slot.previous
        }
        checkedThrough[node] = watermark
    }

    /// A base is what the chosen entries did, decided once more from the first of them; and nothing was chosen there
    /// under a higher ballot (`R43`).
    func check(_ base: Base, by node: NodeID) throws(Violation) {
        try check(committed: base.slot, by: node)
        var replay = BaseReplay(from: .founding(membership))
        while replay.decided < base.slot, let entry = chosen(replay.next) {
            let slot = replay.next
            let isCovered = facts[Int(slot.rawValue) - 1].proposals.contains {
                $0.ballot <= base.ballot && membership.isPhase2Quorum($0.accepted)
            }
            try demand(
                isCovered || slot > base.slot,
                .commit,
                "\(node) takes a base of ballot \(base.ballot); slot \(slot) was chosen above"
            )
            replay.feed(AcceptedEntry(slot: slot, ballot: .zero, entry: entry), towards: base.slot)
        }
        let expected = replay.base
        try demand(
            expected.slot == base.slot && expected.state == base.state
                && expected.prefix == base.prefix && expected.digest == base.digest
                && expected.membershipSlot == base.membershipSlot,
            .commit,
            "\(node) takes a base of slot \(base.slot) that is not what the log did"
        )
    }

    private var checkedThrough: [NodeID: Slot] = [:]

    /// A node takes everything up to `slot` for chosen.
    package func check(committed slot: Slot, by node: NodeID) throws(Violation) {
        try demand(
            slot <= chosenThrough,
            .commit,
            "\(node) takes slot \(slot) for committed; chosen is all up to \(chosenThrough)"
        )
    }

    // MARK: - Inside

    private func record(
        _ entry: Entry,
        _ slot: Slot,
        _ ballot: Ballot,
        by node: NodeID
    ) throws(Violation) {
        let (index, proposal) = try place(of: ballot, entry, in: slot)
        guard let position = membership.position(of: node) else { return }
        facts[index].proposals[proposal].accepted.insert(position: position)
        guard membership.isPhase2Quorum(facts[index].proposals[proposal].accepted) else { return }
        guard let chosen = facts[index].chosen else {
            facts[index].chosen = entry
            return
        }
        try demand(
            chosen == entry,
            .agreement,
            "slot \(slot) was chosen with \(chosen.text), now with \(entry.text) under \(ballot)"
        )
    }

    private func place(
        of ballot: Ballot,
        _ entry: Entry,
        in slot: Slot
    ) throws(Violation) -> (Int, Int) {
        let index = Int(slot.rawValue) - 1
        while facts.count <= index { facts.append(Facts()) }
        if let known = facts[index].proposals.lastIndex(where: { $0.ballot == ballot }) {
            let present = facts[index].proposals[known].entry
            try demand(
                present == entry,
                .ballot,
                "slot \(slot) holds \(present.text) and \(entry.text) under \(ballot)"
            )
            return (index, known)
        }
        facts[index].proposals.append(Proposal(ballot: ballot, entry: entry))
        return (index, facts[index].proposals.count - 1)
    }

    private func advance() throws(Violation) {
        let before = chosenThrough
        while chosen(chosenThrough.next) != nil { chosenThrough = chosenThrough.next }
        guard chosenThrough > before else { return }
        let through = chosenThrough
        try expected.advance(through: through) { slot in chosen(slot) }
    }
}
