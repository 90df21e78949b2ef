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

    deinit { close(descriptor) }

    /// The bytes from `offset` on: `count` of them, or fewer at the end of the file.
    package func read(at offset: Int64, count: Int) throws(PosixError) -> [UInt8] {
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
