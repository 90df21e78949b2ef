@testable import PaxosCore
import Testing

/// The other members, played by the test.
extension OneMember {
    func from(_ sender: NodeID, _ message: Immediate) -> Envelope {
        if case .hello(let hello) = message {
            return .hello(Identities.identity(of: sender), hello)
        }
        return Envelope(
            sender: Identities.identity(of: sender),
            destination: 1,
            recipient: nil,
            written: .none,
            message: .immediate(message)
        )
    }

    func from(_ sender: NodeID, _ statement: Statement) -> Envelope {
        Envelope(
            sender: Identities.identity(of: sender),
            destination: 1,
            recipient: nil,
            written: .none,
            message: .statement(statement)
        )
    }

    /// Hears these immediate messages of one peer, in one step.
    @discardableResult
    func hear(_ sender: NodeID, at now: UInt64 = 0, _ messages: Immediate...) throws -> Said {
        try step(at: now) { arrivals in
            arrivals.messages = messages.map { self.from(sender, $0) }
        }
    }

    @discardableResult
    func hear(_ sender: NodeID, at now: UInt64 = 0, _ statements: Statement...) throws -> Said {
        try step(at: now) { arrivals in
            arrivals.messages = statements.map { self.from(sender, $0) }
        }
    }

    /// Waits until the member asks the others for a leader, and returns the id of the round.
    func awaitStatusRound(from start: UInt64 = 0) throws -> (id: UInt64, at: UInt64) {
        for now in start...start + 200 {
            let said = try step(at: now, flush: store.waiting)
            for message in said.immediate {
                if case .statusRequest(let request) = message.body { return (request.id, now) }
            }
        }
        throw Violation(description: "no status round within 200 ticks")
    }

    /// Has n2 answer the status round and promise: the member leads from the tick that is returned.
    @discardableResult
    func lead(
        committed: Slot = .zero,
        last: Slot = .zero,
        from start: UInt64 = 0
    ) throws -> (ballot: Ballot, at: UInt64) {
        let round = try awaitStatusRound(from: start)
        let status = StatusReply(
            id: round.id,
            leader: nil,
            promised: .zero,
            committed: .zero,
            // Else a full member leaves it to this one to lead.
            isFull: core.status.isFull
        )
        try hear(2, at: round.at, .statusReply(status))
        let ballot = try #require(core.status.ballot)
        try step(at: round.at, flush: store.waiting)
        let promise = Promise(
            ballot: ballot,
            committed: committed,
            trimmed: .zero,
            last: last
        )
        try hear(2, at: round.at, .promise(promise))
        return (ballot, round.at)
    }
}
