import LogCommands
import PaxosCore
import ReplicatedLog

/// How appends come to the node that leads.
protocol BenchLoad: Sendable {
    /// Appends until the stage is over, and returns once everything that was sent is answered. With a timeline a fault
    /// is expected: who is told that an append is given up, or not known, goes on.
    func run(
        on log: LogNode,
        clients: ClientThread,
        stage: Stage,
        latencies: Latencies,
        timeline: Timeline?
    ) async -> LoadResult
}

/// What the clients of a point were told.
struct LoadResult: Sendable {
    /// One client's part.
    struct Client: Sendable {
        /// The sequences that were acknowledged.
        var acknowledged = NumberRanges()
        /// How many of them within the measured time.
        var measured = 0
        /// Appends that were given up, in the measured time or not: only an open loop goes on after one, and whoever
        /// expects a fault.
        var failed = 0
        var last = Slot.zero
        /// What ended the run.
        var failure: AppendError?
    }

    /// By client.
    private(set) var acknowledged: [NumberRanges]
    private(set) var measured = 0
    private(set) var failed = 0
    private(set) var last = Slot.zero
    private(set) var failure: AppendError?

    init(clients: Int) {
        acknowledged = Array(repeating: NumberRanges(), count: clients)
    }

    mutating func add(_ result: Client, of client: Int) {
        acknowledged[client] = result.acknowledged
        measured += result.measured
        failed += result.failed
        last = max(last, result.last)
        failure = failure ?? result.failure
    }
}
