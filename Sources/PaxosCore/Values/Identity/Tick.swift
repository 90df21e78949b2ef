/// A point in a node's logical time. The driver says what a tick lasts; the core only counts.
package struct Tick: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let rawValue: UInt64

    package init(_ rawValue: UInt64) {
        self.rawValue = rawValue
    }

    package static let zero = Tick(0)
    /// Later than every tick that comes: no deadline.
    package static let never = Tick(.max)

    package func advanced(by ticks: UInt64) -> Tick {
        let (sum, overflow) = rawValue.addingReportingOverflow(ticks)
        return overflow ? .never : Tick(sum)
    }

    package static func < (left: Tick, right: Tick) -> Bool { left.rawValue < right.rawValue }

    package var description: String { String(rawValue) }
}
