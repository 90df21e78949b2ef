internal import LMDB
public import PaxosCore

/// Why a data directory was not made. Nothing is left behind, and what was there is untouched.
@nonexhaustive
public enum LogCreateError: Error, Hashable, Sendable {
    /// The directory exists and holds something.
    case notEmpty(path: String)
    /// Something other than a directory is there.
    case notADirectory(path: String)
    /// The node is none of the founding members.
    case notAMember(node: NodeID)
    /// The directory would lie on a network file system.
    case networkFileSystem(path: String, name: String)
    /// The disk, its quota or the map is full.
    case outOfSpace(path: String)
    /// The address space of the process has no room for the map.
    case noAddressSpace(path: String, mapSize: Int)
    /// This user may not look at or write what is named.
    case permissionDenied(path: String)
    /// The disk cannot be written.
    case readOnly(path: String)
    /// The limits make no sense.
    case invalidLimits(InvalidLimits)
    /// The storage options make no sense.
    case invalidStorage(InvalidStorage)
    /// The operating system, or LMDB if the code is negative, refused.
    case system(code: Int32, operation: String, path: String)
}

extension LogCreateError: CustomStringConvertible {
    /// What is wrong, where, and what to do; one line.
    public var description: String {
        switch self {
        case .notEmpty(let path):
            "\(path) is not empty: open it if it is a log, or name another directory"
        case .notADirectory(let path):
            "\(path) is there and is not a directory: name another one"
        case .notAMember(let node):
            "node \(node) is none of the founding members: check the configuration"
        case .networkFileSystem(let path, let name):
            "\(path) is on the network file system \(name): use a local disk"
        case .outOfSpace(let path): "no room for a log in \(path): free space, or raise mapSize"
        case .noAddressSpace(let path, let mapSize):
            LogOpenError.noAddressSpace(path, mapSize)
        case .permissionDenied(let path):
            "\(path) is closed to this user: run as its owner, or change its mode"
        case .readOnly(let path): "\(path) is on a disk that cannot be written: name another one"
        case .invalidLimits(let limits): limits.description
        case .invalidStorage(let options): options.description
        case .system(let code, let operation, let path):
            "\(operation) \(path): \(LMDBError(code: code))"
        }
    }
}
