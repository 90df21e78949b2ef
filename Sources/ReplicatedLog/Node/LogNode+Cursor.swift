internal import PaxosCore

extension LogNode {
    /// A cursor: the place of a consumer of this node, kept in its directory under a name.
    ///
    /// ```swift
    /// let cursor = try await node.cursor(named: CursorName("billing"))
    /// for try await event in cursor.events {
    ///     if case .gap(let through, let why) = event { try await missed(through, why) }   // is not kept any more
    ///     if case .entry(_, let payload, _) = event { try await bill(payload) }   // must bear being done twice
    ///     try cursor.confirm(through: event.through)
    /// }
    /// ```
    ///
    /// Opened again, in this process or a later one, it stands where it was left. What is confirmed goes to the disk
    /// with whatever is written next, and within a second if nothing is: so after a crash it may stand somewhat
    /// earlier, and never later, than what was confirmed. No trim passes it (`TrimPolicy` says when one counts as
    /// abandoned). A backup holds none.
    ///
    /// - Parameters:
    ///   - name: One of 64 at most.
    ///   - start: Where it begins if there is none of that name: behind this slot, or by default with the first
    ///     that is kept.
    ///   - timeout: How long to wait, also for what was known as committed when the node was opened, if it begins
    ///     behind that; `Limits.appendTimeout` if not given.
    /// - Returns: The cursor, durable.
    /// - Throws: `CursorError`.
    public func cursor(
        named name: CursorName,
        behind start: Slot? = nil,
        timeout: Duration? = nil
    ) async throws(CursorError) -> Cursor {
        // What was known as committed at the opening is waited for by the core, and with it `run()`.
        let delivered = tail.delivered
        guard start ?? .zero <= max(delivered, tail.recovered) else {
            if let end = tail.end { throw CursorError(end, ending) }
            throw .notDelivered(through: delivered)
        }
        let found = try await change(name, .open(start ?? tail.gone), timeout)
        guard let found else { throw .tooMany }
        // Removed by somebody else in this moment it has none.
        return Cursor(node: self, name: name, id: cursorID(of: name) ?? 0, opened: found)
    }

    /// Which cursor has the name now.
    fileprivate func cursorID(of name: CursorName) -> UInt64? {
        driver.status.cursors.first { $0.record.name == name }?.id
    }

    /// The cursors of this node by name, and how far each has confirmed.
    public var cursors: [CursorStatus] {
        let status = driver.status
        return status.cursors.map { position in
            CursorStatus(
                name: position.record.name,
                slot: position.record.slot,
                lag: status.committed.count(after: position.record.slot)
            )
        }
    }

    /// Removes a cursor: nothing is kept for it any more.
    ///
    /// - Returns: Whether there was one, durably gone now.
    /// - Throws: `CursorError`.
    @discardableResult
    public func removeCursor(
        named name: CursorName,
        timeout: Duration? = nil
    ) async throws(CursorError) -> Bool {
        try await change(name, .remove, timeout) != nil
    }

    fileprivate func change(
        _ name: CursorName,
        _ change: CursorRequest.Change,
        _ timeout: Duration?
    ) async throws(CursorError) -> Slot? {
        let ticket = Ticket()
        let deadline = deadline(after: timeout)
        let outcome = await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                inbox.submit(
                    ticket,
                    continuation: continuation,
                    cursor: name,
                    change,
                    by: deadline
                )
            }
        } onCancel: {
            inbox.cancel(ticket)
        }
        switch outcome {
        case .cursor(let slot): return slot
        case .never(let refusal): throw CursorError(refusal, ending)
        case .committed, .unknown, .barrier, .trimmed, .resolved, .leads:
            preconditionFailure("a cursor is never answered as another call")
        }
    }
}

/// How far a named consumer of a node has come; see `LogNode.cursor(named:behind:timeout:)`.
public struct Cursor: Sendable {
    private let node: LogNode
    /// Its name.
    public let name: CursorName
    /// Where it stood when it was opened: what it knows of lies behind.
    public let opened: Slot
    /// One that is removed and made again under the same name is another.
    private let id: UInt64

    init(node: LogNode, name: CursorName, id: UInt64, opened: Slot) {
        self.node = node
        self.name = name
        self.id = id
        self.opened = opened
    }

    /// The effective commands behind where it stood when it was opened.
    public var events: LogNode.Subscription { node.subscribe(from: opened.next) }

    /// Its consumer is done with every slot up to this one, and need not see them again. Waits for nothing; a slot that
    /// is not beyond what was confirmed before changes nothing.
    ///
    /// - Throws: `CursorError.notDelivered` for a slot that nobody can have seen here; `.removed` if the cursor was
    ///   removed, also where there is another one of that name by now.
    public func confirm(through slot: Slot) throws(CursorError) {
        let delivered = node.tail.delivered
        guard slot <= delivered else { throw .notDelivered(through: delivered) }
        guard node.cursorID(of: name) == id else { throw .removed }
        let record = CursorRecord(name: name, slot: slot)
        node.inbox.confirm(CursorMove(record: record, cursor: id))
    }

    /// Waits until what was confirmed is durable.
    ///
    /// - Returns: Where the cursor stands on the disk.
    /// - Throws: `CursorError`, `.removed` among them.
    @discardableResult
    public func flush(timeout: Duration? = nil) async throws(CursorError) -> Slot {
        guard node.cursorID(of: name) == id,
            let slot = try await node.change(name, .flush, timeout), node.cursorID(of: name) == id
        else { throw .removed }
        return slot
    }
}

/// A cursor as its node knows it.
public struct CursorStatus: Hashable, Sendable {
    /// Its name.
    public let name: CursorName
    /// Every slot up to here is confirmed; the disk may be behind.
    public let slot: Slot
    /// How many committed slots it has not confirmed.
    public let lag: Int
}

/// Why a cursor could not be opened, moved or removed.
@nonexhaustive
public enum CursorError: Error, Hashable, Sendable {
    /// The slot is above what this node has delivered.
    case notDelivered(through: Slot)
    /// The node has 64 cursors, and none of that name.
    case tooMany
    /// There is none of that name any more.
    case removed
    /// The time given to the call ran out; what was asked for may still be done.
    case timedOut
    /// The calling task was cancelled; what was asked for may still be done.
    case cancelled
    /// The node is shut down.
    case closed
    /// The store failed and the node has stopped (`LogRunError.storeFailed`).
    case storeFailed(StoreFailure)
    /// `run()` ended with this before the node took part.
    case runFailed(LogRunError)
    /// The directory is an old copy of what its peers have met: it can be read and does nothing else.
    case rolledBack
}

extension CursorError: CallError {}

extension CursorError: CustomStringConvertible {
    /// What happened, and what to do; one line.
    public var description: String {
        switch self {
        case .notDelivered(let slot):
            "a cursor confirms what was delivered here, and that is through slot \(slot)"
        case .tooMany: "a node has 64 cursors at most: remove one that nobody uses"
        case .removed: "the cursor was removed: open it again"
        case .timedOut: CallEnd.timedOut
        case .cancelled: CallEnd.cancelled
        case .closed: CallEnd.closed
        case .storeFailed(let what): LogRunError.storeFailed(what).description
        case .runFailed(let error): error.description
        case .rolledBack: CallEnd.rolledBack
        }
    }
}
