internal import PaxosCore
internal import Platform

/// Turns the machine's monotonic clock into the core's ticks of ten milliseconds.
struct TickClock: Sendable {
    static let tickNanoseconds: UInt64 = 10_000_000

    private let start = MonotonicClock.now()

    var now: Tick {
        Tick((MonotonicClock.now().nanoseconds - start.nanoseconds) / Self.tickNanoseconds)
    }

    /// The first tick that begins at least so many milliseconds from now.
    func deadline(milliseconds: Int) -> Tick {
        let (nanoseconds, overflow) = milliseconds.multipliedReportingOverflow(by: 1_000_000)
        return overflow ? .never : deadline(after: .nanoseconds(nanoseconds))
    }

    /// The first tick that begins at least so long from now.
    func deadline(after duration: Duration) -> Tick {
        let nanoseconds = UInt64(max(0, duration.wholeNanoseconds))
        let elapsed = MonotonicClock.now().nanoseconds - start.nanoseconds
        let (end, overflow) = elapsed.addingReportingOverflow(nanoseconds)
        return overflow ? .never : Tick(end / Self.tickNanoseconds).advanced(by: 1)
    }

    func instant(of tick: Tick) -> MonotonicInstant? {
        let (offset, overflow) = tick.rawValue.multipliedReportingOverflow(by: Self.tickNanoseconds)
        guard !overflow else { return nil }
        let (sum, late) = start.nanoseconds.addingReportingOverflow(offset)
        return late ? nil : MonotonicInstant(nanoseconds: sum)
    }
}
