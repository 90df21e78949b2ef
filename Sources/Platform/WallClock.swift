#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// What time it is, for what is written with a date: certificates, and nothing else. A test over the
/// sources keeps every other wall clock out.
package enum WallClock {
    /// Seconds since 1970, UTC.
    package static func seconds() -> Int { Int(time(nil)) }
}
