import Histogram
import LogCommands
import Platform

/// Latencies in nanoseconds, to three digits: each client collects a few and hands them over together,
/// so that no lock is taken for each append and nothing grows with their number.
final class Latencies: Sendable {
    /// From a hundred nanoseconds to a minute; what is longer counts as a minute.
    private static let longest: UInt64 = 60_000_000_000
    private static let shards = 8

    private let shard: [Locked<Histogram<UInt64>>]

    init() {
        shard = (0..<Self.shards).map { _ in Locked(Self.empty()) }
    }

    private static func empty() -> Histogram<UInt64> {
        Histogram(
            lowestDiscernibleValue: 128,
            highestTrackableValue: longest,
            numberOfSignificantValueDigits: .three
        )
    }

    /// A client's own collection.
    struct Recorder: ~Copyable {
        private let target: Locked<Histogram<UInt64>>
        private var waiting: [UInt64] = []

        fileprivate init(target: Locked<Histogram<UInt64>>) {
            self.target = target
            waiting.reserveCapacity(64)
        }

        mutating func record(nanoseconds: UInt64) {
            waiting.append(min(nanoseconds, Latencies.longest))
            if waiting.count == 64 { flush() }
        }

        mutating func flush() {
            let values = waiting
            target.withLock { histogram in
                for value in values { histogram.record(value) }
            }
            waiting.removeAll(keepingCapacity: true)
        }
    }

    /// One by itself, of whoever has no collection.
    func record(nanoseconds: UInt64) {
        shard[0].withLock { histogram in
            _ = histogram.record(min(nanoseconds, Self.longest))
        }
    }

    func recorder(for client: Int) -> Recorder {
        Recorder(target: shard[client % Self.shards])
    }

    /// In microseconds.
    struct Summary {
        let p50: Double
        let p90: Double
        let p99: Double
        let p999: Double
        let max: Double
    }

    /// In microseconds; `nil` if there are none.
    var summary: Summary? {
        var all = Self.empty()
        for one in shard { one.withLock { all.add($0) } }
        guard all.totalCount > 0 else { return nil }
        func microseconds(_ percentile: Double) -> Double {
            Double(all.valueAtPercentile(percentile)) / 1_000
        }
        return Summary(
            p50: microseconds(50),
            p90: microseconds(90),
            p99: microseconds(99),
            p999: microseconds(99.9),
            max: Double(all.max) / 1_000
        )
    }
}
