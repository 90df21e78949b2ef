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
    private struct State {
        var descriptor: Int32 = -1
        /// All of it, once the thread has ended.
        var final: UInt64?
        /// What was written without being counted.
        var excluded: UInt64 = 0
        /// What is told while something is written that is not counted.
        var held: UInt64?
    }

    private let state = Locked(State())

    package init() {}

    /// On the thread to be counted. The descriptor means this thread for its whole life.
    package func begin() {
        #if os(Linux)
        let opened = open("/proc/thread-self/io", O_RDONLY | O_CLOEXEC)
        state.withLock { $0.descriptor = opened }
        #endif
    }

    /// On the same thread, before it ends.
    package func end() {
        let total = bytes
        state.withLock { $0.final = total }
    }

    deinit {
        let opened = state.withLock { $0.descriptor }
        if opened >= 0 { close(opened) }
    }

    /// Bytes so far, or nil where nobody counts.
    package var bytes: UInt64? {
        state.withLock { state in
            state.final ?? state.held ?? Self.read(state.descriptor).map { $0 - state.excluded }
        }
    }

    /// Runs `body`, on the same thread: what it writes is not counted, neither by who asks meanwhile.
    package func excluding<R, E: Error>(_ body: () throws(E) -> R) throws(E) -> R {
        let before = state.withLock { state -> UInt64? in
            let before = Self.read(state.descriptor)
            state.held = before.map { $0 - state.excluded }
            return before
        }
        defer {
            state.withLock { state in
                if let before, let now = Self.read(state.descriptor) {
                    state.excluded += now - before
                }
                state.held = nil
            }
        }
        return try body()
    }

    /// All that the thread has written.
    private static func read(_ descriptor: Int32) -> UInt64? {
        guard descriptor >= 0 else { return nil }
        return withUnsafeTemporaryAllocation(byteCount: 512, alignment: 1) { room in
            let count = pread(descriptor, room.baseAddress, room.count, 0)
            guard count > 0 else { return nil }
            return written(in: String(decoding: room[..<count], as: UTF8.self))
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
