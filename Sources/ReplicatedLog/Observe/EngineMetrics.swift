internal import CoreMetrics
internal import LogStorage

/// What a node tells swift-metrics, under `replicated_log_` and with the dimensions `cluster` and `node`.
///
/// | label | kind | meaning |
/// | --- | --- | --- |
/// | `flush_duration` | timer | one commit: writing its pages and waiting for the disk, with the flush after it if it had one |
/// | `group_rows` | recorder | rows that shared a commit; the mean if two ended between two steps |
/// | `written_bytes` | counter | bytes of pages handed to the data file, the runway's zeros not counted |
/// | `queue_bytes` | gauge | payload bytes that wait for the store thread |
/// | `inbox_bytes` | gauge | payload bytes in the inbox |
/// | `map_used_bytes` | gauge | bytes of the map in use |
/// | `map_bytes` | gauge | bytes of the whole map |
/// | `runway_bytes` | gauge | zeros left beyond the last page |
///
/// Recorded when the node begins, when a write is found durable, and once a second while anything happens,
/// by the driver's thread alone: an append costs nothing more.
struct EngineMetrics {
    private let flush: Timer
    private let group: Recorder
    private let written: Counter
    private let queue: Gauge
    private let inbox: Gauge
    private let mapUsed: Gauge
    private let map: Gauge
    private let runway: Gauge
    private var last = StoreCounters()

    /// The backend of the process, or `nil` if none was bootstrapped.
    static var backend: (any MetricsFactory)? {
        let factory = MetricsSystem.factory
        return factory is NOOPMetricsHandler ? nil : factory
    }

    init(factory: any MetricsFactory, dimensions: [(String, String)]) {
        func gauge(_ name: String) -> Gauge {
            Gauge(label: "replicated_log_" + name, dimensions: dimensions, factory: factory)
        }
        flush = Timer(
            label: "replicated_log_flush_duration",
            dimensions: dimensions,
            factory: factory
        )
        group = Recorder(
            label: "replicated_log_group_rows",
            dimensions: dimensions,
            aggregate: true,
            factory: factory
        )
        written = Counter(
            label: "replicated_log_written_bytes",
            dimensions: dimensions,
            factory: factory
        )
        queue = gauge("queue_bytes")
        inbox = gauge("inbox_bytes")
        mapUsed = gauge("map_used_bytes")
        map = gauge("map_bytes")
        runway = gauge("runway_bytes")
    }

    /// Records what the store has done since the last call, and where it stands.
    mutating func record(_ counters: StoreCounters, inboxBytes: Int) {
        let commits = counters.commits - last.commits
        if commits > 0 {
            let nanoseconds = (counters.flushNanoseconds - last.flushNanoseconds) / commits
            let rows = (counters.rows - last.rows) / commits
            for _ in 0..<commits {
                flush.recordNanoseconds(nanoseconds)
                group.record(rows)
            }
        }
        if let total = counters.bytesWritten {
            let before = last.bytesWritten ?? 0
            if total > before { written.increment(by: total - before) }
        }
        queue.record(counters.queuedBytes)
        inbox.record(inboxBytes)
        mapUsed.record(counters.mapUsedBytes)
        map.record(counters.mapBytes)
        runway.record(counters.runwayBytes)
        let written = max(counters.bytesWritten ?? 0, last.bytesWritten ?? 0)
        last = counters
        last.bytesWritten = written
    }

    /// Gives the handlers back to the backend.
    func destroy() {
        flush.destroy()
        group.destroy()
        written.destroy()
        for gauge in [queue, inbox, mapUsed, map, runway] { gauge.destroy() }
    }
}
