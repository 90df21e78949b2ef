import LogCommands
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
final class Interruption: Sendable {
    private let isOver = Locked(false)
    private let signals = SignalWatch([SIGINT, SIGTERM, SIGHUP])

    /// From now on a signal removes the directory, one that was held back since this was made too: before
    /// the directory, so that it is never left behind.
    func guardDirectory(_ path: String) {
        Output.beforeEnd.withLock { $0 = { try? FileSystem.removeTree(path) } }
        let isOver = isOver
        let signals = signals
        signals.onSignal { number in
            // Held until the process ends: nobody else removes or reports anything meanwhile.
            isOver.withLock { isOver in
                if isOver { return }
                // A node that is being started may make files, and missing parents, once more.
                repeat {
                    try? FileSystem.removeTree(path)
                    usleep(20_000)
                } while FileSystem.exists(path)
                signals.end()
                // To the process, whatever this thread inherited as its mask.
                kill(getpid(), number)
                while true { pause() }
            }
        }
    }

    /// From now on nothing removes the directory but who has made it.
    func end() {
        isOver.withLock { $0 = true }
        Output.beforeEnd.withLock { $0 = nil }
        signals.end()
    }
}
