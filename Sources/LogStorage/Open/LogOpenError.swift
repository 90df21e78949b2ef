internal import LMDB
public import PaxosCore

/// Why a data directory was not opened. Nothing was changed in it, unless a case says so.
@nonexhaustive
public enum LogOpenError: Error, Hashable, Sendable {
    /// There is no such directory: make it with `create`, or mount its disk.
    case missingDirectory(path: String)
    /// The directory holds no log.
    case notALog(path: String)
    /// The directory belongs to another cluster.
    case foreignCluster(path: String, found: ClusterID, expected: ClusterID)
    /// The directory belongs to another node.
    case foreignNode(path: String, found: NodeID, expected: NodeID)
    /// The directory was made for other founding members.
    case differentMembers(path: String, found: Membership, expected: Membership)
    /// The directory was made with another limit of those that all members must have the same, and that
    /// shape what they send and store. `name` is the property of `Limits`.
    case differentLimit(path: String, name: String, found: Int, expected: Int)
    /// The directory was written by a later version of this software, or the number of its format is damaged.
    case newerFormat(path: String, found: UInt32, supported: UInt32)
    /// The directory was written by a version of this software from before the format was changed, or the
    /// number of its format is damaged.
    case olderFormat(path: String, found: UInt32, supported: UInt32)
    /// It is a backup, and never starts as the node that it was made of: peers have met what it does not hold.
    case backup(path: String)
    /// This process or another has the directory open.
    case directoryInUse(path: String)
    /// The directory lies on a network file system, whose locks and flushes cannot be relied on.
    case networkFileSystem(path: String, name: String)
    /// The data file is shorter than what it must hold, in bytes.
    case truncated(path: String, length: Int, needed: Int)
    /// Something other than a row is not what was written.
    case corrupt(path: String, detail: String)
    /// The row of this slot is not what was written, or is missing below the commit watermark. It is
    /// never cut off: what was promised to others would be forgotten (`R34`).
    case unreadableRow(path: String, slot: Slot)
    /// There is no room for the writes that every opening makes.
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
    /// What the node is to tell of itself while it leads is longer than a heartbeat carries.
    case addressTooLong(bytes: Int, limit: Int)
    /// The cluster has more members than can be reached without a transport.
    case needsTransport(members: Int)
    /// It was missing and was to be made, and could not be.
    case notCreated(LogCreateError)
    /// The operating system, or LMDB if the code is negative, refused.
    case system(code: Int32, operation: String, path: String)
}

extension LogOpenError: CustomStringConvertible {
    /// What is wrong, where, and what to do; one line.
    public var description: String {
        switch self {
        case .missingDirectory(let path):
            "there is no data directory at \(path): create it, or mount its disk"
        case .notALog(let path):
            "\(path) is not a data directory of a replicated log: check the path"
        case .foreignCluster(let path, let found, let expected):
            "\(path) belongs to cluster \(found), not \(expected): check the path or the cluster"
        case .foreignNode(let path, let found, let expected):
            "\(path) belongs to node \(found), not \(expected): check the path or the node's id"
        case .differentMembers(let path, let found, let expected):
            "\(path) was made for the members \(Self.list(found)), not \(Self.list(expected)): "
                + "configure the founding members and quorum with which it was created"
        case .differentLimit(let path, let name, let found, let expected):
            "\(path) was made with \(name) \(found), not \(expected): "
                + "all members keep the limits they were created with"
        case .newerFormat(let path, let found, let supported):
            "\(path) has format \(found), and this version reads \(supported): "
                + "open it with the version that wrote it"
        case .olderFormat(let path, let found, let supported):
            "\(path) has format \(found), from before this version's \(supported): "
                + "open it with the version that wrote it"
        case .backup(let path):
            "\(path) is a backup: restore it into a directory of a new cluster"
        case .directoryInUse(let path):
            "\(path) is open already, in this process or another: stop that one first"
        case .networkFileSystem(let path, let name):
            "\(path) is on the network file system \(name): use a local disk"
        case .truncated(let path, let length, let needed):
            "\(path) has \(length) bytes and needs \(needed): its end is lost; "
                + "do not repair it in place, replace the node"
        case .corrupt(let path, let detail):
            "\(path) is damaged (\(detail)): do not repair it in place, replace the node"
        case .unreadableRow(let path, let slot):
            "the row of slot \(slot) in \(path) is missing or not what was written: "
                + "do not repair it in place, replace the node"
        case .outOfSpace(let path):
            "no room in \(path) for what opening writes: free space, or raise mapSize or ulimit -f"
        case .noAddressSpace(let path, let mapSize):
            Self.noAddressSpace(path, mapSize)
        case .permissionDenied(let path):
            "\(path) is closed to this user: run as its owner, or change its mode"
        case .readOnly(let path):
            "\(path) is on a disk that cannot be written: mount it for writing"
        case .invalidLimits(let limits): limits.description
        case .addressTooLong(let bytes, let limit):
            "an address of \(bytes) bytes, and the limit is \(limit)"
        case .invalidStorage(let options): options.description
        case .needsTransport(let members):
            "a cluster of \(members) members needs a transport: open it with one"
        case .notCreated(let error): error.description
        case .system(let code, let operation, let path):
            "\(operation) \(path): \(LMDBError(code: code))"
        }
    }

    private static func list(_ membership: Membership) -> String {
        let names = membership.members.map(\.description).joined(separator: ", ")
        return switch membership.quorum {
        case .majority: names
        case .sized(let phase1, let phase2): "\(names) (quorums of \(phase1) and \(phase2))"
        }
    }

    static func noAddressSpace(_ path: String, _ mapSize: Int) -> String {
        "the address space has no room for a map of \(mapSize) bytes for \(path): "
            + "lower mapSize (--map-size), or raise the limit (ulimit -v)"
    }
}
