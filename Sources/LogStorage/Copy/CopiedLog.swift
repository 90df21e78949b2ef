public import PaxosCore

/// What a backup holds, or a log that was restored from one.
public struct CopiedLog: Hashable, Sendable {
    /// Whose the log is: of a backup, whose it was.
    public let identity: LogIdentity
    /// Every slot up to here is gone from it, as it was from the log that it was made of.
    public let trimmedSlot: Slot
    /// Every slot up to here is known to be chosen.
    public let committedSlot: Slot
    /// The last slot it holds: what lies beyond `committedSlot` may have been chosen, and is decided by whoever goes on.
    public let lastSlot: Slot
    /// The slot of the newest snapshot it holds.
    public let snapshotSlot: Slot?
}
