import ArgumentParser
import ReplicatedLog

/// How the replicas of a run reach each other.
enum BenchTransport: String, ExpressibleByArgument, Sendable {
    case memory
    case tcp
}

/// `rlog bench`: a real durable cluster, measured, and read back.
struct Bench: RlogCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measure a real durable log on a real disk, and read every append back.",
        discussion: """
            Each point is a closed loop on a fresh cluster: as many tasks as outstanding appends, \
            each awaiting one append after the other on the node that leads. With --transport tcp \
            every other replica is a process of its own, reached over loopback. Afterwards the whole \
            log is read back, from every running replica and from its directory, and compared with \
            what was acknowledged: anything lost or duplicated ends with exit status 1. Flushes, \
            commits and written bytes are of all replicas; what is given per commit or per payload \
            byte is of one.
            """
    )

    @Option(help: "Members of the cluster: 1, 3 or 5, each on a directory of its own.")
    var replicas = 3

    @Option(
        help: """
            How replicas reach each other: memory, all in this process, or tcp, each in a process of \
            its own.
            """
    )
    var transport = BenchTransport.memory

    @Option(help: "Bytes of each payload, at least 8.")
    var valueBytes = 256

    @Option(
        help: "Appends outstanding at once: one point of the table for each number.",
        transform: Bench.counts
    )
    var outstanding = [1, 16, 64, 256, 1024, 4096]

    @Option(help: "Seconds measured at each point.")
    var seconds = 5.0

    @Option(help: "Seconds before each measurement that do not count.")
    var warmup = 1.0

    @Option(help: "Payloads in each append: more than 1 appends batches.")
    var batch = 1

    @Option(
        help: """
            Where to make the temporary data directories; they are removed afterwards, unless an \
            append was lost or the disk failed.
            """
    )
    var data: String?

    @Flag(help: "Measure raw LMDB without consensus too, in turn with each point.")
    var baseline = false

    @Flag(help: "Print one JSON object for each point.")
    var json = false

    static func counts(_ text: String) throws -> [Int] {
        try text.split(separator: ",", omittingEmptySubsequences: false).map { part in
            guard let count = Int(part), (1...65_536).contains(count) else {
                throw ValidationError("Numbers from 1 to 65536, with commas between them.")
            }
            return count
        }
    }

    func validate() throws {
        let limits = Limits()
        guard [1, 3, 5].contains(replicas) else {
            throw ValidationError("--replicas must be 1, 3 or 5.")
        }
        guard (Workload.smallestPayload...limits.maxPayloadBytes).contains(valueBytes) else {
            throw ValidationError("--value-bytes must be 8 to \(limits.maxPayloadBytes).")
        }
        guard (1...limits.maxBatchEntries).contains(batch),
            batch * valueBytes <= limits.maxBatchBytes
        else {
            throw ValidationError(
                "--batch must be 1 to \(limits.maxBatchEntries), of \(limits.maxBatchBytes) bytes."
            )
        }
        guard seconds >= 0.01, seconds <= 86_400, warmup >= 0, warmup <= 3_600 else {
            throw ValidationError("--seconds must be 0.01 to 86400, and --warmup 0 to 3600.")
        }
    }

    func execute() async throws(Failure) -> ExitStatus {
        let interruption = Interruption()
        defer { interruption.end() }
        let place = try BenchPlace(below: data)
        interruption.guardDirectory(place.path)
        if !place.isDurable {
            Output.complain(
                "warning: \(place.path) is in memory (\(place.fileSystem)): nothing is durable "
                    + "and the figures say nothing about a disk; name a disk with --data"
            )
        }
        var report = BenchReport(settings: self, place: place)
        var status = ExitStatus.done
        do throws(Failure) {
            report.begin()
            for count in outstanding {
                let point = try await measure(count, in: place, report: &report)
                report.add(point)
                if !point.isClean { status = .wrong }
            }
            report.end()
        } catch {
            report.clear()
            // What a failed disk holds is evidence; the error names it.
            if !error.isOfStore { place.remove() }
            throw error
        }
        if status == .done { place.remove() }
        return status
    }

    private func measure(
        _ count: Int,
        in place: BenchPlace,
        report: inout BenchReport
    ) async throws(Failure) -> BenchPoint {
        var naive: BaselineFigures?
        var best: BaselineFigures?
        let baselines = Baseline(
            environments: replicas,
            rows: count * batch,
            valueBytes: valueBytes,
            seconds: seconds,
            warmup: warmup
        )
        if baseline {
            report.note("\(count) outstanding: raw LMDB, default flags")
            naive = try await baselines.run(.naive, in: place.fresh("naive-\(count)"))
        }
        report.note("\(count) outstanding: warming up")
        var point = try await ClosedLoop(
            outstanding: count,
            settings: self,
            directory: place.fresh("nodes-\(count)")
        ).run(report: &report)
        if let naive {
            report.note("\(count) outstanding: raw LMDB, runway and one flush a commit")
            best = try await baselines.run(
                .best(runwayBytes: naive.runwayWorth(seconds: seconds)),
                in: place.fresh("best-\(count)")
            )
        }
        point.naive = naive
        point.best = best
        return point
    }
}
