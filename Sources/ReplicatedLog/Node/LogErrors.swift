public import PaxosCore

/// Why an append has no slot to show, and whether it may get one.
@nonexhaustive
public enum AppendError: Error, Hashable, Sendable {
    /// The payload is larger than `Limits.maxPayloadBytes`. Nothing was appended.
    case payloadTooLarge(bytes: Int, limit: Int)
    /// A batch holds at least one payload. Nothing was appended.
    case emptyBatch
    /// The batch is larger than half of the pipeline, in payloads or in bytes. Nothing was appended.
    case batchTooLarge(entries: Int, bytes: Int, maxEntries: Int, maxBytes: Int)
    /// The inbox is full and the caller asked not to wait. Nothing was appended.
    case overloaded
    /// The append is not in the log and never will be: it may be tried again.
    case never(Reason)
    /// The append may be in the log, or still get there; its token tells which.
    case unknown(Token, Reason)

    /// What ended the wait.
    @nonexhaustive
    public enum Reason: Hashable, Sendable {
        /// The time given to the call ran out.
        case timedOut
        /// The calling task was cancelled.
        case cancelled
        /// The disk or the map is full. Reads go on, and appends once there is room again.
        case full
        /// The node is shut down.
        case closed
        /// A commit or a flush failed and the node has stopped; open the directory again.
        case storeFailed(String)
    }
}

extension AppendError.Reason {
    init(_ refusal: Refusal, _ failure: StoreFailure?) {
        switch refusal {
        case .timedOut: self = .timedOut
        case .cancelled: self = .cancelled
        case .full: self = .full
        case .overloaded, .closed: self = .closed
        case .storeFailed: self = .storeFailed(failure?.description ?? "")
        }
    }
}

/// Why a barrier was not reached.
@nonexhaustive
public enum BarrierError: Error, Hashable, Sendable {
    /// The time given to the call ran out.
    case timedOut
    /// The calling task was cancelled.
    case cancelled
    /// The node is shut down.
    case closed
    /// A commit or a flush failed and the node has stopped.
    case storeFailed(String)
}

/// Why committed entries could not be read.
@nonexhaustive
public enum ReadError: Error, Hashable, Sendable {
    /// The range begins below the first slot that is kept.
    case trimmed(through: Slot)
    /// The slot's row is not what was written. It is never delivered as something else.
    case unreadable(Slot)
    /// The node is shut down.
    case closed
    /// A commit or a flush failed and the node has stopped.
    case storeFailed(String)
}

extension ReadError {
    init(_ failure: ReadFailure) {
        switch failure {
        case .unreadable(let slot): self = .unreadable(slot)
        case .closed: self = .closed
        case .storeFailed(let failure): self = .storeFailed(failure.description)
        }
    }

    init(_ refusal: Refusal, _ failure: StoreFailure?) {
        self = refusal == .storeFailed ? .storeFailed(failure?.description ?? "") : .closed
    }
}

/// Why a node stopped, or did not start.
@nonexhaustive
public enum LogRunError: Error, Hashable, Sendable {
    /// `run()` was called before, or the node was closed.
    case alreadyRun
    /// A commit or a flush failed. Nothing acknowledged is lost; open the directory again to find out
    /// what became of the rest.
    case storeFailed(String)
    /// The system gave no thread.
    case noThread(String)
    /// The transport could not begin to receive.
    case transportFailed(String)
}
