import PaxosCore
import Platform
import ReplicatedLog

/// What was counted at one moment.
struct Reading {
    let instant: MonotonicInstant
    let cpuSeconds: Double
    let storage: StoreCounters

    static func take(_ log: LogNode) async -> Reading {
        let storage = await log.status.storage
        let usage = ProcessUsage.now()
        return Reading(
            instant: MonotonicClock.now(),
            cpuSeconds: usage.userSeconds + usage.systemSeconds,
            storage: storage
        )
    }

    func since(_ earlier: Reading) -> Span {
        let duration = earlier.instant.duration(to: instant)
        let bytes: UInt64? =
            if let now = storage.bytesWritten, let before = earlier.storage.bytesWritten {
                now - min(now, before)
            } else {
                nil
            }
        return Span(
            seconds: Double(duration.wholeNanoseconds) / 1e9,
            cpuSeconds: cpuSeconds - earlier.cpuSeconds,
            flushes: storage.allFlushes - earlier.storage.allFlushes,
            commits: storage.commits - earlier.storage.commits,
            bytesWritten: bytes
        )
    }

    /// The difference of two readings.
    struct Span {
        let seconds: Double
        let cpuSeconds: Double
        let flushes: UInt64
        let commits: UInt64
        let bytesWritten: UInt64?
    }
}

/// What the clients of a point were told, and what it cost.
struct Measured {
    let span: Reading.Span
    let peakMemory: UInt64?
    /// How many appends of each client were acknowledged, warm-up and end included.
    var acknowledged: [UInt64]
    /// Acknowledged within the measured time.
    var appends = 0
    var last = Slot.zero
    var latency: Latencies.Summary?
    var failure: AppendError?

    init(span: Reading.Span, peakMemory: UInt64?, acknowledged: [UInt64]) {
        self.span = span
        self.peakMemory = peakMemory
        self.acknowledged = acknowledged
    }

    mutating func add(_ result: ClientResult, of client: Int) {
        acknowledged[client] = result.sent
        appends += result.measured
        last = max(last, result.last)
        failure = failure ?? result.failure
    }
}

extension StoreCounters {
    /// Every wait for the disk, those ahead of the log included.
    fileprivate var allFlushes: UInt64 { flushes + runwayFlushes }
}
