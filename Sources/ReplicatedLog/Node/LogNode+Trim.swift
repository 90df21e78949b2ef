public import PaxosCore

extension LogNode {
    /// Forgets the log up to a slot: this node's rows are deleted and their room is used again. Each node trims its
    /// own log.
    ///
    /// ```swift
    /// let trim = try await node.trim(through: slot)
    /// if let held = trim.heldBack { logger.info("the log begins behind \(trim.through): \(held)") }
    /// ```
    ///
    /// Nothing goes that a member may soon ask for: the trim point never passes the slot up to which every member
    /// has durably committed, as each tells the leader. One that the leader has not heard for `Limits.retentionTime`, or
    /// that lacks more than `Limits.retentionSlots`, is not waited for: what it comes back to is a gap (`.base`), and
    /// its host has to take its state from elsewhere. Nor does it
    /// pass what this node has delivered, nor the oldest snapshot that is kept and whole, if its host writes
    /// snapshots: from each of them the log leads on. Nor does it pass the first while that is being written, nor what a
    /// named cursor has not passed, unless the policy counts that as abandoned (`TrimPolicy.cursorTime`, `cursorSlots`).
    ///
    /// Returns once as much is durably gone as can be now. What members, cursors or this node's own delivery hold back goes
    /// later, by itself, but never past a snapshot that is written until then; what a snapshot holds, and after a
    /// restart all of it, must be asked for again. So must what `pastSnapshots` asks for and is held back. Members
    /// write down what they have committed with whatever they write, and within some seconds if nothing is. A
    /// subscription that stands in what is trimmed gets a gap, and `entries(in:)` throws `ReadError.trimmed`.
    ///
    /// Rows go with appends, some hundreds in each transaction, or some thousands in one of their own while there are
    /// none. A full map can always trim; a full disk while what is kept back for that is not used up (docs/STORAGE.md).
    ///
    /// - Parameters:
    ///   - slot: The last slot that is to go; committed.
    ///   - pastSnapshots: Also what a snapshot that is kept does not hold. One that is being written ends with
    ///     `SnapshotError.trimmed`.
    ///   - pastCursors: Also what a named cursor has not passed: its consumer gets a gap.
    ///   - timeout: How long to wait; `Limits.appendTimeout` if not given.
    /// - Throws: `TrimError`. What was asked for is not taken back by it.
    @discardableResult
    public func trim(
        through slot: Slot,
        pastSnapshots: Bool = false,
        pastCursors: Bool = false,
        timeout: Duration? = nil
    ) async throws(TrimError) -> LogTrim {
        let committed = driver.status.committed
        guard slot <= committed else { throw .notCommitted(through: committed) }
        let ticket = Ticket()
        let deadline = deadline(after: timeout)
        let outcome = await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                inbox.submit(
                    ticket,
                    continuation: continuation,
                    trimThrough: slot,
                    pastSnapshots: pastSnapshots,
                    pastCursors: pastCursors,
                    by: deadline
                )
            }
        } onCancel: {
            inbox.cancel(ticket)
        }
        switch outcome {
        case .trimmed(let through, let hold):
            return LogTrim(through: through, heldBack: hold.map { LogTrim.Hold($0) })
        case .never(let refusal): throw TrimError(refusal, ending)
        case .committed, .unknown, .barrier, .cursor, .resolved, .leads:
            preconditionFailure("a trim is never answered as another call")
        }
    }
}

/// How far the log of a node is trimmed, and why no farther.
public struct LogTrim: Hashable, Sendable {
    /// Every slot up to here is durably gone.
    public let through: Slot
    /// What keeps the rest of what was asked for; `nil` if all of it is gone.
    public let heldBack: Hold?

    /// What keeps slots from being trimmed.
    @nonexhaustive
    public enum Hold: Hashable, Sendable {
        /// The member that is known for the least to have it durably.
        case member(NodeID)
        /// Some member: which one this node was not told. It hears no leader, or not for long.
        case members
        /// This node has not delivered it yet.
        case delivery
        /// A snapshot that is kept or being written, of this slot, does not hold it.
        case snapshot(Slot)
        /// A named cursor has come no farther than this slot (`LogNode.cursors`).
        case cursor(Slot)
        /// A row of it cannot be read here (`LogStatus.Health.damaged`): what it did would be lost with it.
        case damage
    }
}

extension LogTrim.Hold {
    init(_ hold: TrimHold) {
        self =
            switch hold {
            case .member(let node): .member(node)
            case .members: .members
            case .delivery: .delivery
            case .snapshot(let slot): .snapshot(slot)
            case .cursor(let slot): .cursor(slot)
            case .damage: .damage
            }
    }
}

/// Why it is not known what was trimmed.
@nonexhaustive
public enum TrimError: Error, Hashable, Sendable {
    /// The slot is above what this node knows to be committed: nothing is trimmed.
    case notCommitted(through: Slot)
    /// The time given to the call ran out.
    case timedOut
    /// The calling task was cancelled.
    case cancelled
    /// The node is shut down.
    case closed
    /// The store failed and the node has stopped (`LogRunError.storeFailed`).
    case storeFailed(StoreFailure)
    /// `run()` ended with this before the node took part.
    case runFailed(LogRunError)
    /// The directory is an old copy of what its peers have met: it can be read and does nothing else.
    case rolledBack
}

extension TrimError: CallError {}
