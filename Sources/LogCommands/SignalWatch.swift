import Platform

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Turns signals into calls.
///
/// A handler and a pipe, not a mask: whichever thread a signal meets, the handler writes its number into
/// the pipe, and a thread of its own does the work.
package struct SignalWatch: Sendable {
    private let numbers: [Int32]

    /// Written by handlers: made before the first is installed, and never closed.
    private static let pipe: (reader: Int32, writer: Int32) = {
        var ends: [Int32] = [-1, -1]
        guard makePipe(&ends) == 0 else { return (-1, -1) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return (ends[0], ends[1])
    }()

    /// Holds these signals back from now on. One watch in a process.
    package init(_ numbers: [Int32]) {
        self.numbers = numbers
        guard Self.pipe.writer >= 0 else { return }
        for number in numbers {
            signal(number) { number in
                var byte = UInt8(truncatingIfNeeded: number)
                _ = write(SignalWatch.pipe.writer, &byte, 1)
            }
        }
    }

    /// Calls `body` with the number of each signal, those included that were held back.
    package func onSignal(_ body: @escaping @Sendable (Int32) -> Void) {
        let reader = Self.pipe.reader
        _ = try? PinnedThread(name: "rlog-signals", stackBytes: 1 << 17) {
            var number: UInt8 = 0
            while true {
                let count = read(reader, &number, 1)
                if count == 1 {
                    body(Int32(number))
                } else if count == 0 || errno != EINTR {
                    return
                }
            }
        }
    }

    /// Lets signals do again what they do without a handler.
    package func end() {
        for number in numbers { signal(number, SIG_DFL) }
    }
}

private func makePipe(_ ends: inout [Int32]) -> Int32 {
    pipe(&ends)
}
