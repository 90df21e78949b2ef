internal import LMDB
public import PaxosCore
internal import Platform

/// Why a snapshot was not written, or cannot be read.
@nonexhaustive
public enum SnapshotError: Error, Hashable, Sendable {
    /// The node has delivered only so much. Nothing was written.
    case notDelivered(through: Slot)
    /// The slot lies in the middle of a batch: apply through `through`, its end, and write the snapshot then.
    /// Nothing was written.
    case insideBatch(through: Slot)
    /// There is one of this slot, which is as late. Nothing was written.
    case notNewer(than: Slot)
    /// Another one is being written by this node. Nothing was written.
    case busy
    /// Rows that lead to the slot are not kept any more, and no snapshot holds what they did.
    case trimmed(through: Slot)
    /// The row of this slot, which leads to the one that was asked for, is not what was written.
    case unreadable(Slot)
    /// The file is not what was written. Nothing of the damaged part is handed out.
    case damaged(path: String, detail: String)
    /// The file tells of more than the log beside it holds: the log is an older one. It is not used.
    case beyondLog(path: String, slot: Slot, last: Slot)
    /// The reader asked for more bytes than are left.
    case ended
    /// The file belongs to another cluster.
    case foreignCluster(path: String, found: String, expected: ClusterID)
    /// The file was written by a later version of this software.
    case newerFormat(path: String, found: UInt32, supported: UInt32)
    /// The file was written by an earlier version of this software, whose snapshots are not read.
    case olderFormat(path: String, found: UInt32, supported: UInt32)
    /// The disk or its quota is full. Nothing is left of the snapshot.
    case outOfSpace(path: String)
    /// This user may not look at or write what is named.
    case permissionDenied(path: String)
    /// The disk cannot be written.
    case readOnly(path: String)
    /// The operating system refused. Nothing is left of the snapshot.
    case system(code: Int32, operation: String, path: String)
    /// The calling task was cancelled. Nothing is left of the snapshot.
    case cancelled
    /// The node is shut down. Nothing is left of the snapshot.
    case closed
    /// The store failed and the node has stopped (`LogRunError.storeFailed`).
    case storeFailed(StoreFailure)
}

extension SnapshotError: FileRefusal {}

extension SnapshotError {
    /// Of a file that nobody can read any more.
    var isDamage: Bool { if case .damaged = self { true } else { false } }

    /// What may be gone at the next try.
    var isPassing: Bool { if case .system = self { true } else { false } }
}

extension SnapshotError {
    package init(_ failure: ReadFailure) {
        switch failure {
        case .unreadable(let slot): self = .unreadable(slot)
        case .trimmed(let slot, _): self = .trimmed(through: slot)
        case .closed: self = .closed
        case .storeFailed(let failure): self = .storeFailed(failure)
        }
    }
}

extension SnapshotError: CustomStringConvertible {
    /// What is wrong, where, and what to do; one line.
    public var description: String {
        switch self {
        case .notDelivered(let slot): "the node has delivered through slot \(slot) only"
        case .insideBatch(let slot): "the slot is within a batch that ends at slot \(slot)"
        case .notNewer(let slot): "there is a snapshot of slot \(slot)"
        case .busy: "another snapshot is being written"
        case .trimmed(let slot): "the log is trimmed through slot \(slot)"
        case .unreadable(let slot): "the row of slot \(slot) is not what was written"
        case .damaged(let path, let detail): "\(path) is damaged (\(detail))"
        case .beyondLog(let path, let slot, let last):
            "\(path) is of slot \(slot), and the log beside it ends at slot \(last): "
                + "one of the two is an old copy"
        case .ended: "the snapshot holds fewer bytes than were asked for"
        case .foreignCluster(let path, let found, let expected):
            "\(path) belongs to cluster \(found), not \(expected)"
        case .newerFormat(let path, let found, let supported):
            "\(path) has version \(found), and this software reads \(supported): "
                + "read it with the version that wrote it"
        case .olderFormat(let path, let found, let supported):
            "\(path) has version \(found), from before this software's \(supported): "
                + "read it with the version that wrote it"
        case .outOfSpace(let path): "no room for \(path): free space"
        case .permissionDenied(let path):
            "\(path) is closed to this user: run as its owner, or change its mode"
        case .readOnly(let path): "\(path) is on a disk that cannot be written"
        case .system(let code, let operation, let path):
            "\(operation) \(path): \(LMDBError(code: code))"
        case .cancelled: "the snapshot was cancelled"
        case .closed: "the node is shut down"
        case .storeFailed(let what): "storage failed (\(what))"
        }
    }
}
