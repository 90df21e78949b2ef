#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// How long a file this process may make (`ulimit -f`).
package enum FileLimit {
    /// In bytes; `Int.max` if there is no limit.
    package static var bytes: Int {
        var limit = rlimit()
        #if canImport(Glibc)
        let outcome = getrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
        #else
        let outcome = getrlimit(RLIMIT_FSIZE, &limit)
        #endif
        return outcome == 0 ? Int(clamping: limit.rlim_cur) : .max
    }

    /// Makes a write beyond the limit an error (`EFBIG`) instead of the end of the process, unless it handles
    /// the signal itself.
    package static func ignoreSignal() {
        var action = sigaction()
        guard sigaction(SIGXFSZ, nil, &action) == 0 else { return }
        #if canImport(Darwin)
        let handler = unsafe unsafeBitCast(action.__sigaction_u.__sa_handler, to: Int.self)
        #else
        let handler = unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self)
        #endif
        if handler == 0 { signal(SIGXFSZ, SIG_IGN) }
    }
}
