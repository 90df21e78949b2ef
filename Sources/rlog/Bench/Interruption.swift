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

    /// Before other threads are made: they inherit that the signals are held back.
    init(removing path: String) {
        let signals = Self.hold()
        let isOver = isOver
        _ = try? PinnedThread(name: "rlog-signals", stackBytes: 1 << 17) {
            var held = signals
            var number: Int32 = 0
            guard sigwait(&held, &number) == 0 else { return }
            isOver.withLock { isOver in
                if isOver { return }
                // A store may be making files meanwhile.
                for _ in 0..<3 { try? FileSystem.removeTree(path) }
                signal(number, SIG_DFL)
                pthread_sigmask(SIG_UNBLOCK, &held, nil)
                raise(number)
            }
        }
    }

    /// The directory is nobody's any more.
    func end() {
        isOver.withLock { $0 = true }
        var signals = Self.signals
        pthread_sigmask(SIG_UNBLOCK, &signals, nil)
    }

    private static var signals: sigset_t {
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGINT)
        sigaddset(&signals, SIGTERM)
        sigaddset(&signals, SIGHUP)
        return signals
    }

    private static func hold() -> sigset_t {
        var signals = signals
        pthread_sigmask(SIG_BLOCK, &signals, nil)
        return signals
    }
}
