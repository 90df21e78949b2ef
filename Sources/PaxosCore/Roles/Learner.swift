/// The learner: which slots are chosen, and how far they reach without a hole.
///
/// Slots may be chosen out of order; only the contiguous prefix is committed (`R17`).
package struct Learner: Sendable {
    private var chosen: SlotPrefix

    package init(committed: Slot) {
        chosen = SlotPrefix(through: committed)
    }

    /// Every slot up to here is chosen.
    package var committed: Slot { chosen.through }

    mutating func learn(_ slots: ClosedRange<Slot>) {
        chosen.insert(slots)
    }
}
