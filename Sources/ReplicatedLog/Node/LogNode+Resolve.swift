public import PaxosCore

extension LogNode {
    /// What an append does that has left the inbox and whose outcome is not known in time.
    public enum OnUnknown: Hashable, Sendable {
        /// Throws `AppendError.unknown`.
        case report
        /// Half of its time it waits for its slot, and the rest for `resolve(_:settle:timeout:)`: it returns a slot or
        /// throws `AppendError.never`, unless no quorum is in reach until then, or the caller or the node ends.
        case settle
    }

    /// What became of the append with this token.
    ///
    /// ```swift
    /// do throws(AppendError) {
    ///     try await node.append("paid 17".utf8)
    /// } catch {
    ///     guard case .unknown(let token, _) = error else { throw error }
    ///     switch try await node.resolve(token, settle: true) {
    ///     case .committed(let slots): print("paid, in slot \(slots.lowerBound)")
    ///     case .never: print("not paid: it may be tried again")
    ///     case .passed, .unknown: print("ask again")
    ///     }
    /// }
    /// ```
    ///
    /// Any member may be asked, also after restarts: the log tells, as far as this one has delivered it (`barrier()`
    /// brings it up to date). `never` is said only of a token that can have no effect any more: a void entry for it
    /// stands in the log, or an entry of a later boot of the node that took the append, and none with an effect
    /// before.
    ///
    /// With `settle` the answer is final: if the log does not speak of the token yet, the leader puts a void entry for
    /// it there, and whichever comes first decides. It returns once that is committed. While no quorum is in reach it
    /// waits, as it does while the store is full, or the leader has not met the boot of the node that the token names.
    ///
    /// To find the slot the log is read backward from its end, which takes as long as it is long. What is trimmed does
    /// not tell the slot (`Resolution.passed`).
    ///
    /// - Parameters:
    ///   - token: From `AppendError.unknown`, also of an earlier boot or another member.
    ///   - settle: Whether an append that has not got into the log is to be kept out for ever.
    ///   - timeout: How long to wait; `Limits.appendTimeout` if not given.
    /// - Throws: `ResolveError`. A settling that was given up may still take place.
    public func resolve(
        _ token: Token,
        settle: Bool = false,
        timeout: Duration? = nil
    ) async throws(ResolveError) -> Resolution {
        try await resolve(token, settle: settle, by: deadline(after: timeout))
    }

    private func resolve(
        _ token: Token,
        settle: Bool,
        by deadline: Tick
    ) async throws(ResolveError) -> Resolution {
        let ticket = Ticket()
        let outcome = await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                inbox.submit(
                    ticket,
                    continuation: continuation,
                    resolving: token,
                    settles: settle,
                    by: deadline
                )
            }
        } onCancel: {
            inbox.cancel(ticket)
        }
        switch outcome {
        case .resolved(.open): return .unknown(.undecided)
        case .resolved(.never): return .never
        case .resolved(.effective):
            let found = await find(token, by: deadline)
            return found.slots.map { .committed($0) } ?? .passed(through: found.from)
        case .resolved(.forgotten):
            let found = await find(token, by: deadline)
            if let slots = found.slots { return .committed(slots) }
            // The whole log was read, and an entry of a later boot stands in it.
            return found.isWhole ? .never : .unknown(.forgotten)
        case .never(.noSuchToken): throw .noSuchToken
        case .never(let refusal): throw ResolveError(refusal, ending)
        case .committed, .unknown, .barrier, .trimmed, .cursor, .leads:
            preconditionFailure("a question is never answered as another call")
        }
    }

    /// What an append is told that ended with this error, and whose token is to be settled.
    func settle(
        _ error: AppendError,
        by deadline: Tick
    ) async throws(AppendError) -> ClosedRange<Slot> {
        guard case .unknown(let token, let reason) = error else { throw error }
        switch reason {
        case .timedOut, .full: break
        // The caller or the node has ended, or all is known that this member can tell.
        default: throw error
        }
        let resolution: Resolution
        do throws(ResolveError) {
            resolution = try await resolve(token, settle: true, by: deadline)
        } catch {
            throw .unknown(token, reason)
        }
        switch resolution {
        case .committed(let slots): return slots
        case .never: throw .never(reason)
        case .passed: throw .unknown(token, .passed)
        case .unknown: throw .unknown(token, reason)
        }
    }

    private struct Found {
        /// Where it has effect.
        var slots: ClosedRange<Slot>?
        /// It was looked for in all slots above this one.
        var from: Slot
        /// That is all the slots there ever were.
        var isWhole: Bool { from == .zero }
    }

    /// So many slots are looked at first, backward, and as many at most at a time.
    private static let pieces = (first: 256, most: 1 << 16)

    /// Looks for the effective entries with a token, from the newest slot back, as long as there is time and rows are
    /// there to be read.
    private func find(_ token: Token, by deadline: Tick) async -> Found {
        var last = tail.delivered
        var length = Self.pieces.first
        while last > tail.trimmed {
            let before = last.rawValue > UInt64(length) ? last.rawValue - UInt64(length) : 0
            let first = max(tail.trimmed.next, Slot(rawValue: before).next)
            var next = first
            while next <= last {
                guard !Task.isCancelled, clock.now < deadline,
                    let page = try? await readPage(
                        next...last,
                        maxBytes: configuration.limits.pageBytes
                    )
                else { return Found(from: last) }
                if let found = page.entries.first(where: { $0.command.token == token }) {
                    let command = found.command
                    let start = Slot(rawValue: found.slot.rawValue - UInt64(command.index))
                    return Found(
                        slots: start...start.advanced(by: Int(command.count) - 1),
                        from: first
                    )
                }
                next = page.through.next
            }
            last = first.previous
            length = min(2 * length, Self.pieces.most)
        }
        return Found(from: last)
    }
}

/// What became of an append, by its token.
public enum Resolution: Hashable, Sendable {
    /// It is in the log and in effect, in this slot, or these of a batch. For ever.
    case committed(ClosedRange<Slot>)
    /// It is in the log and has had its effect, once, in a slot up to this one: in which, this member cannot tell. It
    /// is trimmed, or cannot be read, or the time was too short to find it.
    case passed(through: Slot)
    /// It is not in the log with any effect, and never will be.
    case never
    /// Nobody can tell by what is known here, and why.
    case unknown(Uncertainty)

    /// Why it is not known what became of an append.
    @nonexhaustive
    public enum Uncertainty: String, Hashable, Sendable {
        /// This member's log does not speak of it so far, and it may still get there: ask again, or settle it.
        case undecided
        /// The node that took it has been restarted several times since, or appended with many gaps, and what came of
        /// it lies in the trimmed part of the log. It never has an effect any more; whether it had one is forgotten.
        case forgotten
    }
}

/// Why it is not known what became of a token.
@nonexhaustive
public enum ResolveError: Error, Hashable, Sendable {
    /// No append has that token: it names no member, or an append that this node has not made. Nothing was settled.
    case noSuchToken
    /// The time given to the call ran out.
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

extension ResolveError: CallError {}
