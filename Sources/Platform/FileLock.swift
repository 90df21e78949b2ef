#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Why a file lock was not taken.
package enum FileLockError: Error, Equatable, Sendable, CustomStringConvertible {
    /// Somebody else holds it: another process, or this one.
    case held(path: String)
    /// The file could not be opened or locked.
    case posix(PosixError)

    package var description: String {
        switch self {
        case .held(let path): "\(path) is locked by another user of it"
        case .posix(let error): error.description
        }
    }
}

/// The exclusive right to what a lock file stands for, until this value ends.
///
/// It is an flock: bound to the open file, not to the process, so a second attempt in the same
/// process is refused too, and the kernel lets go when the process dies. The file is made if
/// missing and must never be removed: who removed it would let two holders lock two files of one
/// name.
package struct FileLock: ~Copyable, Sendable {
    private let descriptor: Int32

    /// Takes the lock at once or not at all.
    package init(path: String) throws(FileLockError) {
        let opened: Int32
        do {
            opened = try PosixError.check("open", path) {
                open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o640)
            }
        } catch {
            throw .posix(error)
        }
        do {
            _ = try PosixError.check("flock", path) { flock(opened, LOCK_EX | LOCK_NB) }
        } catch {
            close(opened)
            throw error.code == EWOULDBLOCK ? .held(path: path) : .posix(error)
        }
        descriptor = opened
    }

    deinit {
        // Closing alone would leave the lock to a child that is being forked at this moment.
        _ = flock(descriptor, LOCK_UN)
        close(descriptor)
    }
}
