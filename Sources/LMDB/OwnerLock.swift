#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// The lock that keeps other processes away: `flock` on `<data file>-owner`, a file of our own.
///
/// LMDB's `<data file>-lock` must never be opened by anybody but LMDB: closing any descriptor of it
/// drops the `fcntl` locks on which the reader table rests. The file is empty, carries nothing, and
/// stays: removing it would let two processes lock two different files of the same name.
struct OwnerLock {
    let descriptor: Int32

    /// Takes the lock without waiting; nil when `access` needs none, or when inspecting a medium
    /// that cannot be written, where nobody could be writing.
    static func acquire(
        besides path: String,
        access: Environment.Access,
        mode: UInt32
    ) throws(EnvironmentOpenError) -> OwnerLock? {
        if access == .observe { return nil }
        let lockPath = path + "-owner"
        let descriptor = open(lockPath, O_RDONLY | O_CREAT | O_CLOEXEC, mode_t(mode))
        if descriptor < 0 {
            let code = errno
            if code == EROFS && access == .inspect { return nil }
            throw .posix(errno: code, path: lockPath)
        }
        do throws(EnvironmentOpenError) {
            try lock(descriptor, access: access, path: path)
        } catch {
            close(descriptor)
            throw error
        }
        return OwnerLock(descriptor: descriptor)
    }

    /// Locks the data file itself as well, on LMDB's own descriptor: this is what meets another
    /// process that came in through a hard link and so locked another owner file.
    static func lock(
        _ descriptor: Int32,
        access: Environment.Access,
        path: String
    ) throws(EnvironmentOpenError) {
        let operation: Int32
        switch access {
        case .write: operation = LOCK_EX
        case .inspect: operation = LOCK_SH
        case .observe: return
        }
        while flock(descriptor, operation | LOCK_NB) != 0 {
            let code = errno
            if code == EINTR { continue }
            if code == EWOULDBLOCK { throw .lockedByAnotherProcess(path: path) }
            throw .posix(errno: code, path: path)
        }
    }

    /// Lets go for good. Closing alone would not: a child that another thread is forking at this moment
    /// has the same open file, and with it the lock, until it executes its program.
    static func unlock(_ descriptor: Int32) {
        _ = flock(descriptor, LOCK_UN)
    }

    func release() {
        Self.unlock(descriptor)
        close(descriptor)
    }
}
