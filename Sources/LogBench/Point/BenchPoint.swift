import LogCommands
import PaxosCore

/// One measured point: what the table shows and the JSON says.
struct BenchPoint {
    let point: BenchCase
    let measured: Measured
    let readBack: ReadBack
    var naive: BaselineFigures?
    var best: BaselineFigures?
    /// Of how many runs this is the median.
    var runs = 1
    /// The runs' highest throughput to their lowest.
    var spread = 1.0

    init(_ point: BenchCase, measured: Measured, readBack: ReadBack) {
        self.point = point
        self.measured = measured
        self.readBack = readBack
    }

    /// The median of some runs of one point, by throughput; an open loop, which has a throughput of its
    /// own, by its 99th percentile. Whatever is wrong with any of them is wrong with it.
    static func median(of runs: [BenchPoint]) -> BenchPoint? {
        let byThroughput = runs.map(\.appendsPerSecond).sorted()
        guard let lowest = byThroughput.first, let highest = byThroughput.last else { return nil }
        if let dirty = runs.first(where: { !$0.isClean }) { return dirty }
        var ordered = runs.sorted { $0.appendsPerSecond < $1.appendsPerSecond }
        if runs[0].point.rate != nil {
            ordered = runs.sorted {
                $0.measured.latency?.p99 ?? .infinity < $1.measured.latency?.p99 ?? .infinity
            }
        }
        var median = ordered[ordered.count / 2]
        median.runs = runs.count
        median.spread = lowest > 0 ? highest / lowest : .infinity
        return median
    }

    /// Others used more of the machine than a figure can be trusted with.
    var isDisturbed: Bool { measured.span.others ?? 0 > Self.mostOfOthers }

    private static let mostOfOthers = 0.15

    var isClean: Bool { readBack.isClean }

    var appendsPerSecond: Double { Double(measured.appends) / measured.span.seconds }

    /// Of one replica: each writes every append once.
    var appendsPerCommit: Double? {
        measured.span.commits == 0
            ? nil : Double(measured.appends * point.replicas) / Double(measured.span.commits)
    }

    var messagesPerAppend: Double? {
        measured.appends == 0 ? nil : Double(measured.span.messages) / Double(measured.appends)
    }

    /// Of one replica.
    var bytesPerPayloadByte: Double? {
        guard measured.appends > 0, let bytes = measured.span.bytesWritten else { return nil }
        return Double(bytes) / Double(measured.appends * point.replicas * point.valueBytes)
    }

    var cpuSecondsPer100k: Double? {
        measured.appends == 0
            ? nil : measured.span.cpuSeconds / Double(measured.appends) * 100_000
    }

    var throughputRatio: Double? { naive.map { appendsPerSecond / $0.appendsPerSecond } }

    /// Our median to the median of a naive commit.
    var latencyRatio: Double? {
        guard let naive, let latency = measured.latency else { return nil }
        return latency.p50 / naive.commitP50
    }

    func json(_ place: BenchPlace, _ machine: Machine) -> JSON {
        let span = measured.span
        let latency = measured.latency
        return .object([
            ("system", .string("swift-replicated-log")), ("version", .string(Program.version)),
            ("replicas", .integer(point.replicas)),
            ("transport", .string(point.transport.rawValue)),
            ("durable", .bool(place.isDurable)), ("file_system", .string(place.fileSystem)),
            ("value_bytes", .integer(point.valueBytes)), ("batch", .integer(point.batch)),
            ("mode", .string(point.rate == nil ? "closed" : "open")),
            ("outstanding", point.outstanding.map { .integer($0) } ?? .null),
            ("rate", .rounded(point.rate, 1)), ("seconds", .rounded(span.seconds, 6)),
            ("appends", .integer(measured.appends)),
            ("appends_per_second", .rounded(appendsPerSecond, 1)),
            ("latency", .object(Self.json(latency))),
            ("subscribers", .integer(point.subscribers)),
            (
                "delivery",
                .array(
                    measured.deliveries.map { delivery in
                        .object(
                            [("node", .unsigned(delivery.node.rawValue))]
                                + Self.json(delivery.latency)
                        )
                    }
                )
            ),
            ("readers", .integer(point.readers)), ("reads", Self.json(measured.readers)),
            ("trim", .bool(point.isTrimmed)), ("fault", .string(point.fault.rawValue)),
            ("gap_us", .rounded(measured.gap, 1)), ("timeline", Self.json(measured.timeline)),
            ("flushes", .unsigned(span.flushes)), ("commits", .unsigned(span.commits)),
            ("appends_per_commit", .rounded(appendsPerCommit, 2)),
            ("bytes_written", .optional(span.bytesWritten)),
            ("bytes_per_payload_byte", .rounded(bytesPerPayloadByte, 3)),
            ("messages_per_append", .rounded(messagesPerAppend, 3)),
            ("cpu_seconds_per_100k", .rounded(cpuSecondsPer100k, 4)),
            ("peak_memory", .optional(measured.peakMemory)),
            ("baseline_appends_per_second", .rounded(naive?.appendsPerSecond, 1)),
            ("baseline_commit_p50", .rounded(naive?.commitP50, 1)),
            ("throughput_ratio", .rounded(throughputRatio, 3)),
            ("latency_ratio", .rounded(latencyRatio, 3)),
            ("baseline_best_appends_per_second", .rounded(best?.appendsPerSecond, 1)),
            ("runs", .integer(runs)), ("spread", .rounded(spread, 3)),
            ("others", .rounded(span.others, 3)), ("failed", .integer(measured.load.failed)),
            ("lost", .integer(readBack.lost)), ("duplicated", .integer(readBack.duplicated)),
            ("machine", machine.json),
        ])
    }

    private static func json(_ readers: Readers.Result?) -> JSON {
        guard let readers else { return .null }
        return .object(
            [("pages", .integer(readers.pages)), ("entries", .integer(readers.entries))]
                + json(readers.latency)
        )
    }

    /// In microseconds: how long a piece is, when the fault began, and of each piece the answers and the slowest.
    private static func json(_ timeline: Timeline?) -> JSON {
        guard let timeline else { return .null }
        let pieces = timeline.pieces
        return .object([
            ("piece_us", .unsigned(timeline.width / 1_000)),
            ("fault_at_us", .optional(timeline.markedAt.map { $0 / 1_000 })),
            ("appends", .array(pieces.map { .integer($0.appends) })),
            ("slowest_us", .array(pieces.map { .unsigned($0.slowest / 1_000) })),
        ])
    }

    /// In microseconds.
    private static func json(_ latency: Latencies.Summary?) -> [(String, JSON)] {
        [
            ("p50", .rounded(latency?.p50, 1)), ("p90", .rounded(latency?.p90, 1)),
            ("p99", .rounded(latency?.p99, 1)), ("p999", .rounded(latency?.p999, 1)),
            ("max", .rounded(latency?.max, 1)),
        ]
    }
}
