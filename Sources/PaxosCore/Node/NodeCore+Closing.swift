/// The two ends of a node: shutdown, which loses nothing it can keep, and failure, which says nothing.
extension NodeCore {
    /// Why a new call is refused, if it is.
    var refusal: Refusal? {
        switch phase {
        case .running: rolledBack == nil ? nil : .rolledBack
        case .closing, .sealing, .closed: .closed
        case .failed: .storeFailed
        }
    }

    /// True of a node that is heard: while it is open, and its directory is not an old copy.
    var takesPart: Bool { isOpen && rolledBack == nil }

    /// True until the last row is written or the store has failed: from then on the node is deaf.
    var isOpen: Bool {
        switch phase {
        case .running, .closing: true
        case .sealing, .closed, .failed: false
        }
    }

    mutating func beginClosing(by deadline: Tick, output: inout Output) {
        switch phase {
        case .running:
            phase = .closing(by: deadline)
            emptyInbox(.closed, output: &output)
        case .closing(let earlier):
            phase = .closing(by: min(earlier, deadline))
        case .sealing(let last, let earlier):
            phase = .sealing(last, by: min(earlier, deadline))
        case .closed, .failed:
            return
        }
    }

    /// Writes the commit watermark once nothing is in flight any more or the time is up.
    mutating func advanceClosing(output: inout Output) {
        if case .sealing(_, let deadline) = phase, replica.acceptor.isFull, now >= deadline {
            // It may never be durable, and holds nothing that the rows do not tell.
            phase = .closed
            output.isClosed = true
            return
        }
        guard case .closing(let deadline) = phase else { return }
        let inFlight = rolledBack == nil ? replica.leader?.slotsInFlight ?? 0 : 0
        guard now >= deadline || (proposed.waiting == 0 && inFlight == 0) else { return }
        for waiter in waiters.all { end(waiter, .closed, output: &output) }
        if delivery.delivered > written.checkpoint {
            written.checkpoint = delivery.delivered
            output.rows.checkpoint = delivery.checkpoint
        }
        output.rows.isFinal = true
        if rolledBack == nil { replica.sayFarewell(output: &output) }
    }

    /// This directory is not where a peer has met it. This process says nothing more, and no later one if it is
    /// for good: what is on its way to the disk may still get there, and its testimony is never spoken.
    mutating func fall(_ found: RolledBack, forGood: Bool, output: inout Output) {
        guard rolledBack == nil else { return }
        rolledBack = found
        output.rows = WriteRows()
        if forGood { output.rows.rolledBack = found }
        output.fallSilent()
        emptyInbox(.rolledBack, output: &output)
        for waiter in waiters.all { end(waiter, .rolledBack, output: &output) }
    }

    /// The store has failed: what is in the inbox is never in the log, of the rest nobody knows.
    mutating func fail(_ failure: StoreFailure, output: inout Output) {
        switch phase {
        case .closed, .failed: return
        case .running, .closing, .sealing: phase = .failed(failure)
        }
        emptyInbox(.storeFailed, output: &output)
        for waiter in waiters.all { end(waiter, .storeFailed, output: &output) }
        output.isClosed = true
    }

    /// A committed row that cannot be read is never delivered, and nothing after it can be: the node
    /// ends rather than skip it (`R17`, `R35`).
    mutating func fail(_ failure: ReadFailure, output: inout Output) {
        switch failure {
        case .unreadable(let slot):
            fail(
                StoreFailure(
                    operation: "read",
                    code: 0,
                    detail: "the row of slot \(slot) is unreadable"
                ),
                output: &output
            )
        case .storeFailed(let failure):
            fail(failure, output: &output)
        case .closed:
            return
        }
    }
}
