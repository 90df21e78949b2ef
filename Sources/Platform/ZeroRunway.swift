#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif
import CPlatform

/// Extends a file by zeros that are written, not merely promised.
///
/// Overwriting blocks that were written once lets fdatasync skip the file system's journal; blocks
/// only allocated do not (docs/STORAGE.md, room). So the range is allocated first, which makes a full
/// disk appear as one clean ENOSPC before anything changed, and then filled.
package enum ZeroRunway {
    /// Writes zeros from `start` up to `end`, never below the file's present end: bytes that are
    /// there stay as they are, and a range that ends there is left alone. If `start` lies above the
    /// present end, the hole between remains.
    ///
    /// Nothing is flushed. After an error the file is as it was or longer by some of the zeros.
    ///
    /// - Parameters:
    ///   - descriptor: The file, open for writing and not in append mode.
    ///   - path: Its name, for the error.
    /// - Returns: How many bytes were written.
    @discardableResult
    package static func extend(
        descriptor: Int32,
        path: String,
        from start: Int64,
        to end: Int64,
        chunkBytes: Int = 1 << 18
    ) throws(PosixError) -> Int64 {
        precondition(start >= 0 && chunkBytes > 0, "a negative range")
        var status = stat()
        _ = try PosixError.check("fstat", path) { fstat(descriptor, &status) }
        let first = max(start, Int64(status.st_size))
        guard first < end else { return 0 }
        try allocate(descriptor: descriptor, path: path, from: first, to: end)
        let zeros = [UInt8](repeating: 0, count: Int(min(Int64(chunkBytes), end - first)))
        var offset = first
        while offset < end {
            let count = Int(min(Int64(zeros.count), end - offset))
            let written = try PosixError.check("pwrite", path) {
                zeros.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, count, off_t(offset)) }
            }
            guard written > 0 else {
                // A write of nothing without an error would be repeated for ever.
                throw PosixError(code: ENOSPC, operation: "pwrite", path: path)
            }
            offset += Int64(written)
        }
        return end - first
    }

    /// Makes the file as long as `end`, its new part allocated and not written: it reads as zeros, a write
    /// into it finds room, and its first flush costs what a growing file's does. Never below the file's
    /// present end, as `extend`: a file that is longer already stays as it is.
    ///
    /// - Returns: False, and nothing is changed, where blocks cannot be allocated ahead.
    package static func reserve(
        descriptor: Int32,
        path: String,
        from start: Int64,
        to end: Int64
    ) throws(PosixError) -> Bool {
        var status = stat()
        _ = try PosixError.check("fstat", path) { fstat(descriptor, &status) }
        let first = max(start, Int64(status.st_size))
        guard first < end else { return true }
        guard try allocate(descriptor: descriptor, path: path, from: first, to: end) else {
            return false
        }
        _ = try PosixError.check("ftruncate", path) { ftruncate(descriptor, off_t(end)) }
        return true
    }

    /// False where blocks cannot be allocated ahead: there the writes find out whether there are any.
    @discardableResult
    private static func allocate(
        descriptor: Int32,
        path: String,
        from start: Int64,
        to end: Int64
    ) throws(PosixError) -> Bool {
        let code = cplatform_allocate(descriptor, start, end - start)
        switch code {
        case 0:
            return true
        case EOPNOTSUPP, ENOSYS, ENOTSUP:
            return false
        default:
            throw PosixError(code: code, operation: "fallocate", path: path)
        }
    }
}
