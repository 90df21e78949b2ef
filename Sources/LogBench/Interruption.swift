import LogCommands
import Platform
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Ends the run in order at the first Ctrl-C, with what has been measured by then. At the second, or at another signal,
/// removes the temporary directory at once. Either way the signal then does what it does: a shell sees a process that
/// was ended by it.
final class Interruption: Sendable {
    private let isOver = Locked(false)
    private let asked = Atomic<Int32>(0)
    private let signals = SignalWatch([SIGINT, SIGTERM, SIGHUP])

    /// Somebody has asked for the end.
    var isAsked: Bool { asked.load(ordering: .relaxed) != 0 }

    /// Ends the process by the signal that has asked for it, when all is done; returns if none has.
    func obey() {
        let number = asked.load(ordering: .relaxed)
        guard number != 0 else { return }
        end()
        kill(getpid(), number)
        while true { pause() }
    }

    /// From now on a signal removes the directory, one that was held back since this was made too: before
    /// the directory, so that it is never left behind.
    func guardDirectory(_ path: String) {
        Output.beforeEnd.withLock { $0 = { try? FileSystem.removeTree(path) } }
        let isOver = isOver
        let signals = signals
        signals.onSignal { [self] number in
            guard number != SIGINT || isAsked else {
                asked.store(number, ordering: .relaxed)
                return
            }
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
