import Metrics
import Synchronization

/// What the node tells swift-metrics, as Prometheus reads it: counters and gauges as they are, and of what is recorded
/// how often and how much in all. Where swift-prometheus can be had, take that.
final class Exposition: MetricsFactory {
    private let series = Mutex<[String: Series]>([:])

    func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        series(label, dimensions, .counter)
    }
    func makeRecorder(
        label: String,
        dimensions: [(String, String)],
        aggregate: Bool
    ) -> any RecorderHandler {
        series(label, dimensions, aggregate ? .summary : .gauge)
    }
    func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        series(label, dimensions, .summary)
    }
    func destroyCounter(_ handler: any CounterHandler) {}
    func destroyRecorder(_ handler: any RecorderHandler) {}
    func destroyTimer(_ handler: any TimerHandler) {}

    /// All of them, a line each.
    var text: String {
        series.withLock { series in series.values.map(\.text) }.sorted().joined()
    }

    private func series(
        _ label: String,
        _ dimensions: [(String, String)],
        _ kind: Series.Kind
    ) -> Series {
        let labels = dimensions.map { "\($0)=\"\($1)\"" }.joined(separator: ",")
        return series.withLock { series in
            let known = series["\(label){\(labels)}"] ?? Series(label, labels, kind)
            series["\(label){\(labels)}"] = known
            return known
        }
    }
}

private final class Series: CounterHandler, RecorderHandler, TimerHandler {
    enum Kind { case counter, gauge, summary }

    private let label: String, labels: String, kind: Kind
    private let state = Mutex((count: 0, value: 0.0))

    init(_ label: String, _ labels: String, _ kind: Kind) {
        (self.label, self.labels, self.kind) = (label, labels, kind)
    }

    func increment(by amount: Int64) { state.withLock { $0.value += Double(amount) } }
    func reset() { state.withLock { $0 = (0, 0) } }
    func record(_ value: Int64) { record(Double(value)) }
    func record(_ value: Double) {
        state.withLock { $0 = kind == .gauge ? (0, value) : ($0.count + 1, $0.value + value) }
    }
    func recordNanoseconds(_ duration: Int64) { record(Double(duration) / 1e9) }

    var text: String {
        let (count, value) = state.withLock { $0 }
        guard kind == .summary else { return "\(label){\(labels)} \(value)\n" }
        return "\(label)_count{\(labels)} \(count)\n\(label)_sum{\(labels)} \(value)\n"
    }
}
