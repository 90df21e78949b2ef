import LogCommands
import PaxosCore
import Platform
import ReplicatedLog
import Synchronization

/// Reads the log of each replica of this process while it is trimmed behind that: one consumer a replica, each with a
/// named cursor, which no trim passes. So all that was acknowledged is read back although it is gone afterwards.
struct Audit: Sendable {
    /// What a log that is trimmed keeps at its end, in entries.
    static let kept = 10_000
    /// How many slots are confirmed at once.
    private static let stride = 1_000

    private final class Consumer: Sendable {
        struct State {
            var tally: Tally
            var through = Slot.zero
            var failure: Failure?
        }

        let node: LogNode
        let state: Mutex<State>

        init(_ node: LogNode, _ tally: Tally) {
            self.node = node
            state = Mutex(State(tally: tally))
        }

        func fail(_ detail: String) {
            let failure = Failure(.wrong, "not_read", "\(node.directory): \(detail)")
            state.withLock { $0.failure = $0.failure ?? failure }
        }

        func follow(_ cursor: Cursor) async {
            var confirmed = Slot.zero
            do {
                for try await event in cursor.events {
                    if case .gap(let through, let reason) = event {
                        return fail("a gap through slot \(through): \(reason)")
                    }
                    state.withLock { state in
                        if case .entry(let slot, let payload, _) = event {
                            state.tally.take(slot: slot.rawValue, payload: payload)
                        }
                        state.through = event.through
                    }
                    guard event.through.count(after: confirmed) >= Audit.stride else { continue }
                    confirmed = event.through
                    try cursor.confirm(through: confirmed)
                }
            } catch {
                if !Task.isCancelled { fail("\(error)") }
            }
        }
    }

    private let consumers: [Consumer]
    private let tasks: [Task<Void, Never>]

    /// Begins with the first slot of each.
    static func start(
        of nodes: [LogNode],
        clients: Int,
        workload: Workload
    ) async throws(Failure) -> Audit {
        var consumers: [Consumer] = []
        var tasks: [Task<Void, Never>] = []
        for node in nodes {
            let cursor: Cursor
            do {
                cursor = try await node.cursor(named: CursorName("bench"))
            } catch {
                for task in tasks { task.cancel() }
                throw Failure(.unavailable, "no_cursor", "\(node.directory): \(error)")
            }
            let consumer = Consumer(node, Tally(workload: workload, clients: clients))
            consumers.append(consumer)
            tasks.append(Task { await consumer.follow(cursor) })
        }
        return Audit(consumers: consumers, tasks: tasks)
    }

    /// What each has read, once it has come to `last`.
    func end(through last: Slot) async throws(Failure) -> [Tally] {
        defer { cancel() }
        let deadline = MonotonicClock.now().advanced(by: .seconds(60))
        var tallies: [Tally] = []
        for consumer in consumers {
            while true {
                let state = consumer.state.withLock { $0 }
                if let failure = state.failure { throw failure }
                if state.through >= last {
                    tallies.append(state.tally)
                    break
                }
                guard MonotonicClock.now() < deadline else {
                    throw Failure(
                        .unavailable,
                        "not_delivered",
                        "\(consumer.node.directory) was not read up to the acknowledged slot \(last) in 60 s"
                    )
                }
                try? await Task.sleep(for: .milliseconds(1))
            }
        }
        return tallies
    }

    func cancel() {
        for task in tasks { task.cancel() }
    }
}
