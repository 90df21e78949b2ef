public import PaxosCore
internal import Platform

/// Why an append has no slot to show, and whether it may get one.
@nonexhaustive
public enum AppendError: Error, Hashable, Sendable {
    /// The payload is larger than `Limits.maxPayloadBytes`. Nothing was appended.
    case payloadTooLarge(bytes: Int, limit: Int)
    /// No slot of a log has that number: they begin at 1 and stay below 2^62. Nothing was appended.
    case noSuchSlot(Slot)
    /// A batch holds at least one payload. Nothing was appended.
    case emptyBatch
    /// The batch is larger than half of the pipeline, in payloads or in bytes. Nothing was appended.
    case batchTooLarge(entries: Int, bytes: Int, maxEntries: Int, maxBytes: Int)
    /// The inbox is full, and the caller asked not to wait or those that wait hold `Limits.waitingBytes`
    /// already. Nothing was appended.
    case overloaded
    /// The append is not in the log and never will be: it may be tried again.
    case never(Reason)
    /// The append may be in the log, or still get there. `LogNode.resolve(_:settle:timeout:)` tells what became of it,
    /// by its token, on any member.
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
        /// The store failed and the node has stopped (`LogRunError.storeFailed`).
        case storeFailed(StoreFailure)
        /// `run()` ended with this before the node took part.
        case runFailed(LogRunError)
        /// The directory is an old copy of what its peers have met: it can be read and does nothing else.
        case rolledBack
        /// It is in the log and has had its effect, once; only the slot is not known here. This node was far behind,
        /// and a base stands for what it had not got.
        case passed
        /// Somebody has had its token settled before it got into the log, by `LogNode.resolve(_:settle:timeout:)`.
        case voided
        /// It asked for one slot (`LogNode.append(_:at:timeout:overload:onUnknown:)`), which is not the next one, or is
        /// committed with something else.
        case slotTaken
    }
}

extension AppendError.Reason {
    init(_ refusal: Refusal, _ ending: Ending) {
        switch refusal {
        case .timedOut: self = .timedOut
        case .cancelled: self = .cancelled
        case .full: self = .full
        case .overloaded, .closed, .noSuchToken, .noSuchMember:
            self = ending.cause.map { .runFailed($0) } ?? .closed
        case .storeFailed: self = ending.failure.map { .storeFailed($0) } ?? .closed
        case .rolledBack: self = .rolledBack
        case .passed: self = .passed
        case .voided: self = .voided
        case .slotTaken: self = .slotTaken
        }
    }
}

/// What a caller is told of a node that takes no more calls: the first cause of its end.
struct Ending {
    /// What ended `run()`, unless it ended in order or by its store.
    let cause: LogRunError?
    /// What ended the store; nil if nothing did.
    let failure: StoreFailure?
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
    /// The store failed and the node has stopped (`LogRunError.storeFailed`).
    case storeFailed(StoreFailure)
    /// `run()` ended with this before the node took part.
    case runFailed(LogRunError)
    /// The directory is an old copy of what its peers have met: it can be read and does nothing else.
    case rolledBack
}

/// An error of a call that leaves nothing behind it when it ends: how a refusal of the core ends it.
protocol CallError {
    static var timedOut: Self { get }
    static var cancelled: Self { get }
    static var closed: Self { get }
    static var rolledBack: Self { get }
    static func storeFailed(_ failure: StoreFailure) -> Self
    static func runFailed(_ error: LogRunError) -> Self
}

extension CallError {
    init(_ refusal: Refusal, _ ending: Ending) {
        switch refusal {
        case .timedOut: self = .timedOut
        case .cancelled: self = .cancelled
        case .storeFailed: self = ending.failure.map { .storeFailed($0) } ?? .closed
        case .rolledBack: self = .rolledBack
        case .overloaded, .full, .closed, .passed, .voided, .slotTaken, .noSuchToken, .noSuchMember:
            self = ending.cause.map { .runFailed($0) } ?? .closed
        }
    }
}

extension BarrierError: CallError {}

/// Why committed entries could not be read.
@nonexhaustive
public enum ReadError: Error, Hashable, Sendable {
    /// The range begins below the first slot that is kept.
    case trimmed(through: Slot)
    /// The slot's row is not what was written. It is never delivered as something else.
    case unreadable(Slot)
    /// The node is shut down.
    case closed
    /// The store failed and the node has stopped (`LogRunError.storeFailed`).
    case storeFailed(StoreFailure)
    /// `run()` ended with this before the node took part.
    case runFailed(LogRunError)
}

extension ReadError {
    init(_ failure: ReadFailure) {
        switch failure {
        case .unreadable(let slot): self = .unreadable(slot)
        case .trimmed(let slot, _): self = .trimmed(through: slot)
        case .closed: self = .closed
        case .storeFailed(let failure): self = .storeFailed(failure)
        }
    }

    init(_ refusal: Refusal, _ ending: Ending) {
        if refusal == .storeFailed, let failure = ending.failure {
            self = .storeFailed(failure)
        } else {
            self = ending.cause.map { .runFailed($0) } ?? .closed
        }
    }
}

/// Why a slot was not waited for any longer.
@nonexhaustive
public enum WaitError: Error, Hashable, Sendable {
    /// The calling task was cancelled.
    case cancelled
    /// The node is shut down.
    case closed
    /// The store failed and the node has stopped (`LogRunError.storeFailed`).
    case storeFailed(StoreFailure)
    /// `run()` ended with this before the node took part.
    case runFailed(LogRunError)
}

extension WaitError {
    init(_ refusal: Refusal, _ ending: Ending) {
        if refusal == .storeFailed, let failure = ending.failure {
            self = .storeFailed(failure)
        } else {
            self = ending.cause.map { .runFailed($0) } ?? .closed
        }
    }
}

/// Why a node stopped, or did not start.
@nonexhaustive
public enum LogRunError: Error, Hashable, Sendable {
    /// `run()` was called before, or the node was closed.
    case alreadyRun
    /// A commit or a flush failed; or the data file was removed, replaced or cut short under the node, or
    /// what the next commit would have followed in it is damaged; or a row that must be replayed is. The
    /// node acknowledged nothing since. If the file is whole, so is everything acknowledged: open the
    /// directory again to find out what became of the rest, or to be told what is damaged.
    case storeFailed(StoreFailure)
    /// The system gave no thread; its number for why.
    case noThread(code: Int32)
    /// The transport could not begin to receive.
    case transportFailed(UnderlyingError)
}

extension LogRunError: CustomStringConvertible {
    /// What happened, and what to do; one line.
    public var description: String {
        switch self {
        case .alreadyRun: "the node was run or closed before: open the directory again"
        case .storeFailed(let what):
            "storage failed (\(what)): check the disk, then open the directory again"
        case .noThread(let code):
            "the system gave no thread (\(PosixError.text(of: code))): raise its limit"
        case .transportFailed(let error): "the transport could not begin to receive: \(error)"
        }
    }
}
