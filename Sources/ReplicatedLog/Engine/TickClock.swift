internal import PaxosCore
internal import Platform

/// The core's ticks of ten milliseconds: those of the machine's monotonic clock, or those that somebody
/// counts by hand.
package struct TickClock: Sendable {
    static let tickNanoseconds: UInt64 = 10_000_000

    private enum Source {
        case machine(since: MonotonicInstant)
        case hand(HandClock)
    }

    private let source: Source

    /// Ticks of the machine's clock, from now on.
    package init() {
        source = .machine(since: MonotonicClock.now())
    }

    /// Ticks that are counted by hand.
    package init(_ clock: HandClock) {
        source = .hand(clock)
    }

    var now: Tick { Tick(elapsedNanoseconds / Self.tickNanoseconds) }

    private var elapsedNanoseconds: UInt64 {
        switch source {
        case .machine(let start): MonotonicClock.now().nanoseconds - start.nanoseconds
        case .hand(let clock): clock.ticks * Self.tickNanoseconds
        }
    }

    /// The first tick that begins at least so long from now.
    func deadline(after duration: Duration) -> Tick {
        let nanoseconds = UInt64(max(0, duration.wholeNanoseconds))
        let (end, overflow) = elapsedNanoseconds.addingReportingOverflow(nanoseconds)
        return overflow ? .never : Tick(end / Self.tickNanoseconds).advanced(by: 1)
    }

    /// When the tick begins; `nil` if it never does, or if nobody can know: a sleeper is then woken by
    /// whoever counts (`wake(_:)`).
    func instant(of tick: Tick) -> MonotonicInstant? {
        guard case .machine(let start) = source else { return nil }
        let (offset, overflow) = tick.rawValue.multipliedReportingOverflow(by: Self.tickNanoseconds)
        guard !overflow else { return nil }
        let (sum, late) = start.nanoseconds.addingReportingOverflow(offset)
        return late ? nil : MonotonicInstant(nanoseconds: sum)
    }

    /// Wakes the sleeper at every tick that nobody can foresee.
    func wake(_ parker: Parker) {
        if case .hand(let clock) = source { clock.wake(parker) }
    }
}

/// A clock that stands still until somebody counts on.
package final class HandClock: Sendable {
    private struct State {
        var ticks: UInt64 = 0
        var sleepers: [Parker] = []
    }

    private let state = Locked(State())

    package init() {}

    /// How many ticks were counted.
    package var ticks: UInt64 { state.withLock { $0.ticks } }

    /// Counts on, and wakes who sleeps by this clock.
    package func advance(ticks: Int = 1) {
        let sleepers = state.withLock { state in
            state.ticks += UInt64(ticks)
            return state.sleepers
        }
        for sleeper in sleepers { sleeper.unpark() }
    }

    fileprivate func wake(_ parker: Parker) {
        state.withLock { $0.sleepers.append(parker) }
    }
}
