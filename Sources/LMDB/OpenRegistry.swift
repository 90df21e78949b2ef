#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// Identifies a file whatever its names: symbolic and hard links included.
struct FileIdentity: Hashable {
    let device: UInt64
    let inode: UInt64

    init(_ status: stat) {
        device = UInt64(truncatingIfNeeded: status.st_dev)
        inode = UInt64(truncatingIfNeeded: status.st_ino)
    }
}

/// The files this process has open as environments.
///
/// LMDB keeps its reader table by `fcntl` locks, which belong to the process: a second opening in
/// the same process succeeds, and closing either drops the locks of both. So it must not happen.
final class OpenRegistry: @unchecked Sendable {
    static let shared = OpenRegistry()

    private let mutex = PosixMutex()
    private var open: Set<FileIdentity> = []

    /// Claims the file; false when it is claimed already.
    func claim(_ file: FileIdentity) -> Bool {
        mutex.lock()
        defer { mutex.unlock() }
        return open.insert(file).inserted
    }

    /// Releases the file, after its environment and its lock are closed.
    func release(_ file: FileIdentity) {
        mutex.lock()
        defer { mutex.unlock() }
        open.remove(file)
    }
}
