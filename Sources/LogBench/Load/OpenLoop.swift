import LogCommands
import PaxosCore
import Platform
import ReplicatedLog
import Synchronization

/// Appends at a rate that does not wait for anybody: what a log looks like to those who do not slow down
/// because it does.
///
/// A latency begins when the append was to be sent, not when it was: a log that stands still for a second
/// is late for everybody who came in that second (Tene, "How NOT to Measure Latency"; wrk2).
struct OpenLoop: BenchLoad {
    let rate: Double
    let batch: Int
    let workload: Workload

    /// More wait for an answer at no time; beyond it the sender falls behind, which its latencies show.
    private static let mostInFlight = 100_000

    private final class Progress: Sendable {
        let result = Locked(LoadResult.Client())
        let inFlight = Atomic(0)
    }

    func run(
        on log: LogNode,
        clients: ClientThread,
        stage: Stage,
        latencies: Latencies,
        timeline: Timeline?
    ) async -> LoadResult {
        let progress = Progress()
        let sender: ClientThread
        do throws(Failure) {
            sender = try ClientThread.start()
        } catch {
            preconditionFailure("the clients' thread was to be had and the sender's is not")
        }
        defer { sender.end() }
        await Task(executorPreference: sender) {
            await send(to: log, clients, stage, latencies, timeline, progress)
        }.value
        var all = LoadResult(clients: 1)
        all.add(progress.result.withLock { $0 }, of: 0)
        return all
    }

    /// Sends on a thread of its own until the stage is over; returns when all is answered.
    private func send(
        to log: LogNode,
        _ clients: ClientThread,
        _ stage: Stage,
        _ latencies: Latencies,
        _ timeline: Timeline?,
        _ progress: Progress
    ) async {
        let parker = Parker()
        let begin = MonotonicClock.now()
        let interval = 1e9 * Double(batch) / rate
        await withDiscardingTaskGroup { group in
            var number: UInt64 = 0
            while stage.current != .over {
                let due = begin.nanoseconds + UInt64(Double(number) * interval)
                let now = MonotonicClock.now()
                let isCrowded = progress.inFlight.load(ordering: .relaxed) >= Self.mostInFlight
                if now.nanoseconds < due || isCrowded {
                    // At least a tenth of a millisecond: many small sleeps would be the load themselves.
                    let wake = max(due, now.nanoseconds + 100_000)
                    _ = parker.park(until: MonotonicInstant(nanoseconds: wake))
                    continue
                }
                progress.inFlight.add(1, ordering: .relaxed)
                let sequence = number * UInt64(batch)
                let isMeasured = stage.current == .measuring
                group.addTask(executorPreference: clients) {
                    let outcome = await append(
                        sequence,
                        due: MonotonicInstant(nanoseconds: due),
                        to: log
                    )
                    let now = MonotonicClock.now()
                    let late = now.nanoseconds - due
                    if isMeasured {
                        latencies.record(nanoseconds: late)
                        timeline?.record(batch, at: now, nanoseconds: late)
                    }
                    note(outcome, sequence, progress, stage)
                    progress.inFlight.subtract(1, ordering: .relaxed)
                }
                number += 1
            }
        }
    }

    private func append(
        _ sequence: UInt64,
        due: MonotonicInstant,
        to log: LogNode
    ) async -> Result<Slot, AppendError> {
        do throws(AppendError) {
            if batch == 1 {
                let payload = workload.payload(client: 0, sequence: sequence, begin: due)
                return .success(try await log.append(payload))
            }
            let payloads = (0..<UInt64(batch)).map { index in
                workload.payload(client: 0, sequence: sequence + index, begin: due)
            }
            return .success(try await log.append(contentsOf: payloads).upperBound)
        } catch {
            return .failure(error)
        }
    }

    private func note(
        _ outcome: Result<Slot, AppendError>,
        _ sequence: UInt64,
        _ progress: Progress,
        _ stage: Stage
    ) {
        progress.result.withLock { result in
            switch outcome {
            case .success(let slot):
                result.acknowledged.insert(sequence...sequence + UInt64(batch) - 1)
                result.last = max(result.last, slot)
                // Of what was taken in this time, whenever it was sent: answers that come after it are
                // what the log did not take.
                if stage.current == .measuring { result.measured += batch }
            case .failure(.never(.timedOut)), .failure(.unknown(_, .timedOut)):
                result.failed += batch
            case .failure(let error):
                result.failure = result.failure ?? error
                stage.end()
            }
        }
    }
}
