import ReplicatedLog
import ReplicatedLogMachine
import ServiceLifecycle

/// Appends the time that passes while this member leads, if there is a session that it could end.
struct Ticker: Service {
    let table: StateMachineHost<LockTable>

    func run() async throws {
        try await cancelWhenGracefulShutdown {
            // The end of the process wakes it up.
            try? await tick()
        }
    }

    private func tick() async throws {
        let clock = ContinuousClock()
        let begin = clock.now
        while true {
            try await clock.sleep(for: .milliseconds(250))
            let status = table.node.status
            guard status.role == .leader, let ballot = status.ballot,
                try await table.read(.local, { !$0.sessions.isEmpty })
            else { continue }
            let elapsed = (clock.now - begin) / .milliseconds(1)
            // One that does not come through is followed by one that says more.
            _ = try? await table.perform(
                .tick(
                    round: ballot.round,
                    node: ballot.node.rawValue,
                    elapsed: LockTable.Time(elapsed)
                )
            )
        }
    }
}
