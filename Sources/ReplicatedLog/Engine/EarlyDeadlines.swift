internal import PaxosCore
internal import Platform

/// Looks at the deadlines of callers while nobody drives the node: before `run()`, and while it starts.
///
/// A thread that is there only while somebody waits; once the driver runs, it looks at them itself.
final class EarlyDeadlines: Sendable {
    private let clock: TickClock
    private let parker = Parker()
    private let isWatching = Locked(false)

    init(clock: TickClock) {
        self.clock = clock
        clock.wake(parker)
    }

    /// Somebody has begun to wait, or the driver runs.
    func changed() {
        parker.unpark()
    }

    /// Somebody has begun to wait in an inbox that nobody drives.
    func watch(_ inbox: Inbox) {
        let isFirst = isWatching.withLock { isWatching in
            defer { isWatching = true }
            return !isWatching
        }
        guard isFirst else { return changed() }
        do {
            // Detached on release: it ends by itself.
            _ = try PinnedThread(name: "log-deadlines") { [self] in look(after: inbox) }
        } catch {
            // No thread is to be had: the next who comes tries again.
            isWatching.withLock { $0 = false }
        }
    }

    private func look(after inbox: Inbox) {
        while true {
            let next = inbox.expireEarly(now: clock.now)
            if next == .never {
                isWatching.withLock { $0 = false }
                // Whoever came in between found a watcher.
                if inbox.expireEarly(now: clock.now) == .never { return }
                let isTaken = isWatching.withLock { isWatching in
                    defer { isWatching = true }
                    return isWatching
                }
                if isTaken { return }
            } else if let instant = clock.instant(of: next) {
                parker.park(until: instant)
            } else {
                parker.park()
            }
        }
    }
}
