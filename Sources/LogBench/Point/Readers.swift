import LogCommands
import PaxosCore
import Platform
import ReplicatedLog
import Synchronization

/// Those who read the log while it is measured: tasks that each read one page after the other of what is committed,
/// and begin again at its end.
struct Readers: Sendable {
    /// What they have read within the measured time.
    struct Result: Sendable {
        let pages: Int
        let entries: Int
        let latency: Latencies.Summary?
    }

    private final class Counts: Sendable {
        let pages = Atomic(0)
        let entries = Atomic(0)
    }

    private let tasks: [Task<Void, Never>]
    private let thread: ClientThread?
    private let latencies = Latencies()
    private let counts = Counts()

    static func start(
        _ count: Int,
        of node: LogNode,
        stage: Stage
    ) throws(Failure) -> Readers {
        guard count > 0 else { return Readers(0, nil, node, stage) }
        return Readers(count, try ClientThread.start(), node, stage)
    }

    private init(_ count: Int, _ thread: ClientThread?, _ node: LogNode, _ stage: Stage) {
        self.thread = thread
        tasks = (0..<count).map { [latencies, counts] reader in
            Task(executorPreference: thread) {
                await Self.read(node, stage, latencies.recorder(for: reader), counts)
            }
        }
    }

    private static func read(
        _ node: LogNode,
        _ stage: Stage,
        _ recorder: consuming Latencies.Recorder,
        _ counts: Counts
    ) async {
        var next = Slot.first
        while !Task.isCancelled {
            let end = node.status.committedSlot
            if next > end {
                next = .first
                try? await Task.sleep(for: .milliseconds(1))
                if end == .zero { continue }
            }
            let begin = MonotonicClock.now()
            guard let page = try? await node.entries(in: next...max(next, end)) else { break }
            if stage.current == .measuring {
                recorder.record(
                    nanoseconds: MonotonicClock.now().nanoseconds - begin.nanoseconds
                )
                counts.pages.add(1, ordering: .relaxed)
                counts.entries.add(page.entries.count, ordering: .relaxed)
            }
            next = page.through.next
        }
        recorder.flush()
    }

    /// Ends them all; nil if there were none.
    func end() async -> Result? {
        for task in tasks { task.cancel() }
        for task in tasks { await task.value }
        thread?.end()
        guard !tasks.isEmpty else { return nil }
        return Result(
            pages: counts.pages.load(ordering: .relaxed),
            entries: counts.entries.load(ordering: .relaxed),
            latency: latencies.summary
        )
    }
}
