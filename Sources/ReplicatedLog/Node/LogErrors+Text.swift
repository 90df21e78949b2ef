internal import PaxosCore

// What a person reads of an error: what happened, and what to do, in one line.

extension AppendError: CustomStringConvertible {
    /// What became of the append, why, and what to do; one line.
    public var description: String {
        switch self {
        case .payloadTooLarge(let bytes, let limit):
            "not appended: a payload of \(bytes) bytes, and the limit is \(limit) "
                + "(Limits.maxPayloadBytes): append it in parts"
        case .noSuchSlot(let slot):
            "not appended: no slot of a log has the number \(slot): they begin at 1 and stay below 2^62"
        case .emptyBatch: "not appended: a batch holds at least one payload"
        case .batchTooLarge(let entries, let bytes, let maxEntries, let maxBytes):
            "not appended: a batch of \(entries) payloads with \(bytes) bytes, and the limits are "
                + "\(maxEntries) and \(maxBytes): append several"
        case .overloaded:
            "not appended: too many appends wait already: have fewer outstanding, or wait for room"
        case .never(let reason): "not appended, and never will be: \(reason)"
        case .unknown(let token, let reason):
            "it is not known whether append \(token) is in the log: \(reason)"
        }
    }
}

extension AppendError.Reason: CustomStringConvertible {
    /// What ended the wait, and what to do; one line.
    public var description: String {
        switch self {
        case .timedOut: CallEnd.timedOut
        case .cancelled: CallEnd.cancelled
        case .full: "the disk or the map is full: trim the log, free space, or raise mapSize"
        case .closed: CallEnd.closed
        case .storeFailed(let what): LogRunError.storeFailed(what).description
        case .runFailed(let error): error.description
        case .rolledBack: CallEnd.rolledBack
        case .passed:
            "it is in the log and has had its effect, in a slot that this node took a base for: do not try it again"
        case .voided: "its token was settled before it got into the log: it may be tried again"
        case .slotTaken:
            "the slot that it asked for is not the next one, or others have it: look at the log and try again"
        }
    }
}

extension ResolveError: CustomStringConvertible {
    /// Why nothing is known of the token, and what to do; one line.
    public var description: String {
        switch self {
        case .noSuchToken:
            "no append has that token: it names no member, or an append that this node has not made"
        case .timedOut: CallEnd.timedOut
        case .cancelled: CallEnd.cancelled
        case .closed: CallEnd.closed
        case .storeFailed(let what): LogRunError.storeFailed(what).description
        case .runFailed(let error): error.description
        case .rolledBack: CallEnd.rolledBack
        }
    }
}

extension BarrierError: CustomStringConvertible {
    /// Why the barrier was not reached, and what to do; one line.
    public var description: String {
        switch self {
        case .timedOut: CallEnd.timedOut
        case .cancelled: CallEnd.cancelled
        case .closed: CallEnd.closed
        case .storeFailed(let what): LogRunError.storeFailed(what).description
        case .runFailed(let error): error.description
        case .rolledBack: CallEnd.rolledBack
        }
    }
}

extension ReadError: CustomStringConvertible {
    /// Why nothing was read, and what to do; one line.
    public var description: String {
        switch self {
        case .trimmed(let slot):
            "the log is kept from slot \(slot.next) on: begin there, or with a snapshot"
        case .unreadable(let slot):
            "the row of slot \(slot) is missing or not what was written: "
                + "replace the node while the others have the slot"
        case .closed: CallEnd.closed
        case .storeFailed(let what): LogRunError.storeFailed(what).description
        case .runFailed(let error): error.description
        }
    }
}

extension WaitError: CustomStringConvertible {
    /// Why the slot was not waited for any longer, and what to do; one line.
    public var description: String {
        switch self {
        case .cancelled: CallEnd.cancelled
        case .closed: CallEnd.closed
        case .storeFailed(let what): LogRunError.storeFailed(what).description
        case .runFailed(let error): error.description
        }
    }
}

extension TrimError: CustomStringConvertible {
    /// Why it is not known what was trimmed, and what to do; one line.
    public var description: String {
        switch self {
        case .notCommitted(let slot):
            "nothing is trimmed: what this node knows to be committed ends at slot \(slot)"
        case .timedOut: CallEnd.timedOut
        case .cancelled: CallEnd.cancelled
        case .closed: CallEnd.closed
        case .storeFailed(let what): LogRunError.storeFailed(what).description
        case .runFailed(let error): error.description
        case .rolledBack: CallEnd.rolledBack
        }
    }
}

extension TransferError: CustomStringConvertible {
    /// Why it is not known that the member leads, and what to do; one line.
    public var description: String {
        switch self {
        case .noSuchMember(let node): "\(node) is no member"
        case .timedOut: "the member did not lead in time: is it up, in reach, and does it keep up?"
        case .cancelled: CallEnd.cancelled
        case .closed: CallEnd.closed
        case .storeFailed(let what): LogRunError.storeFailed(what).description
        case .runFailed(let error): error.description
        case .rolledBack: CallEnd.rolledBack
        }
    }
}

extension LeadershipError: CustomStringConvertible {
    /// Why the work was not done to its end, and what to do; one line.
    public var description: String {
        switch self {
        case .ended(let ballot):
            "the leadership under ballot \(ballot) has ended: wait until this node leads again"
        case .closed: CallEnd.closed
        }
    }
}

extension LogTrim.Hold: CustomStringConvertible {
    /// What keeps the rest; one line.
    public var description: String {
        switch self {
        case .member(let node): "member \(node) has not committed the rest durably"
        case .members: "some member is not known to have committed the rest durably"
        case .delivery: "this node has not delivered the rest yet"
        case .snapshot(let slot): "a snapshot that is kept ends at slot \(slot)"
        case .cursor(let slot): "a named cursor stands at slot \(slot)"
        case .damage: "a row of the rest cannot be read here"
        }
    }
}

/// What ends calls of several kinds.
enum CallEnd {
    static let timedOut =
        "the time given to it ran out: is a quorum of the members up and in reach?"
    static let cancelled = "the calling task was cancelled"
    static let closed = "the node is shut down: open the directory again"
    static let rolledBack =
        "the directory is an old copy, which takes no part: replace the node by one with a new id"
}
