import LogCommands
import Platform

/// The thread on which the clients of a run take turns, as the tasks of a server do on an event loop.
///
/// Each client is a task that awaits the log's own `append`; this only says where it goes on. On the
/// default executor of Linux a resumption costs about a microsecond of queueing, which on two cores
/// would be measured as the log's.
final class ClientThread: TaskExecutor {
    private struct State {
        var jobs: [UnownedJob] = []
        var isEnding = false
    }

    private let state = Locked(State())
    private let parker = Parker()

    static func start() throws(Failure) -> ClientThread {
        let executor = ClientThread()
        do throws(PosixError) {
            _ = try PinnedThread(name: "rlog-clients") { executor.loop() }
        } catch {
            throw Failure(error)
        }
        return executor
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let isFirst = state.withLock { state in
            state.jobs.append(job)
            return state.jobs.count == 1
        }
        if isFirst { parker.unpark() }
    }

    /// The thread ends once nothing is left to run. Whatever is enqueued later never runs.
    func end() {
        state.withLock { $0.isEnding = true }
        parker.unpark()
    }

    private func loop() {
        var jobs: [UnownedJob] = []
        let executor = asUnownedTaskExecutor()
        while true {
            let isOver = state.withLock { state in
                swap(&state.jobs, &jobs)
                return jobs.isEmpty && state.isEnding
            }
            if isOver { return }
            if jobs.isEmpty {
                parker.park()
            } else {
                for job in jobs { job.runSynchronously(on: executor) }
                jobs.removeAll(keepingCapacity: true)
            }
        }
    }
}
