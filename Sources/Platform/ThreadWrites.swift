#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// What one thread has handed to files, as the kernel counts it. A library that writes inside its own
/// calls does not tell how much; the kernel does.
package final class ThreadWrites: Sendable {
    private let descriptor = Locked<Int32>(-1)
    private let final = Locked<UInt64?>(nil)

    package init() {}

    /// On the thread to be counted. The descriptor means this thread for its whole life.
    package func begin() {
        #if os(Linux)
        let opened = open("/proc/thread-self/io", O_RDONLY | O_CLOEXEC)
        descriptor.withLock { $0 = opened }
        #endif
    }

    /// On the same thread, before it ends.
    package func end() {
        let total = bytes
        final.withLock { $0 = total }
    }

    deinit {
        let opened = descriptor.withLock { $0 }
        if opened >= 0 { close(opened) }
    }

    /// Bytes so far, or nil where nobody counts.
    package var bytes: UInt64? {
        if let total = final.withLock({ $0 }) { return total }
        return descriptor.withLock { descriptor in
            guard descriptor >= 0 else { return nil }
            return withUnsafeTemporaryAllocation(byteCount: 512, alignment: 1) { room in
                let count = pread(descriptor, room.baseAddress, room.count, 0)
                guard count > 0 else { return nil }
                return Self.written(in: String(decoding: room[..<count], as: UTF8.self))
            }
        }
    }

    /// The number in the line `wchar: 1234`.
    private static func written(in text: String) -> UInt64? {
        for line in text.split(separator: "\n") where line.hasPrefix("wchar: ") {
            return UInt64(line.dropFirst(7))
        }
        return nil
    }
}
