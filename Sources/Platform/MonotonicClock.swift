#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// A point on the machine's continuous monotonic clock. It means nothing in another boot of the
/// machine and nothing on another machine.
package struct MonotonicInstant: Comparable, Hashable, Sendable {
    package let nanoseconds: UInt64

    package init(nanoseconds: UInt64) {
        self.nanoseconds = nanoseconds
    }

    package static func < (left: Self, right: Self) -> Bool {
        left.nanoseconds < right.nanoseconds
    }

    /// The instant so much later (earlier, if negative), held within the clock's range.
    package func advanced(by duration: Duration) -> Self {
        let step = duration.wholeNanoseconds
        let (moved, overflow) =
            step >= 0
            ? nanoseconds.addingReportingOverflow(step.magnitude)
            : nanoseconds.subtractingReportingOverflow(step.magnitude)
        guard overflow else { return Self(nanoseconds: moved) }
        return Self(nanoseconds: step >= 0 ? .max : 0)
    }

    /// The time from this instant to the other; negative if the other is earlier.
    package func duration(to other: Self) -> Duration {
        other.nanoseconds >= nanoseconds
            ? .nanoseconds(Int64(clamping: other.nanoseconds - nanoseconds))
            : .nanoseconds(-Int64(clamping: nanoseconds - other.nanoseconds))
    }
}

/// The clock of timeouts: never set back, and counting on while the machine sleeps.
///
/// R53: a lease or an election timeout that stands still while a virtual machine is suspended lets
/// a node believe after its return that no time has passed. On Linux CLOCK_MONOTONIC stands still
/// in a suspend, so CLOCK_BOOTTIME is read; both come from the vDSO without a system call (20 to
/// 50 ns, kernel 5.3 and later). On Darwin CLOCK_MONOTONIC itself counts sleep. A hypervisor that
/// pauses a guest without telling it stops every clock of the guest, this one too.
package enum MonotonicClock {
    /// The present instant.
    package static func now() -> MonotonicInstant {
        #if os(Linux)
        return read(CLOCK_BOOTTIME)
        #else
        return read(CLOCK_MONOTONIC)
        #endif
    }

    /// The present value of one of the system's clocks. Both clocks used here exist on every
    /// kernel that runs Swift, so a refusal is an error of ours.
    static func read(_ clock: clockid_t) -> MonotonicInstant {
        var time = timespec()
        let outcome = clock_gettime(clock, &time)
        precondition(outcome == 0, "the clock \(clock) cannot be read")
        return MonotonicInstant(
            nanoseconds: UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
        )
    }
}

extension Duration {
    /// The duration in nanoseconds, rounded towards zero and held within ±292 years.
    package var wholeNanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, again) = scaled.addingReportingOverflow(attoseconds / 1_000_000_000)
        guard overflow || again else { return sum }
        return seconds < 0 ? .min : .max
    }

    /// The duration in milliseconds, as `wholeNanoseconds`.
    package var wholeMilliseconds: Int { Int(wholeNanoseconds / 1_000_000) }
}
