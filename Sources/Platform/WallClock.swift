#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// What time it is, for what is written with a date: certificates, and nothing else (docs/DESIGN.md).
package enum WallClock {
    /// Seconds since 1970, UTC.
    package static func seconds() -> Int { Int(time(nil)) }
}
