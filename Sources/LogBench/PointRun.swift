import LogCommands
import PaxosCore
import Platform
import ReplicatedLog

/// One point: a fresh cluster, a load on it, and the whole log read back.
struct PointRun: Sendable {
    let point: BenchCase
    let directory: String
    private let workload: Workload

    init(_ point: BenchCase, directory: String) {
        self.point = point
        self.directory = directory
        workload = Workload(valueBytes: point.valueBytes, isStamped: point.subscribers > 0)
    }

    func run(report: inout BenchReport) async throws(Failure) -> BenchPoint {
        let cluster = try await BenchCluster.start(
            point.replicas,
            over: point.transport,
            below: directory
        )
        let clients = try ClientThread.start()
        defer { clients.end() }
        let measured: Measured
        var readBack: ReadBack
        do throws(Failure) {
            measured = try await load(cluster, clients, report: &report)
            if let failure = measured.load.failure { throw Failure(failure, at: directory) }
            report.note("\(point.title): reading the log back")
            readBack = try await ReadBack.live(cluster, measured.load, workload)
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
        let log = cluster.leader
        let load = load
        let subscribers = try await Subscribers.start(
            point.subscribers,
            of: cluster.nodes,
            stage: stage,
            workload: workload
        )
        let running = Task {
            await load.run(on: log, clients: clients, stage: stage, latencies: latencies)
        }
        await stage.sleep(seconds: point.warmup) { cluster.isBroken }
        let memory = MemorySampler()
        let before = await Reading.of(cluster)
        stage.begin()
        report.note("\(point.title): measuring \(directory)")
        await stage.sleep(seconds: point.seconds) { cluster.isBroken }
        stage.end()
        let after = await Reading.of(cluster)
        let peak = memory.end()
        let result = await running.value
        let deliveries = await subscribers.end()
        let end = try after.get()
        return Measured(
            span: end.since(try before.get()),
            peakMemory: peak.map { $0 + end.childrenMemory },
            load: result,
            latency: latencies.summary,
            deliveries: deliveries
        )
    }
}
