#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// A file that is open for reading at any place. Blocking; any thread.
package struct ReadOnlyFile: ~Copyable, Sendable {
    package let path: String
    private let descriptor: Int32

    package init(path: String) throws(PosixError) {
        descriptor = try PosixError.check("open", path) { open(path, O_RDONLY | O_CLOEXEC) }
        self.path = path
    }

    deinit {
        // Closing alone would leave a lock to a child that is being forked at this moment.
        _ = flock(descriptor, LOCK_UN)
        close(descriptor)
    }

    /// Takes a lock that others may share, until this value ends; false if somebody holds the file for
    /// himself. Needs no right to write, and leaves nothing behind.
    package func lockShared() throws(PosixError) -> Bool {
        do throws(PosixError) {
            _ = try PosixError.check("flock", path) { flock(descriptor, LOCK_SH | LOCK_NB) }
            return true
        } catch {
            guard error.code == EWOULDBLOCK else { throw error }
            return false
        }
    }

    /// Has the system forget what it holds of the file in memory, where that is on the disk already: what is read
    /// then comes from there. A hint, which not every system takes.
    package func dropCached() {
        #if os(Linux)
        _ = posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED)
        #endif
    }

    /// How many bytes the file has.
    package var length: Int64 {
        get throws(PosixError) {
            var status = stat()
            _ = try PosixError.check("fstat", path) { fstat(descriptor, &status) }
            return Int64(status.st_size)
        }
    }

    /// The bytes from `offset` on: `count` of them, or fewer at the end of the file.
    package func read(at offset: Int64, count: Int) throws(PosixError) -> [UInt8] {
        // An array without room is one that all threads share, and making one writes its count.
        guard count > 0 else { return [] }
        var failure: PosixError?
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { room, used in
            while used < count {
                let rest = UnsafeMutableBufferPointer(rebasing: room[used...])
                do throws(PosixError) {
                    let got = try PosixError.check("pread", path) {
                        pread(descriptor, rest.baseAddress, rest.count, off_t(offset) + off_t(used))
                    }
                    guard got > 0 else { return }
                    used += got
                } catch {
                    failure = error
                    return
                }
            }
        }
        if let failure { throw failure }
        return bytes
    }
}
