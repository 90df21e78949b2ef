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
        let nanoseconds = UInt64(max(0, milliseconds)).multipliedReportingOverflow(by: 1_000_000)
        guard !nanoseconds.overflow else { return .never }
        return now.advanced(by: nanoseconds.partialValue / Self.tickNanoseconds + 1)
    }

    func instant(of tick: Tick) -> MonotonicInstant? {
        let (offset, overflow) = tick.rawValue.multipliedReportingOverflow(by: Self.tickNanoseconds)
        guard !overflow else { return nil }
        let (sum, late) = start.nanoseconds.addingReportingOverflow(offset)
        return late ? nil : MonotonicInstant(nanoseconds: sum)
    }
}
