import LogCommands
import PaxosCore
import Platform
import ReplicatedLog

/// What was counted at one moment, over all replicas.
struct Reading {
    let instant: MonotonicInstant
    let cpuSeconds: Double
    let storage: StoreCounters
    let messages: Int
    /// Processor time of the whole machine, in seconds; nil where the system does not tell.
    let machineBusySeconds: Double?

    /// Anonymous memory of the replicas that have processes of their own.
    let childrenMemory: UInt64

    static func of(_ cluster: BenchCluster) async -> Result<Reading, Failure> {
        do throws(Failure) {
            return .success(try await take(cluster))
        } catch {
            return .failure(error)
        }
    }

    private static func take(_ cluster: BenchCluster) async throws(Failure) -> Reading {
        let all = try await cluster.figures()
        let processes = all.compactMap(\.process)
        let usage = ProcessUsage.now()
        return Reading(
            instant: MonotonicClock.now(),
            cpuSeconds: processes.reduce(usage.userSeconds + usage.systemSeconds) {
                $0 + $1.cpuSeconds
            },
            storage: StoreCounters(summing: all.map(\.storage)),
            messages: processes.reduce(cluster.messages) { $0 + $1.messages },
            machineBusySeconds: Machine.busySeconds(),
            childrenMemory: processes.reduce(0) { $0 + ($1.anonymousResidentBytes ?? 0) }
        )
    }

    /// A process that was ended meanwhile has taken its counts with it: what it did before is missing.
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
            cpuSeconds: max(0, cpuSeconds - earlier.cpuSeconds),
            machineBusySeconds: earlier.machineBusySeconds.flatMap { before in
                machineBusySeconds.map { $0 - before }
            },
            flushes: storage.allFlushes - min(storage.allFlushes, earlier.storage.allFlushes),
            commits: storage.commits - min(storage.commits, earlier.storage.commits),
            bytesWritten: bytes,
            messages: max(0, messages - earlier.messages)
        )
    }

    /// The difference of two readings; what disks and network did is of all replicas together.
    struct Span {
        let seconds: Double
        let cpuSeconds: Double
        let machineBusySeconds: Double?
        let flushes: UInt64
        let commits: UInt64
        let bytesWritten: UInt64?
        let messages: Int

        /// The share of the machine's processors that others used meanwhile, 0 to 1.
        var others: Double? {
            guard let machineBusySeconds, seconds > 0 else { return nil }
            let share = (machineBusySeconds - cpuSeconds) / seconds / Double(Machine.processors)
            return min(1, max(0, share))
        }
    }
}

/// What the clients of a point were told, and what it cost.
struct Measured {
    let span: Reading.Span
    let peakMemory: UInt64?
    let load: LoadResult
    let latency: Latencies.Summary?
    let deliveries: [NodeDeliveries]
    let readers: Readers.Result?
    let timeline: Timeline?

    /// From the sending of appends to their delivery on one member.
    struct NodeDeliveries {
        let node: NodeID
        let latency: Latencies.Summary?
    }

    /// The longest time without an answer since the fault began, in microseconds.
    var gap: Double? { timeline?.gap.map { Double($0) / 1_000 } }

    /// Where it takes longest, at the 99th percentile.
    var slowestDelivery: Latencies.Summary? {
        deliveries.compactMap(\.latency).max { $0.p99 < $1.p99 }
    }

    /// Acknowledged of those that were sent, or ended, within the measured time.
    var appends: Int { load.measured }
}

extension StoreCounters {
    /// What all stores have done together, of what a run counts.
    fileprivate init(summing all: [StoreCounters]) {
        self.init()
        bytesWritten = 0
        for counters in all {
            commits += counters.commits
            flushes += counters.flushes
            runwayFlushes += counters.runwayFlushes
            confirmingFlushes += counters.confirmingFlushes
            bytesWritten = bytesWritten.flatMap { sum in counters.bytesWritten.map { sum + $0 } }
        }
    }

    /// Every wait for the disk, those ahead of the log and those of rest included.
    fileprivate var allFlushes: UInt64 { flushes + runwayFlushes + confirmingFlushes }
}
