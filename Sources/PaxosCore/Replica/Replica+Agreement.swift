/// The last line of defence: who finds that somebody has another entry in a slot that is chosen here stops, and
/// says so. One of the two has lost what it had testified to, or stands on a copy that did, and nothing that was
/// seen here tells which.
extension Replica {
    /// Another entry than this node knows chosen, and who has it.
    struct Contradiction: Hashable {
        let witness: NodeID
        let slot: Slot
    }

    /// What is proposed in a committed slot under a ballot that is promised here or higher can only be what was
    /// chosen there: it was chosen under no higher one (`Acceptor`, I5; `R6`). An older ballot's says nothing.
    mutating func compare(_ accept: Accept, from leader: NodeID) {
        guard leader != node, accept.ballot >= acceptor.promised,
            accept.run.first <= learner.committed
        else { return }
        let last = min(accept.run.last, learner.committed)
        for (offset, entry) in accept.run.entries.enumerated() {
            let slot = accept.run.first.advanced(by: offset)
            guard slot <= last else { return }
            compare(entry, in: slot, of: leader)
        }
    }

    /// Rows of catch-up are chosen, whatever their ballots.
    mutating func compare(_ rows: [AcceptedEntry], from sender: NodeID) {
        for row in rows where row.slot <= learner.committed || learner.knowsChosen(row.slot) {
            compare(row.entry, in: row.slot, of: sender)
        }
    }

    private mutating func compare(_ entry: Entry, in slot: Slot, of sender: NodeID) {
        guard let own = acceptor.entry(of: slot)?.name ?? recentEntries[slot],
            own != entry.name
        else { return }
        contradiction = contradiction ?? Contradiction(witness: sender, slot: slot)
    }
}
