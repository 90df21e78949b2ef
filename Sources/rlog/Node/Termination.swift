import Platform

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Turns SIGTERM and SIGINT into a call: a handler writes into a pipe, and a thread of its own reads it.
final class Termination: Sendable {
    /// Made before the handlers are installed, and never closed.
    private static let pipe: (reader: Int32, writer: Int32) = {
        var ends: [Int32] = [-1, -1]
        guard makePipe(&ends) == 0 else { return (-1, -1) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return (ends[0], ends[1])
    }()

    /// Holds the signals back from now on.
    init() {
        guard Self.pipe.writer >= 0 else { return }
        for number in [SIGTERM, SIGINT] {
            signal(number) { _ in
                var byte: UInt8 = 1
                _ = write(Termination.pipe.writer, &byte, 1)
            }
        }
    }

    /// Calls `body` at each signal, those included that came before.
    func onSignal(_ body: @escaping @Sendable () -> Void) {
        let reader = Self.pipe.reader
        _ = try? PinnedThread(name: "rlog-signals", stackBytes: 1 << 17) {
            var byte: UInt8 = 0
            while true {
                let count = read(reader, &byte, 1)
                if count == 1 {
                    body()
                } else if count == 0 || errno != EINTR {
                    return
                }
            }
        }
    }
}

private func makePipe(_ ends: inout [Int32]) -> Int32 {
    pipe(&ends)
}
