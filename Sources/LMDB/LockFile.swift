#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// LMDB's reader table, `<data file>-lock`.
///
/// LMDB makes the file longer and maps it, and the first store into the map takes a block of the disk:
/// if there is none, that is a `SIGBUS`. So the blocks are taken before, where a full disk is an error. Here
/// alone anybody but LMDB opens the file, and only while this process has not opened the
/// environment yet: closing it then drops no lock of LMDB's.
enum LockFile {
    /// What LMDB 0.9 needs on 64 bits: a reader a cache line, and three of them before the first.
    private static func bytes(readers: Int) -> Int { (max(readers, 1) + 2) * 64 }

    static func allocate(
        besides path: String,
        options: Environment.Options
    ) throws(EnvironmentOpenError) {
        let lockPath = path + "-lock"
        let descriptor = Environment.create(lockPath, mode: options.fileMode)
        guard descriptor >= 0 else {
            // A medium that cannot be written is inspected without locks.
            if errno == EROFS, options.access != .write { return }
            throw .posix(errno: errno, path: lockPath)
        }
        defer { _ = Environment.closeDescriptor(descriptor) }
        let code = allocate(descriptor, bytes(readers: options.maxReaders))
        guard code == 0 else { throw .posix(errno: code, path: lockPath) }
    }

    /// Runs `body` while no other process can have the environment open or open it, as tools that only read
    /// may: LMDB would go on from the numbers that stand in this file. Before LMDB opens it.
    static func withoutOthers(
        besides path: String,
        _ body: () throws(EnvironmentOpenError) -> Void
    ) throws(EnvironmentOpenError) {
        let lockPath = path + "-lock"
        let descriptor = Environment.create(lockPath, mode: 0o600)
        guard descriptor >= 0 else { throw .posix(errno: errno, path: lockPath) }
        // Lets go of the lock too.
        defer { _ = Environment.closeDescriptor(descriptor) }
        var lock = flock()
        lock.l_type = Int16(F_WRLCK)
        lock.l_whence = Int16(SEEK_SET)
        lock.l_start = 0
        lock.l_len = 1
        while fcntl(descriptor, F_SETLK, &lock) != 0 {
            let code = errno
            if code == EINTR { continue }
            if code == EACCES || code == EAGAIN { throw .lockedByAnotherProcess(path: path) }
            throw .posix(errno: code, path: lockPath)
        }
        try body()
    }

    private static func allocate(_ descriptor: Int32, _ length: Int) -> Int32 {
        #if canImport(Glibc)
        while true {
            // Holes are filled as well; what is there stays.
            let code = posix_fallocate(descriptor, 0, off_t(length))
            if code != EINTR { return code }
        }
        #else
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return errno }
        let zeros = [UInt8](repeating: 0, count: max(0, length - Int(status.st_size)))
        let written = zeros.withUnsafeBytes {
            pwrite(descriptor, $0.baseAddress, $0.count, status.st_size)
        }
        if written == zeros.count { return 0 }
        return written < 0 ? errno : ENOSPC
        #endif
    }
}
