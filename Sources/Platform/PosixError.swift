#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// A failed call to the operating system: which call, on what, and why.
package struct PosixError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The error number, such as `ENOENT`.
    package let code: Int32
    /// The call that failed, such as `open`.
    package let operation: String
    /// What it was called on; empty if it was not a file.
    package let path: String

    package init(code: Int32, operation: String, path: String) {
        self.code = code
        self.operation = operation
        self.path = path
    }

    /// `open data/n1: No such file or directory`
    package var description: String {
        path.isEmpty
            ? "\(operation): \(Self.text(of: code))"
            : "\(operation) \(path): \(Self.text(of: code))"
    }

    /// The code of what is not there.
    package static let missing = ENOENT

    /// The code of what somebody else has.
    package static let busy = EBUSY

    /// The code of what cannot be read or written.
    package static let unreadable = EIO

    /// Whether the file or directory was not there.
    package var isMissing: Bool { code == ENOENT }

    /// Whether something on the way is there and no directory.
    package var isNotADirectory: Bool { code == ENOTDIR }

    /// Whether the disk or the quota is full, or the file as long as the process may make one.
    package var isFull: Bool { code == ENOSPC || code == EDQUOT || code == EFBIG }

    /// Whether the user has not the right.
    package var isDenied: Bool { code == EACCES || code == EPERM }

    /// Whether the disk is mounted for reading only.
    package var isOfReadOnlyDisk: Bool { code == EROFS }

    /// Whether there was no memory, or no room in the address space.
    package var isNoMemory: Bool { code == ENOMEM }

    /// The operating system's words for an error number.
    package static func text(of code: Int32) -> String {
        guard let words = strerror(code) else { return "error \(code)" }
        return String(cString: words)
    }

    /// Makes a call that answers -1 and `errno` on failure, again while a signal interrupts it.
    package static func check<Answer: FixedWidthInteger & SignedInteger>(
        _ operation: String,
        _ path: String,
        _ call: () -> Answer
    ) throws(PosixError) -> Answer {
        while true {
            let answer = call()
            if answer != -1 { return answer }
            let code = errno
            if code != EINTR {
                throw PosixError(code: code, operation: operation, path: path)
            }
        }
    }
}
