import NodeProcesses
import Platform

/// Asks everybody who leads, five times a second.
final class LeaderWatch: Sendable {
    private struct State {
        var leader = 0
        /// Ballots under which somebody led.
        var ballots: Set<String> = []
        var isOver = false
    }

    private let state = Locked(State())

    /// On a thread of its own.
    func run(_ members: [Member]) {
        let parker = Parker()
        while !state.withLock({ $0.isOver }) {
            for (place, member) in members.enumerated() where member.state == .running {
                member.process?.send("status") { [self] reply in
                    guard let reply, reply.role == "leader", let ballot = reply.ballot else {
                        return
                    }
                    state.withLock { state in
                        state.leader = place
                        state.ballots.insert(ballot)
                    }
                }
            }
            parker.park(timeout: .milliseconds(200))
        }
    }

    func stop() { state.withLock { $0.isOver = true } }

    /// The place of who led last.
    var leader: Int { state.withLock { $0.leader } }
    var leaders: Int { state.withLock { $0.ballots.count } }
}
