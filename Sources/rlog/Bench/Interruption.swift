import Platform

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Removes the temporary directory when the run is interrupted, and then lets the signal do what it
/// does: a shell sees a process that was ended by it.
///
/// A handler and a pipe, not a mask: whichever thread a signal meets, the handler writes its number into
/// the pipe, and a thread of its own does the work.
final class Interruption: Sendable {
    private let isOver = Locked(false)

    /// Written by handlers: made before the first is installed, and never closed.
    private static let pipe: (reader: Int32, writer: Int32) = {
        var ends: [Int32] = [-1, -1]
        guard makePipe(&ends) == 0 else { return (-1, -1) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return (ends[0], ends[1])
    }()

    private static let signals = [SIGINT, SIGTERM, SIGHUP]

    /// Holds signals back from now on: before the directory is made, so that it is never left behind.
    init() {
        guard Self.pipe.writer >= 0 else { return }
        for number in Self.signals {
            signal(number) { number in
                var byte = UInt8(truncatingIfNeeded: number)
                _ = write(Interruption.pipe.writer, &byte, 1)
            }
        }
    }

    /// From now on a signal removes the directory, one that was held back too.
    func guardDirectory(_ path: String) {
        let isOver = isOver
        let reader = Self.pipe.reader
        _ = try? PinnedThread(name: "rlog-signals", stackBytes: 1 << 17) {
            var number: UInt8 = 0
            while read(reader, &number, 1) != 1 {
                guard errno == EINTR else { return }
            }
            // Held until the process ends: nobody else removes or reports anything meanwhile.
            isOver.withLock { isOver in
                if isOver { return }
                // A node that is being started may make files, and missing parents, once more.
                repeat {
                    try? FileSystem.removeTree(path)
                    usleep(20_000)
                } while FileSystem.exists(path)
                signal(Int32(number), SIG_DFL)
                // To the process, whatever this thread inherited as its mask.
                kill(getpid(), Int32(number))
                while true { pause() }
            }
        }
    }

    /// The directory is nobody's any more.
    func end() {
        isOver.withLock { $0 = true }
        for number in Self.signals { signal(number, SIG_DFL) }
    }
}

private func makePipe(_ ends: inout [Int32]) -> Int32 {
    pipe(&ends)
}
