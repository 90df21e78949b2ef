#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// Identifies a file whatever its names: symbolic and hard links included. Only while it is open somewhere: who
/// has lost its last name and is closed leaves its number to the next file that is made.
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
    /// A file that nobody else in this process opens as an environment.
    struct Claim {
        let file: FileIdentity
        /// Keeps the file's number its own until the claim is given up.
        fileprivate let descriptor: Int32
    }

    static let shared = OpenRegistry()

    private let mutex = PosixMutex()
    private var claimed: Set<FileIdentity> = []

    /// Claims the file at `path`.
    func claim(_ path: String) throws(EnvironmentOpenError) -> Claim {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        var status = stat()
        guard descriptor >= 0, fstat(descriptor, &status) == 0 else {
            let code = errno
            if descriptor >= 0 { close(descriptor) }
            throw .posix(errno: code, path: path)
        }
        let file = FileIdentity(status)
        mutex.lock()
        defer { mutex.unlock() }
        guard claimed.insert(file).inserted else {
            close(descriptor)
            throw .alreadyOpen(path: path)
        }
        return Claim(file: file, descriptor: descriptor)
    }

    /// Gives up a claim, after the environment and its lock are closed.
    func release(_ claim: Claim) {
        mutex.lock()
        claimed.remove(claim.file)
        mutex.unlock()
        close(claim.descriptor)
    }
}
