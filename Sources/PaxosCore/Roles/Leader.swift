/// A proposer past phase 1: assigns slots, keeps a bounded pipeline of them in phase 2 and counts who
/// has accepted each.
package struct Leader: Sendable {
    package let ballot: Ballot
    /// H: the highest slot that phase 1 found. Barriers wait until it is committed (`R54`).
    package let recoveredThrough: Slot
    /// The slot that the next proposal takes.
    package private(set) var next: Slot
    private var inFlight: SlotWindow<Tally>
    private var bytesInFlight = 0
    private let limits: Limits

    private struct Tally {
        var accepted = MemberSet()
        let bytes: Int
    }

    /// Begins behind `committed`, with `recovered` entries still to be proposed again.
    init(ballot: Ballot, committed: Slot, recovered: Int, limits: Limits) {
        self.ballot = ballot
        self.limits = limits
        recoveredThrough = committed.advanced(by: recovered)
        next = committed.next
        inFlight = SlotWindow(startingAt: committed.next)
    }

    /// Slots proposed and not yet committed.
    package var slotsInFlight: Int { next.count(after: inFlight.base) }

    /// True if the pipeline has room for `entries` more of `bytes` payload bytes in all. An empty
    /// pipeline takes whatever one append may hold.
    func hasRoom(entries: Int, bytes: Int) -> Bool {
        slotsInFlight == 0
            || (slotsInFlight + entries <= limits.pipelineSlots
                && bytesInFlight + bytes <= limits.pipelineBytes)
    }

    /// Takes the next slot for an entry.
    mutating func assign(_ entry: Entry) {
        inFlight.put(Tally(bytes: entry.payloadBytes), at: next)
        bytesInFlight += entry.payloadBytes
        next = next.next
    }

    /// Counts a member's acceptance under exactly this ballot (`R14`) and tells the learner each slot
    /// that it makes chosen.
    mutating func receive(
        _ accepted: Accepted,
        from position: Int,
        membership: Membership,
        learner: inout Learner
    ) {
        guard accepted.ballot == ballot else { return }
        var slot = max(accepted.slots.lowerBound, inFlight.base)
        let end = min(accepted.slots.upperBound.next, next)
        var chosenFrom: Slot?
        while slot < end {
            var isChosen = false
            inFlight.update(slot) { tally in
                tally.accepted.insert(position: position)
                isChosen = membership.isPhase2Quorum(tally.accepted)
            }
            if isChosen {
                chosenFrom = chosenFrom ?? slot
            } else if let from = chosenFrom.take() {
                learner.learn(from...slot.previous)
            }
            slot = slot.next
        }
        if let chosenFrom { learner.learn(chosenFrom...end.previous) }
    }

    /// Forgets what is committed and makes room.
    mutating func advance(committed: Slot) {
        while inFlight.base <= committed, !inFlight.isEmpty {
            bytesInFlight -= inFlight.popFirst()?.bytes ?? 0
        }
    }
}
