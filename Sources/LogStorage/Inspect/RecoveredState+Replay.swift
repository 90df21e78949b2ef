package import PaxosCore

extension RecoveredState {
    /// Where a replay of the whole log begins: before the first slot, or, where the beginning was trimmed,
    /// behind what is known of that.
    package var start: Checkpoint { base.checkpoint }

    /// What it takes in.
    package var replayed: ClosedRange<Slot> { start.slot.next ... .limit }
}
