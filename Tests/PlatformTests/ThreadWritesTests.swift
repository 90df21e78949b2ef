import Platform
import TestSupport
import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

@Suite(.shared) struct ThreadWritesTests {
    /// Whoever asks while something is written that is not counted is told what was counted before.
    @Test func whatIsExcludedIsNotCountedWhileItIsWritten() async throws {
        let seen = await withCheckedContinuation { continuation in
            let thread = Result {
                try PinnedThread(name: "writes") {
                    let descriptor = open("/dev/null", O_WRONLY)
                    defer { close(descriptor) }
                    func put(_ bytes: Int) {
                        let room = [UInt8](repeating: 0, count: bytes)
                        precondition(writeAll(descriptor, room) == bytes)
                    }
                    let writes = ThreadWrites()
                    writes.begin()
                    let start = writes.bytes ?? 0
                    var seen: [UInt64?] = []
                    put(100)
                    seen.append(writes.bytes)
                    writes.excluding {
                        put(5_000)
                        seen.append(writes.bytes)
                    }
                    seen.append(writes.bytes)
                    put(20)
                    seen.append(writes.bytes)
                    writes.end()
                    put(1)
                    seen.append(writes.bytes)
                    continuation.resume(returning: seen.map { $0.map { $0 - start } })
                }
            }
            if case .failure = thread { continuation.resume(returning: []) }
        }
        #if os(Linux)
        #expect(seen == [100, 100, 100, 120, 120])
        #else
        #expect(seen == [nil, nil, nil, nil, nil])
        #endif
    }
}

private func writeAll(_ descriptor: Int32, _ bytes: [UInt8]) -> Int {
    bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
}
