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
        latencies: Latencies
    ) async -> LoadResult {
        await withTaskGroup(of: (Int, LoadResult.Client).self) { group in
            for client in 0..<outstanding {
                group.addTask(executorPreference: clients) {
                    (client, await run(client, on: log, stage: stage, latencies: latencies))
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
        stage: Stage,
        latencies: Latencies
    ) async -> LoadResult.Client {
        var result = LoadResult.Client()
        var sent: UInt64 = 0
        var recorder = latencies.recorder(for: client)
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
                result.failure = error
                stage.end()
                break
            }
            let end = MonotonicClock.now()
            sent += UInt64(batch)
            if stage.current == .measuring {
                result.measured += batch
                recorder.record(nanoseconds: end.nanoseconds - begin.nanoseconds)
            }
            begin = end
        }
        recorder.flush()
        if sent > 0 { result.acknowledged.insert(0...sent - 1) }
        return result
    }
}
