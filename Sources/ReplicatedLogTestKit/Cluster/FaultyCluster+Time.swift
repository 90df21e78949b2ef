internal import Platform
public import ReplicatedLog

/// The clocks. A tick is ten milliseconds of `Limits`, whatever it takes.
extension FaultyCluster {
    /// Ticks that have passed for the cluster as a whole.
    public var ticks: UInt64 { state.withLock { $0.ticks } }

    /// The ticks of `Limits.electionTimeout`: how long a follower waits for its leader at least.
    public var electionTicks: UInt64 { options.limits.electionTicks }

    /// Moves the clock of everybody who runs, except where it was stopped.
    public func tick(_ count: Int = 1) {
        let clocks = state.withLock { state -> [HandClock] in
            state.ticks += UInt64(count)
            let ticking = state.running.filter { !state.stopped.contains($0.key) }
            return ticking.values.map(\.clock) + state.twins.map(\.clock)
        }
        for clock in clocks { clock.advance(ticks: count) }
    }

    /// Moves the clock of one member.
    ///
    /// - Throws: `NotRunning`.
    public func tick(_ count: Int = 1, of member: NodeID) throws(NotRunning) {
        try process(member).clock.advance(ticks: count)
    }

    /// Leaves a member's clock out of `tick(_:)` and `withTime(_:)`, or takes it in again.
    public func stopClock(of member: NodeID, _ isStopped: Bool = true) {
        state.withLock { state in
            if isStopped { state.stopped.insert(member) } else { state.stopped.remove(member) }
        }
    }

    /// Lets time pass while the body runs: a tick each `Options.pace`.
    ///
    /// - Throws: What the body throws.
    public func withTime<Value>(
        isolation: isolated (any Actor)? = #isolation,
        _ body: () async throws -> Value
    ) async rethrows -> Value {
        let pacer = Pacer(pace: options.pace) { [weak self] in self?.tick() }
        do {
            let value = try await body()
            await pacer.stop()
            return value
        } catch {
            await pacer.stop()
            throw error
        }
    }

    /// The same for processes that have left the cluster.
    func withTime(
        of clocks: [HandClock],
        isolation: isolated (any Actor)? = #isolation,
        _ body: () async throws -> Void
    ) async rethrows {
        let pacer = Pacer(pace: options.pace) { for clock in clocks { clock.advance() } }
        try await withTime {
            do {
                try await body()
                await pacer.stop()
            } catch {
                await pacer.stop()
                throw error
            }
        }
    }

    /// Returns when so many ticks have passed, which somebody else counts: inside `withTime(_:)`.
    public func passed(ticks count: Int) async {
        let end = ticks + UInt64(count)
        while ticks < end { await Wait.pass(.milliseconds(1)) }
    }

    /// Lets time pass until the condition holds.
    ///
    /// - Returns: False if it did not within so many ticks.
    public func eventually(
        within limit: Int = 3_000,
        isolation: isolated (any Actor)? = #isolation,
        _ condition: () async throws -> Bool
    ) async rethrows -> Bool {
        let end = ticks + UInt64(limit)
        return try await withTime {
            while try await !condition() {
                guard ticks < end else { return false }
                await Wait.pass(.milliseconds(1))
            }
            return true
        }
    }
}

/// Counts ticks on a thread of its own.
final class Pacer: Sendable {
    private let isOver = Locked(false)
    private let parker = Parker()
    private let thread: PinnedThread?

    init(pace: Duration, tick: @escaping @Sendable () -> Void) {
        let isOver = isOver
        let parker = parker
        thread = try? PinnedThread(name: "test-clock") {
            while !isOver.withLock({ $0 }) {
                parker.park(timeout: pace)
                tick()
            }
        }
        precondition(thread != nil, "the system gives no thread for the clock of a test")
    }

    func stop() async {
        isOver.withLock { $0 = true }
        parker.unpark()
        await thread?.ended()
    }
}
