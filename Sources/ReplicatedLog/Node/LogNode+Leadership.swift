public import PaxosCore

extension LogNode {
    /// Who leads, as far as this node knows.
    public struct Leader: Hashable, Sendable {
        /// The member that leads.
        public let node: NodeID
        /// The ballot under which it leads. Each leadership has one of its own, and a later one a higher.
        public let ballot: Ballot
        /// What the member was opened with as `Configuration.address`; empty if nothing.
        public let address: [UInt8]
        /// It is this node.
        public let isThisNode: Bool
    }

    /// Who leads, and where its host is reached: what a server needs to send a caller on.
    ///
    /// ```swift
    /// guard let leader = node.leader else { return .unavailable }
    /// if !leader.isThisNode { return .redirect(to: String(decoding: leader.address, as: UTF8.self)) }
    /// ```
    ///
    /// Appends need no redirect: every member takes them. As of the last step of the node; `nil` while it hears no leader.
    /// Another member may lead by now: who must not act twice needs a fence (`Ballot.fencingNumber`).
    public var leader: Leader? {
        let core = driver.status
        guard let ballot = core.leaderBallot else { return nil }
        return Leader(
            node: ballot.node,
            ballot: ballot,
            address: core.leaderAddress,
            isThisNode: ballot.node == configuration.node
        )
    }

    /// Has a member lead in the place of whoever does.
    ///
    /// ```swift
    /// try await node.transferLeadership(to: 2)        // before node 1 is taken away
    /// ```
    ///
    /// May be called on any member. The leader goes on until the member keeps up with it; then it takes nothing new, and
    /// hands over once the member has all that was proposed. Appends wait meanwhile, in their inboxes, and go to the new
    /// leader: none is lost, doubled or refused for that. A member that does not come so far within an election timeout
    /// of standstill is left alone for as long, and tried again until the time is up.
    ///
    /// Returns once this node hears the member lead, at once if it does. Another one may lead soon after: one that is
    /// preferred (`Configuration.priority`), or whoever is elected where this one cannot be reached.
    ///
    /// - Parameters:
    ///   - member: Who is to lead.
    ///   - timeout: How long to wait; `Limits.appendTimeout` if not given.
    /// - Returns: The ballot under which it leads.
    /// - Throws: `TransferError`. A transfer that was given up may still take place, within two election timeouts.
    @discardableResult
    public func transferLeadership(
        to member: NodeID,
        timeout: Duration? = nil
    ) async throws(TransferError) -> Ballot {
        let ticket = Ticket()
        let deadline = deadline(after: timeout)
        let outcome = await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                inbox.submit(
                    ticket,
                    continuation: continuation,
                    transferTo: member,
                    by: deadline
                )
            }
        } onCancel: {
            inbox.cancel(ticket)
        }
        switch outcome {
        case .leads(let ballot): return ballot
        case .never(.noSuchMember): throw .noSuchMember(member)
        case .never(let refusal): throw TransferError(refusal, ending)
        case .committed, .unknown, .barrier, .trimmed, .cursor, .resolved:
            preconditionFailure("a transfer is never answered as another call")
        }
    }

    /// One leadership of this node, for the work that only a leader is to do.
    public struct Leadership: Hashable, Sendable {
        /// The ballot under which this node leads.
        public let ballot: Ballot
        /// Another for each leadership, on whatever member, and higher than that of each whose entries this node found: an
        /// outside system that takes nothing under a lower number than it has seen is safe from a leader that does not know
        /// yet that it leads no more. One that is overtaken may begin to lead later and under the lower number.
        public var fence: UInt128 { ballot.fencingNumber }
    }

    /// Does work while this node leads, and only then.
    ///
    /// ```swift
    /// while !Task.isCancelled {
    ///     do {
    ///         try await node.whileLeading { leadership in
    ///             for await job in jobs { try await store.run(job, fence: leadership.fence) }
    ///         }
    ///     } catch LeadershipError.ended {
    ///         continue                                // another one leads: wait until this node does again
    ///     }
    /// }
    /// ```
    ///
    /// Waits until this node leads, runs the closure, and cancels its task when that leadership ends; returns or throws
    /// once the closure has. A closure that has returned by then has its result returned.
    ///
    /// A leader learns late that another one leads: for as long as an election timeout, and longer while its machine is
    /// paused, two may believe it. So the closure is handed a fence, and whatever it changes elsewhere is to be sent
    /// with it. What it appends here another leader's appends may precede; `append(_:ifTail:timeout:overload:onUnknown:)`
    /// tells.
    ///
    /// - Parameter body: The work; it ends soon when it is cancelled.
    /// - Throws: What the closure throws; `LeadershipError.ended` if it was cancelled because the leadership ended and threw;
    ///   `LeadershipError.closed` if the node ended before it led; `CancellationError` if the calling task was cancelled before that.
    public func whileLeading<Value: Sendable>(
        _ body: @escaping @Sendable (Leadership) async throws -> Value
    ) async throws -> Value {
        // Before the first look: what happens from here on is told.
        let feed = EventFeed(eventHub)
        let leadership = try await leads(feed)
        return try await Self.work(body, leadership) { await self.ends(leadership, feed) }
    }

    /// Waits until this node leads.
    private func leads(_ feed: EventFeed) async throws -> Leadership {
        while true {
            let core = driver.status
            if core.role == .leader, let ballot = core.ballot, !life.isOver {
                return Leadership(ballot: ballot)
            }
            guard await feed.next() != nil else {
                try Task.checkCancellation()
                throw LeadershipError.closed
            }
        }
    }

    /// Waits until it leads no more under this ballot, or the task is cancelled, or the node has ended.
    private func ends(_ leadership: Leadership, _ feed: EventFeed) async {
        while driver.status.role == .leader, driver.status.ballot == leadership.ballot {
            guard await feed.next() != nil else { return }
        }
    }

    private static func work<Value: Sendable>(
        _ body: @escaping @Sendable (Leadership) async throws -> Value,
        _ leadership: Leadership,
        until end: @escaping @Sendable () async -> Void
    ) async throws -> Value {
        try await withThrowingTaskGroup(of: Worked<Value>.self) { group in
            group.addTask { .done(await Self.outcome(body, leadership)) }
            group.addTask {
                await end()
                return .ended
            }
            var hasEnded = false
            while let next = try await group.next() {
                switch next {
                case .ended:
                    hasEnded = true
                    group.cancelAll()
                case .done(let result):
                    group.cancelAll()
                    guard case .failure(let error) = result else { return try result.get() }
                    if hasEnded, !Task.isCancelled {
                        throw LeadershipError.ended(leadership.ballot)
                    }
                    throw error
                }
            }
            throw CancellationError()
        }
    }

    private static func outcome<Value: Sendable>(
        _ body: @Sendable (Leadership) async throws -> Value,
        _ leadership: Leadership
    ) async -> Result<Value, any Error> {
        do {
            return .success(try await body(leadership))
        } catch {
            return .failure(error)
        }
    }
}

/// What comes first: the work is done, or the leadership has ended.
private enum Worked<Value: Sendable>: Sendable {
    case done(Result<Value, any Error>)
    case ended
}

/// Why work that only a leader does was not done to its end.
@nonexhaustive
public enum LeadershipError: Error, Hashable, Sendable {
    /// The node leads no more under this ballot.
    case ended(Ballot)
    /// The node ended before it led.
    case closed
}

/// Why it is not known that the member leads.
@nonexhaustive
public enum TransferError: Error, Hashable, Sendable {
    /// It is no member.
    case noSuchMember(NodeID)
    /// The time given to the call ran out: there is no leader, or the member cannot be reached, has no room, or does not
    /// keep up.
    case timedOut
    /// The calling task was cancelled.
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

extension TransferError: CallError {}
