/// Where a transaction failed, and with what.
///
/// The place matters more than the code: nothing of a transaction that failed in `begin` or `body`
/// is on the disk, while a failed `commit` is harmless or final (``isFinal``) by its code.
public enum TransactionError<Failure: Error>: Error {
    /// The transaction did not begin; the closure did not run.
    ///
    /// `EDEADLK` means that this thread is already inside a write transaction of the environment.
    case begin(LMDBError)

    /// What the file held when it was opened could not be made durable (``Environment/Options/sealed``), before
    /// the first write; the closure did not run. Final: the environment must not be used again.
    case confirm(LMDBError)

    /// The closure threw; the transaction is aborted and has left no trace.
    case body(Failure)

    /// The commit failed. Unless the error is final, nothing was flushed and the environment goes
    /// on; if it is final, the outcome is unknown and the environment must not be used again.
    case commit(LMDBError)

    /// The changes were committed and not made durable (``Environment/Options/sealed``): readers may see them,
    /// a crash may undo them. Final: the environment must not be used again.
    case seal(LMDBError)

    /// True when the environment must be given up (``LMDBError/isFinal``).
    public var isFinal: Bool {
        switch self {
        case .begin(let error): error == .panic
        case .body(let failure): (failure as? LMDBError)?.isFinal ?? false
        case .commit(let error): error.isFinal
        case .confirm, .seal: true
        }
    }
}

extension TransactionError: Equatable where Failure: Equatable {}
extension TransactionError: Hashable where Failure: Hashable {}

extension TransactionError: CustomStringConvertible {
    /// The place and the error in one line.
    public var description: String {
        switch self {
        case .begin(let error): "begin: \(error)"
        case .confirm(let error): "confirm: \(error)"
        case .body(let failure): "body: \(failure)"
        case .commit(let error): "commit: \(error)"
        case .seal(let error): "seal: \(error)"
        }
    }
}

extension TransactionError where Failure == LMDBError {
    /// The error itself, wherever it arose.
    public var error: LMDBError {
        switch self {
        case .begin(let error), .confirm(let error), .body(let error), .commit(let error),
            .seal(let error):
            error
        }
    }
}
