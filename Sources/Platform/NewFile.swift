#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// A file that is being made, written from its beginning to its end. Blocking; one thread at a time.
package final class NewFile: Sendable {
    package let path: String
    private let descriptor: Int32

    /// Makes the file, for its owner alone; what is at the path already is refused.
    package init(path: String) throws(PosixError) {
        descriptor = try PosixError.check("open", path) {
            open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        }
        self.path = path
    }

    /// Opens one that was begun before, of which so much is kept: what follows is written behind that.
    package init(resuming path: String, keeping length: Int64) throws(PosixError) {
        let descriptor = try PosixError.check("open", path) {
            open(path, O_WRONLY | O_APPEND | O_CLOEXEC)
        }
        self.descriptor = descriptor
        self.path = path
        _ = try PosixError.check("ftruncate", path) { ftruncate(descriptor, off_t(length)) }
    }

    deinit { close(descriptor) }

    /// Writes all of the bytes behind what was written. After an error some of them may be there.
    package func write(_ bytes: [UInt8], from first: Int = 0) throws(PosixError) {
        var written = first
        while written < bytes.count {
            let count = try PosixError.check("write", path) {
                bytes.withUnsafeBytes {
                    systemWrite(descriptor, UnsafeRawBufferPointer(rebasing: $0[written...]))
                }
            }
            // A write of nothing without an error would be repeated for ever.
            guard count > 0 else { throw PosixError(code: ENOSPC, operation: "write", path: path) }
            written += count
        }
    }

    /// Makes durable what was written, and the file's length. Not its name. An error is final.
    package func flush() throws(PosixError) {
        #if canImport(Darwin)
        if fcntl(descriptor, F_FULLFSYNC) == 0 { return }
        #endif
        // Not repeated on EINTR: what a second fsync answers about the first is unknown.
        guard fsync(descriptor) == 0 else {
            throw PosixError(code: errno, operation: "fsync", path: path)
        }
    }
}

private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
    write(descriptor, bytes.baseAddress, bytes.count)
}
