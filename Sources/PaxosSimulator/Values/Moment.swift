import PaxosCore

/// A point in the world's time, in sixteenths of a tick: messages and flushes take less than a tick.
package struct Moment: Hashable, Comparable, Sendable, CustomStringConvertible {
    package static let perTick: UInt64 = 16

    package let rawValue: UInt64

    package init(_ rawValue: UInt64) {
        self.rawValue = rawValue
    }

    package static let zero = Moment(0)

    /// Whole ticks since the beginning of the world.
    package var ticks: UInt64 { rawValue / Self.perTick }

    package func advanced(by moments: Int) -> Moment { Moment(rawValue + UInt64(moments)) }

    package func advanced(byTicks ticks: Int) -> Moment {
        Moment(rawValue + UInt64(ticks) * Self.perTick)
    }

    package static func < (left: Moment, right: Moment) -> Bool {
        left.rawValue < right.rawValue
    }

    package var description: String {
        let part = rawValue % Self.perTick
        return "\(ticks).\(part < 10 ? "0" : "")\(part)"
    }
}
