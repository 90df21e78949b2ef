public import ReplicatedLog

/// Why a command has no result to show.
@nonexhaustive
public enum PerformError: Error, Sendable {
    /// The command could not be encoded. Nothing was appended.
    case notEncoded(any Error)
    /// The command is not in the log and never will be: it may be tried again.
    case never(AppendError)
    /// The command may be in the log, or still get there; its token names it.
    case unknown(Token, AppendError.Reason)
    /// The command is in the log at this slot and has its effect on every member; what it came to here is not
    /// to be had any more, for this reason.
    case appliedElsewhere(Slot, Reason)

    /// Why there is no result.
    @nonexhaustive
    public enum Reason: Hashable, Sendable {
        /// The calling task was cancelled.
        case cancelled
        /// The host has ended.
        case stopped
        /// The state here was restored from a snapshot that holds the command.
        case restored
        /// Too much was applied while the caller did not come for it.
        case forgotten
    }
}

/// Why a state was not read.
@nonexhaustive
public enum StateReadError: Error, Hashable, Sendable {
    /// The barrier was not reached.
    case barrier(BarrierError)
    /// The calling task was cancelled.
    case cancelled
    /// The host has ended.
    case stopped
}

/// Why a host ended.
@nonexhaustive
public enum HostError: Error, Sendable {
    /// `run()` was called before.
    case alreadyRun
    /// The command of this slot cannot be decoded: a later version has performed it, or something else
    /// appends to the log.
    case undecodable(Slot, any Error)
    /// What lies between the state here and this slot is not kept any more: it was trimmed, or the node was so far
    /// behind that a base stands for it, which has no state of the host's. The newest snapshot of another member
    /// leads on.
    case gap(through: Slot)
    /// A majority of the members had another state than this one behind the same slot: what is here is wrong, and so are
    /// the snapshots of this node that hold it. Nothing is applied nor written any more.
    case diverged(Divergence)
    /// The log could not be read.
    case log(ReadError)
}
