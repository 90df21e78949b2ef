import LogCommands
import PaxosCore
import Platform
import ReplicatedLog

/// One point: a fresh cluster, a load on it, and the whole log read back.
struct PointRun: Sendable {
    let point: BenchCase
    let directory: String
    private let interruption: Interruption
    private let workload: Workload

    init(_ point: BenchCase, directory: String, _ interruption: Interruption) {
        self.point = point
        self.interruption = interruption
        self.directory = directory
        workload = Workload(valueBytes: point.valueBytes, isStamped: point.subscribers > 0)
    }

    func run(report: inout BenchReport) async throws(Failure) -> BenchPoint {
        let cluster = try await BenchCluster.start(
            point.replicas,
            over: point.transport,
            below: directory,
            fault: point.fault,
            trimming: point.isTrimmed ? .keeping(entries: Audit.kept) : TrimPolicy()
        )
        let clients = try ClientThread.start()
        defer { clients.end() }
        let measured: Measured
        var readBack: ReadBack
        do throws(Failure) {
            let audit =
                point.isTrimmed
                ? try await Audit.start(
                    of: cluster.nodes,
                    clients: point.clients,
                    workload: workload
                ) : nil
            defer { audit?.cancel() }
            measured = try await load(cluster, clients, report: &report)
            if let failure = measured.load.failure { throw Failure(failure, at: directory) }
            report.note("\(point.title): reading the log back")
            if let tallies = try await audit?.end(through: measured.load.last) {
                readBack = .trimmed(tallies, measured.load)
            } else {
                readBack = try await ReadBack.live(cluster, measured.load, workload)
            }
        } catch {
            throw await cluster.stop() ?? error
        }
        if let failure = await cluster.stop() { throw failure }
        try await readBack.compareAtRest(cluster.directories, measured.load, workload)
        return BenchPoint(point, measured: measured, readBack: readBack)
    }

    private var load: any BenchLoad {
        switch point.load {
        case .closed(let outstanding):
            ClosedLoop(outstanding: outstanding, batch: point.batch, workload: workload)
        case .open(let rate):
            OpenLoop(rate: rate, batch: point.batch, workload: workload)
        }
    }

    private func load(
        _ cluster: BenchCluster,
        _ clients: ClientThread,
        report: inout BenchReport
    ) async throws(Failure) -> Measured {
        let stage = Stage()
        let latencies = Latencies()
        let log = cluster.called
        let timeline = point.fault == .none ? nil : Timeline(seconds: point.seconds)
        let load = load
        let subscribers = try await Subscribers.start(
            point.subscribers,
            of: cluster.nodes,
            stage: stage,
            workload: workload
        )
        let running = Task {
            await load.run(
                on: log,
                clients: clients,
                stage: stage,
                latencies: latencies,
                timeline: timeline
            )
        }
        let readers = try Readers.start(point.readers, of: log, stage: stage)
        await stage.sleep(seconds: point.warmup) { cluster.isBroken || interruption.isAsked }
        let memory = MemorySampler()
        let before = await Reading.of(cluster)
        stage.begin()
        timeline?.begin(MonotonicClock.now())
        report.note("\(point.title): measuring \(directory)")
        let fault = await measure(cluster, stage, timeline)
        stage.end()
        timeline?.end(MonotonicClock.now())
        let after = await Reading.of(cluster)
        let peak = memory.end()
        let result = await running.value
        let deliveries = await subscribers.end()
        let read = await readers.end()
        if let fault { throw fault }
        let end = try after.get()
        return Measured(
            span: end.since(try before.get()),
            peakMemory: peak.map { $0 + end.childrenMemory },
            load: result,
            latency: latencies.summary,
            deliveries: deliveries,
            readers: read,
            timeline: timeline
        )
    }

    /// Lets the measured time pass, with a fault in its middle third; what went wrong with that.
    private func measure(
        _ cluster: BenchCluster,
        _ stage: Stage,
        _ timeline: Timeline?
    ) async -> Failure? {
        guard point.fault != .none else {
            await stage.sleep(seconds: point.seconds) { cluster.isBroken || interruption.isAsked }
            return nil
        }
        let fault = FaultRun(fault: point.fault, cluster: cluster, timeline: timeline)
        do throws(Failure) {
            await stage.sleep(seconds: point.seconds / 3) {
                cluster.isBroken || interruption.isAsked
            }
            let undo = try await fault.begin()
            await stage.sleep(seconds: point.seconds / 3) {
                cluster.isBroken || interruption.isAsked
            }
            try await fault.end(undo)
            await stage.sleep(seconds: point.seconds / 3) {
                cluster.isBroken || interruption.isAsked
            }
            return nil
        } catch {
            return error
        }
    }
}
