internal import Platform
internal import ReplicatedLog

/// A started transport and everything it has handed over.
final class Endpoint: Sendable {
    private struct State {
        var received: [Envelope] = []
        var keys: Set<Traffic.Key> = []
        /// Calls of `receive` that are running.
        var running = 0
        var isBlocked = false
        /// `stop` has returned.
        var isStopped = false
        var callsAfterStop = 0
    }

    let node: NodeID
    let transport: any LogTransport
    private let state = Locked(State())

    init(_ node: NodeID, _ fixture: some TransportFixture) async throws {
        self.node = node
        transport = try await fixture.makeTransport(for: node)
    }

    func start() async throws {
        let local = LogReceiver(
            identity: Traffic.identity(of: node),
            limits: Limits(),
            receive: { [self] in take($0) }
        )
        try await transport.start(local)
    }

    private func take(_ envelopes: [Envelope]) {
        state.withLock { state in
            state.running += 1
            if state.isStopped { state.callsAfterStop += 1 }
        }
        let parker = Parker()
        while state.withLock({ $0.isBlocked }) { parker.park(timeout: .milliseconds(1)) }
        state.withLock { state in
            state.received.append(contentsOf: envelopes)
            for envelope in envelopes { state.keys.insert(Traffic.key(of: envelope)) }
            state.running -= 1
        }
    }

    /// A call of `receive` is running.
    var isTaking: Bool { state.withLock { $0.running > 0 } }

    /// Makes `receive` wait, as a contract-breaking node would.
    func block(_ isBlocked: Bool) {
        state.withLock { $0.isBlocked = isBlocked }
    }

    /// - Returns: How many calls of `receive` were running when `stop` returned.
    func stop() async -> Int {
        await transport.stop()
        return state.withLock { state in
            state.isStopped = true
            return state.running
        }
    }

    var received: [Envelope] { state.withLock { $0.received } }
    var receivedCount: Int { state.withLock { $0.received.count } }
    var callsAfterStop: Int { state.withLock { $0.callsAfterStop } }

    /// Those of the messages that have not arrived in any form.
    func missing(_ keys: Set<Traffic.Key>) -> Set<Traffic.Key> {
        state.withLock { keys.subtracting($0.keys) }
    }

    func has(_ envelope: Envelope) -> Bool {
        missing([Traffic.key(of: envelope)]).isEmpty
    }
}

/// Waits on a thread of its own, so that no thread of the cooperative pool is held.
enum Wait {
    /// Looks every millisecond until the condition holds.
    ///
    /// - Returns: False if the time was over first.
    static func until(
        _ limit: Duration,
        _ condition: @escaping @Sendable () -> Bool
    ) async -> Bool {
        let end = MonotonicClock.now().advanced(by: limit)
        let outcome = Locked(condition())
        if outcome.withLock({ $0 }) { return true }
        let thread = try? PinnedThread(name: "conformance") {
            let parker = Parker()
            while MonotonicClock.now() < end, !outcome.withLock({ $0 }) {
                parker.park(timeout: .milliseconds(1))
                let holds = condition()
                outcome.withLock { $0 = holds }
            }
        }
        await thread?.ended()
        return outcome.withLock { $0 }
    }

    /// Lets time pass for what must not happen.
    static func pass(_ duration: Duration) async {
        _ = await until(duration) { false }
    }
}
