import Foundation
import Platform

/// Threads on which tests may block. There are more of them than tests that run at a time, and they are never too many:
/// each is started when a job finds no other free.
final class TestThreads: TaskExecutor, @unchecked Sendable {
    // Unchecked: what varies is reached with the condition's lock held.
    static let shared = TestThreads(most: 64)
    /// For those that compute: what they give to many tasks at once takes no more than its part.
    static let computing = TestThreads(most: max(1, Turns.processors / 2))

    private let most: Int
    private let condition = NSCondition()
    private var jobs: [UnownedJob] = []
    private var free = 0
    private var count = 0

    private init(most: Int) { self.most = most }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        condition.lock()
        jobs.append(job)
        let isStarting = jobs.count > free && count < most
        if isStarting { count += 1 } else { condition.signal() }
        condition.unlock()
        guard isStarting else { return }
        do {
            _ = try PinnedThread(name: "test", stackBytes: 8 << 20) { [self] in loop() }
        } catch {
            preconditionFailure("\(error)")
        }
    }

    private func loop() {
        let executor = asUnownedTaskExecutor()
        while true {
            condition.lock()
            free += 1
            while jobs.isEmpty { condition.wait() }
            free -= 1
            let job = jobs.removeFirst()
            condition.unlock()
            job.runSynchronously(on: executor)
        }
    }
}
