/// One measured point: what the table shows and the JSON says.
struct BenchPoint {
    let outstanding: Int
    let measured: Measured
    let readBack: ReadBack
    let replicas: Int
    var naive: BaselineFigures?
    var best: BaselineFigures?

    init(outstanding: Int, replicas: Int, measured: Measured, readBack: ReadBack) {
        self.replicas = replicas
        self.outstanding = outstanding
        self.measured = measured
        self.readBack = readBack
    }

    var isClean: Bool { readBack.isClean }

    var appendsPerSecond: Double { Double(measured.appends) / measured.span.seconds }

    /// Of one replica: each writes every append once.
    var appendsPerCommit: Double? {
        measured.span.commits == 0
            ? nil : Double(measured.appends * replicas) / Double(measured.span.commits)
    }

    var messagesPerAppend: Double? {
        measured.appends == 0 ? nil : Double(measured.span.messages) / Double(measured.appends)
    }

    /// Of one replica.
    func bytesPerPayloadByte(valueBytes: Int) -> Double? {
        guard measured.appends > 0, let bytes = measured.span.bytesWritten else { return nil }
        return Double(bytes) / Double(measured.appends * replicas * valueBytes)
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

    func json(_ settings: Bench, _ place: BenchPlace) -> JSON {
        let span = measured.span
        let latency = measured.latency
        return .object([
            ("system", .string("swift-replicated-log")), ("version", .string(Rlog.version)),
            ("replicas", .integer(settings.replicas)),
            ("transport", .string(settings.transport.rawValue)),
            ("durable", .bool(place.isDurable)), ("file_system", .string(place.fileSystem)),
            ("value_bytes", .integer(settings.valueBytes)), ("mode", .string("closed")),
            ("outstanding", .integer(outstanding)), ("seconds", .rounded(span.seconds, 6)),
            ("appends", .integer(measured.appends)),
            ("appends_per_second", .rounded(appendsPerSecond, 1)),
            (
                "latency",
                .object([
                    ("p50", .rounded(latency?.p50, 1)), ("p90", .rounded(latency?.p90, 1)),
                    ("p99", .rounded(latency?.p99, 1)), ("p999", .rounded(latency?.p999, 1)),
                    ("max", .rounded(latency?.max, 1)),
                ])
            ),
            ("flushes", .unsigned(span.flushes)), ("commits", .unsigned(span.commits)),
            ("appends_per_commit", .rounded(appendsPerCommit, 2)),
            ("bytes_written", .optional(span.bytesWritten)),
            (
                "bytes_per_payload_byte",
                .rounded(bytesPerPayloadByte(valueBytes: settings.valueBytes), 3)
            ),
            ("messages_per_append", .rounded(messagesPerAppend, 3)),
            ("cpu_seconds_per_100k", .rounded(cpuSecondsPer100k, 4)),
            ("peak_memory", .optional(measured.peakMemory)),
            ("baseline_appends_per_second", .rounded(naive?.appendsPerSecond, 1)),
            ("baseline_commit_p50", .rounded(naive?.commitP50, 1)),
            ("throughput_ratio", .rounded(throughputRatio, 3)),
            ("latency_ratio", .rounded(latencyRatio, 3)),
            ("baseline_best_appends_per_second", .rounded(best?.appendsPerSecond, 1)),
            ("lost", .integer(readBack.lost)), ("duplicated", .integer(readBack.duplicated)),
        ])
    }
}
