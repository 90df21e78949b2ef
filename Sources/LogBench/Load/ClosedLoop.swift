import LogCommands
import PaxosCore
import Platform
import ReplicatedLog

/// So many tasks, each awaiting one append after the other on the node that leads.
struct ClosedLoop: BenchLoad {
    let outstanding: Int
    let batch: Int
    let workload: Workload

    func run(
        on log: LogNode,
        clients: ClientThread,
        stage: Stage,
        latencies: Latencies,
        timeline: Timeline?
    ) async -> LoadResult {
        await withTaskGroup(of: (Int, LoadResult.Client).self) { group in
            for client in 0..<outstanding {
                group.addTask(executorPreference: clients) {
                    let recorder = latencies.recorder(for: client)
                    return (client, await run(client, on: log, stage, recorder, timeline))
                }
            }
            var all = LoadResult(clients: outstanding)
            for await (client, result) in group { all.add(result, of: client) }
            return all
        }
    }

    private func run(
        _ client: Int,
        on log: LogNode,
        _ stage: Stage,
        _ recorder: consuming Latencies.Recorder,
        _ timeline: Timeline?
    ) async -> LoadResult.Client {
        var result = LoadResult.Client()
        var sent: UInt64 = 0
        // Of those since the last that was given up.
        var first: UInt64 = 0
        // The making of the payload counts too, which spares a look at the clock for each append.
        var begin = MonotonicClock.now()
        while stage.current != .over {
            do throws(AppendError) {
                if batch == 1 {
                    let payload = workload.payload(client: client, sequence: sent, begin: begin)
                    result.last = try await log.append(payload)
                } else {
                    let payloads = (0..<batch).map { index in
                        workload.payload(
                            client: client,
                            sequence: sent + UInt64(index),
                            begin: begin
                        )
                    }
                    result.last = try await log.append(contentsOf: payloads).upperBound
                }
            } catch {
                guard timeline != nil, error.isOfAFault else {
                    result.failure = error
                    stage.end()
                    break
                }
                result.failed += batch
                if sent > first { result.acknowledged.insert(first...sent - 1) }
                sent += UInt64(batch)
                first = sent
                begin = MonotonicClock.now()
                continue
            }
            let end = MonotonicClock.now()
            sent += UInt64(batch)
            if stage.current == .measuring {
                let taken = end.nanoseconds - begin.nanoseconds
                result.measured += batch
                recorder.record(nanoseconds: taken)
                timeline?.record(batch, at: end, nanoseconds: taken)
            }
            begin = end
        }
        recorder.flush()
        if sent > first { result.acknowledged.insert(first...sent - 1) }
        return result
    }
}

extension AppendError {
    /// What a caller is told when the leader goes, or the time is up: others may succeed.
    var isOfAFault: Bool {
        switch self {
        case .never(.timedOut), .unknown(_, .timedOut): true
        default: false
        }
    }
}
