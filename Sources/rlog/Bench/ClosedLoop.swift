import PaxosCore
import Platform
import ReplicatedLog
import Synchronization

/// One point: so many tasks, each awaiting one append after the other, on a fresh data directory.
struct ClosedLoop: Sendable {
    let outstanding: Int
    let batch: Int
    let seconds: Double
    let warmup: Double
    let replicas: Int
    let transport: BenchTransport
    let directory: String
    let workload: Workload

    init(outstanding: Int, settings: Bench, directory: String) {
        self.outstanding = outstanding
        batch = settings.batch
        seconds = settings.seconds
        warmup = settings.warmup
        replicas = settings.replicas
        transport = settings.transport
        self.directory = directory
        workload = Workload(valueBytes: settings.valueBytes)
    }

    func run(report: inout BenchReport) async throws(Failure) -> BenchPoint {
        let cluster = try await BenchCluster.start(replicas, over: transport, below: directory)
        let clients = try ClientThread.start()
        defer { clients.end() }
        let measured: Measured
        var readBack: ReadBack
        do throws(Failure) {
            measured = try await load(cluster, clients, report: &report)
            if let failure = measured.failure { throw Failure(failure, at: directory) }
            report.note("\(outstanding) outstanding: reading the log back")
            readBack = try await ReadBack.live(cluster, measured, workload)
        } catch {
            throw await cluster.stop() ?? error
        }
        if let failure = await cluster.stop() { throw failure }
        try await readBack.compareAtRest(cluster.directories, measured, workload)
        return BenchPoint(
            outstanding: outstanding,
            replicas: replicas,
            measured: measured,
            readBack: readBack
        )
    }

    // MARK: - Load

    private func load(
        _ cluster: BenchCluster,
        _ clients: ClientThread,
        report: inout BenchReport
    ) async throws(Failure) -> Measured {
        let stage = Stage()
        let latencies = Latencies()
        let directory = directory
        let log = cluster.leader
        let result = await withTaskGroup(
            of: (Int, ClientResult).self,
            returning: Result<Measured, Failure>.self
        ) { group in
            for client in 0..<outstanding {
                group.addTask(executorPreference: clients) {
                    (client, await run(client, on: log, stage: stage, latencies: latencies))
                }
            }
            await stage.sleep(seconds: warmup) { cluster.isBroken }
            let memory = MemorySampler()
            let before = await Reading.of(cluster)
            stage.begin()
            report.note("\(outstanding) outstanding: measuring \(directory)")
            await stage.sleep(seconds: seconds) { cluster.isBroken }
            stage.end()
            let after = await Reading.of(cluster)
            let peak = memory.end()
            var results: [(Int, ClientResult)] = []
            for await result in group { results.append(result) }
            do throws(Failure) {
                let end = try after.get()
                var measured = Measured(
                    span: end.since(try before.get()),
                    peakMemory: peak.map { $0 + end.childrenMemory },
                    acknowledged: Array(repeating: 0, count: outstanding)
                )
                for (client, result) in results { measured.add(result, of: client) }
                measured.latency = latencies.summary
                return .success(measured)
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    private func run(
        _ client: Int,
        on log: LogNode,
        stage: Stage,
        latencies: Latencies
    ) async -> ClientResult {
        var result = ClientResult()
        var recorder = latencies.recorder(for: client)
        // The making of the payload counts too, which spares a look at the clock for each append.
        var begin = MonotonicClock.now()
        while stage.current != .over {
            do throws(AppendError) {
                if batch == 1 {
                    let payload = workload.payload(client: client, sequence: result.sent)
                    result.last = try await log.append(payload)
                } else {
                    let payloads = (0..<batch).map { index in
                        workload.payload(client: client, sequence: result.sent + UInt64(index))
                    }
                    result.last = try await log.append(contentsOf: payloads).upperBound
                }
            } catch {
                result.failure = error
                stage.end()
                break
            }
            let end = MonotonicClock.now()
            result.sent += UInt64(batch)
            if stage.current == .measuring {
                result.measured += batch
                recorder.record(nanoseconds: end.nanoseconds - begin.nanoseconds)
            }
            begin = end
        }
        recorder.flush()
        return result
    }
}

/// What a client was told.
struct ClientResult: Sendable {
    /// Its appends that were acknowledged: the first so many of its sequence.
    var sent: UInt64 = 0
    /// Those of them that were acknowledged within the measured time.
    var measured = 0
    var last = Slot.zero
    var failure: AppendError?
}

/// What a run goes through; read by every client after every append.
final class Stage: Sendable {
    enum Name: Int {
        case warmingUp, measuring, over
    }

    private let name = Atomic(Name.warmingUp.rawValue)

    var current: Name { Name(rawValue: name.load(ordering: .relaxed)) ?? .over }

    func begin() {
        _ = name.compareExchange(
            expected: Name.warmingUp.rawValue,
            desired: Name.measuring.rawValue,
            ordering: .relaxed
        )
    }

    func end() { name.store(Name.over.rawValue, ordering: .relaxed) }

    /// Sleeps that long, or until a client has ended the run; ends it if there is a reason to.
    func sleep(seconds: Double, unless isBroken: () -> Bool) async {
        let deadline = MonotonicClock.now().advanced(by: .seconds(seconds))
        while current != .over {
            let left = MonotonicClock.now().duration(to: deadline)
            guard left > .zero else { return }
            if isBroken() { return end() }
            try? await Task.sleep(for: min(left, .milliseconds(200)))
        }
    }
}
