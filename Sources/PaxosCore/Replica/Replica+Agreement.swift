/// The last line of defence: who finds that somebody has another entry in a slot that is chosen here stops, and
/// says so. One of the two has lost what it had testified to, or stands on a copy that did, and nothing that was
/// seen here tells which.
extension Replica {
    /// Another entry than this node knows chosen, there or before, and who has it.
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
        // Also of one token: a machine restored with its memory gives out the same ones again.
        let isSame =
            acceptor.entry(of: slot).map { $0 == entry } ?? recentPrefix.holds(entry, in: slot)
        if isSame == false { contradict(in: slot, by: sender) }
    }

    // MARK: - Prefixes

    /// Whoever leads says with each heartbeat what its prefix is. A member that was away for long compares
    /// none of the rows it has with anybody's, but it is told of a slot behind them sooner or later, and
    /// the digest there is of all of them.
    mutating func compare(_ mark: PrefixMark, from sender: NodeID) {
        guard sender != node, mark.slot > .zero else { return }
        if let own = recentPrefix.digest(through: mark.slot) {
            if own != mark.digest { contradict(in: mark.slot, by: sender) }
        } else if mark.slot > recentPrefix.end.slot,
            mark.slot < awaitedPrefix?.mark.slot ?? .limit
        {
            // Until it is there: what is told later is farther off.
            awaitedPrefix = (mark, sender)
        }
    }

    /// A slot is delivered here, and this is the prefix through it.
    mutating func pass(_ mark: PrefixMark) {
        recentPrefix.append(mark)
        guard let awaited = awaitedPrefix, awaited.mark.slot <= mark.slot else { return }
        awaitedPrefix = nil
        compare(awaited.mark, from: awaited.witness)
    }

    mutating func contradict(in slot: Slot, by sender: NodeID) {
        contradiction = contradiction ?? Contradiction(witness: sender, slot: slot)
    }
}
