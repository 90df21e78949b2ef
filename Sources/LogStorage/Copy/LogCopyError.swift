internal import LMDB
public import PaxosCore

/// Why a backup was not made, or a log not restored. Nothing is left of it, and what it was made of is untouched.
@nonexhaustive
public enum LogCopyError: Error, Hashable, Sendable {
    /// The log that was to be copied cannot be read.
    case source(LogOpenError)
    /// The copy cannot be made where it was to be.
    case destination(LogCreateError)
    /// The row of this slot is not what was written, or is missing. A copy without it would be another log.
    case unreadable(Slot)
    /// What the rows do is not what the log says that they did.
    case contradicted(at: Slot)
    /// A snapshot cannot be copied.
    case snapshot(SnapshotError)
    /// The log was trimmed again and again while it was read.
    case trimmedMeanwhile(through: Slot)
    /// What is restored must be of another cluster than the one it was made of, whose members may live on.
    case sameCluster(ClusterID)
    /// What is restored begins as a cluster of one member.
    case notAlone(Membership)
    /// What is restored may hold more than this limit allows. `name` is the property of `Limits`.
    case lowerLimit(name: String, found: Int, configured: Int)
    /// The limits make no sense.
    case invalidLimits(InvalidLimits)
    /// The slot names members of the cluster that it was made of, which the new one must not take for its own.
    case membership(Slot)
    /// The calling task was cancelled.
    case cancelled
    /// The node is shut down.
    case closed
    /// The store failed and the node has stopped (`LogRunError.storeFailed`).
    case storeFailed(StoreFailure)
}

extension LogCopyError {
    package init(_ failure: ReadFailure) {
        switch failure {
        case .unreadable(let slot): self = .unreadable(slot)
        case .trimmed(let slot, _): self = .trimmedMeanwhile(through: slot)
        case .closed: self = .closed
        case .storeFailed(let failure): self = .storeFailed(failure)
        }
    }
}

extension LogCopyError: CustomStringConvertible {
    /// What is wrong, where, and what to do; one line.
    public var description: String {
        switch self {
        case .source(let error): error.description
        case .destination(let error): error.description
        case .unreadable(let slot):
            "the row of slot \(slot) is missing or not what was written: copy another member"
        case .contradicted(let slot):
            "the rows up to slot \(slot) are not those that the log was made of: copy another member"
        case .snapshot(let error): error.description
        case .trimmedMeanwhile(let slot):
            "the log was trimmed through slot \(slot) while it was read: try again"
        case .sameCluster(let cluster):
            "the log is of cluster \(cluster), whose members may live on: name another cluster"
        case .notAlone(let membership):
            "a log is restored into a cluster of one member, not of \(membership.members.count)"
        case .lowerLimit(let name, let found, let configured):
            "the log was made with \(name) \(found), and \(configured) is less: configure no less"
        case .invalidLimits(let limits): limits.description
        case .membership(let slot):
            "slot \(slot) names members of the cluster that it was made of"
        case .cancelled: "it was cancelled"
        case .closed: "the node is shut down"
        case .storeFailed(let what): "storage failed (\(what))"
        }
    }
}
