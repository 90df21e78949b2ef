internal import ReplicatedLog

// What a person reads of an error: what happened, and what to do, in one line.

extension PerformError: CustomStringConvertible {
    /// What became of the command, and why; one line.
    public var description: String {
        switch self {
        case .notEncoded(let error): "not performed: the command cannot be encoded (\(error))"
        case .never(let error): "not performed: \(error)"
        case .unknown(let token, let reason):
            "it is not known whether command \(token) is performed: \(reason)"
        case .appliedElsewhere(let slot, let reason):
            "performed at slot \(slot), and its result is not to be had: \(reason)"
        }
    }
}

extension PerformError.Reason: CustomStringConvertible {
    /// Why there is no result; one line.
    public var description: String {
        switch self {
        case .cancelled: "the calling task was cancelled"
        case .stopped: "the host has ended"
        case .restored: "the state here came from a snapshot that holds the command"
        case .forgotten: "too much was applied before its caller came for it"
        }
    }
}

extension StateReadError: CustomStringConvertible {
    /// Why nothing was read, and what to do; one line.
    public var description: String {
        switch self {
        case .barrier(let error): error.description
        case .cancelled: "the calling task was cancelled"
        case .stopped: "the host has ended: open the directory again"
        }
    }
}

extension HostError: CustomStringConvertible {
    /// What ended the host, and what to do; one line.
    public var description: String {
        switch self {
        case .alreadyRun: "the host was run before: make another one"
        case .undecodable(let slot, let error):
            "the command of slot \(slot) cannot be decoded (\(error)): "
                + "run the version that made it, and let nothing else append to this log"
        case .gap(let slot):
            "the log is not kept up to slot \(slot), and the state here ends before: "
                + "stop the node and copy the newest snapshot file of another member beside its log"
        case .diverged(let found):
            "the state here is wrong: \(found): replace this node, "
                + "and look for what its machine does not do as the others do"
        case .log(let error): error.description
        }
    }
}
