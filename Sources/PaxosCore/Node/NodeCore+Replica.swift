/// What the surroundings may ask of the replica alone.
extension NodeCore {
    /// Appends are proposed here.
    package var leads: Bool { replica.leader != nil }

    /// Slots are proposed here and not chosen yet, and nothing but time stands in their way.
    package var isAwaited: Bool {
        !replica.hasNoRoom && replica.leader.map { $0.slotsInFlight > 0 } == true
    }

    /// The store has a write of this node.
    package var isWriting: Bool { replica.oldestWrite != nil }

    /// The ballot under which this node leads, or hears another lead.
    package var leading: Ballot? { replica.leading }

    /// The slots that others are known to have committed and this node lacks.
    package var missing: ClosedRange<Slot>? { replica.learner.missing }
}
