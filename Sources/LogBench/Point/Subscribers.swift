import LogCommands
import PaxosCore
import Platform
import ReplicatedLog

/// Those who follow the log while it is measured: so many tasks on each member of this process, each pulling one
/// event after the other by the public API.
struct Subscribers: Sendable {
    private let tasks: [Task<Void, Never>]
    private let thread: ClientThread?
    private let latencies: [(node: NodeID, latencies: Latencies)]

    /// Begins where each member's log ends now.
    static func start(
        _ count: Int,
        of nodes: [LogNode],
        stage: Stage,
        workload: Workload
    ) async throws(Failure) -> Subscribers {
        guard count > 0 else { return Subscribers(tasks: [], thread: nil, latencies: []) }
        let thread = try ClientThread.start()
        var tasks: [Task<Void, Never>] = []
        var all: [(node: NodeID, latencies: Latencies)] = []
        for node in nodes {
            let status = node.status
            let latencies = Latencies()
            all.append((status.node, latencies))
            for number in 0..<count {
                let subscription = node.subscribe(from: status.deliveredSlot.next)
                tasks.append(
                    Task(executorPreference: thread) {
                        await follow(
                            subscription,
                            latencies.recorder(for: number),
                            stage: stage,
                            workload: workload
                        )
                    }
                )
            }
        }
        return Subscribers(tasks: tasks, thread: thread, latencies: all)
    }

    /// Until the task is cancelled, or the node ends: whoever appends is told of that.
    private static func follow(
        _ subscription: LogNode.Subscription,
        _ recorder: consuming Latencies.Recorder,
        stage: Stage,
        workload: Workload
    ) async {
        var events = subscription.makeAsyncIterator()
        while let event = try? await events.next() {
            guard case .entry(_, let payload, _) = event, stage.current == .measuring,
                let begin = workload.begin(of: payload)
            else { continue }
            let now = MonotonicClock.now().nanoseconds
            recorder.record(nanoseconds: now - min(now, begin.nanoseconds))
        }
        recorder.flush()
    }

    /// Ends them all, and says how long it took on each member.
    func end() async -> [Measured.NodeDeliveries] {
        for task in tasks { task.cancel() }
        for task in tasks { await task.value }
        thread?.end()
        return latencies.map {
            Measured.NodeDeliveries(node: $0.node, latency: $0.latencies.summary)
        }
    }
}
