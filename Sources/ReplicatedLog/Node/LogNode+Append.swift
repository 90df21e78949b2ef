internal import CoreMetrics
internal import PaxosCore
internal import Platform

extension LogNode {
    /// What an append does when the inbox is full.
    public enum Overload: Hashable, Sendable {
        /// Waits for room, up to its timeout; throws `AppendError.overloaded` if those that wait hold
        /// `Limits.waitingBytes` already.
        case wait
        /// Throws `AppendError.overloaded` at once.
        case fail
    }

    /// Appends one payload.
    ///
    /// ```swift
    /// do throws(AppendError) {
    ///     let slot = try await node.append("paid 17".utf8)
    /// } catch {
    ///     if case .never = error { … }                // not in the log: it may be tried again
    /// }
    /// ```
    ///
    /// Returns the payload's slot once it is committed: durable on a quorum, with no hole below it, and
    /// in effect. Appends of one task that are awaited one after the other get ascending slots.
    ///
    /// - Parameters:
    ///   - payload: At most `Limits.maxPayloadBytes` bytes; may be empty.
    ///   - timeout: How long to wait; `Limits.appendTimeout` if not given. The time runs
    ///     from the call, also before `run()`.
    ///   - overload: Whether to wait if the inbox is full.
    ///   - onUnknown: Whether to report an outcome that is not known, or to find it out.
    /// - Throws: `AppendError`. After `never` the payload is not in the log and never will be; after
    ///   `unknown` it may be, and `resolve(_:settle:timeout:)` tells. Cancelling the task throws one of the two at once.
    @discardableResult
    public func append(
        _ payload: [UInt8],
        timeout: Duration? = nil,
        overload: Overload = .wait,
        onUnknown: OnUnknown = .report
    ) async throws(AppendError) -> Slot {
        let limit = configuration.limits.maxPayloadBytes
        guard payload.count <= limit else {
            throw .payloadTooLarge(bytes: payload.count, limit: limit)
        }
        return try await append(
            .one(payload),
            bytes: payload.count,
            at: .zero,
            timeout: timeout,
            overload: overload,
            onUnknown: onUnknown
        ).lowerBound
    }

    /// Appends the bytes of any collection, such as `"paid 17".utf8`: they are copied once.
    @discardableResult
    public func append(
        _ payload: some Collection<UInt8>,
        timeout: Duration? = nil,
        overload: Overload = .wait,
        onUnknown: OnUnknown = .report
    ) async throws(AppendError) -> Slot {
        try await append(
            [UInt8](payload),
            timeout: timeout,
            overload: overload,
            onUnknown: onUnknown
        )
    }

    /// Appends a batch: one contiguous run of slots, all or nothing.
    ///
    /// ```swift
    /// let slots = try await node.append(contentsOf: ["debit a".utf8, "credit b".utf8])
    /// ```
    ///
    /// Returns the slots once all of them are committed. No other entry stands between them, and no
    /// subscriber sees a part of the batch only.
    ///
    /// - Parameters:
    ///   - payloads: At least one, at most `Limits.maxBatchEntries`, of at most `Limits.maxBatchBytes`
    ///     bytes in all.
    ///   - timeout: As for `append(_:timeout:overload:onUnknown:)`.
    ///   - overload: As for `append(_:timeout:overload:onUnknown:)`.
    ///   - onUnknown: As for `append(_:timeout:overload:onUnknown:)`.
    /// - Throws: `AppendError`, for the batch as a whole.
    @discardableResult
    public func append(
        contentsOf payloads: [[UInt8]],
        timeout: Duration? = nil,
        overload: Overload = .wait,
        onUnknown: OnUnknown = .report
    ) async throws(AppendError) -> ClosedRange<Slot> {
        try await append(
            .batch(payloads),
            bytes: try checkedBytes(of: payloads),
            at: .zero,
            timeout: timeout,
            overload: overload,
            onUnknown: onUnknown
        )
    }

    /// Appends a batch of payloads that are collections of bytes of any kind: they are copied once.
    @discardableResult
    public func append(
        contentsOf payloads: some Collection<some Collection<UInt8>>,
        timeout: Duration? = nil,
        overload: Overload = .wait,
        onUnknown: OnUnknown = .report
    ) async throws(AppendError) -> ClosedRange<Slot> {
        try await append(
            contentsOf: payloads.map { [UInt8]($0) },
            timeout: timeout,
            overload: overload,
            onUnknown: onUnknown
        )
    }

    /// A point up to which everything acknowledged anywhere before this call is committed here.
    ///
    /// Returns a slot r: whatever any node had acknowledged when the call was made lies at or below r,
    /// and this node's log is committed through r. Writes nothing.
    ///
    /// ```swift
    /// let slot = try await node.barrier()
    /// try await node.wait(for: slot)                  // now `entries(in:)` has all of it
    /// ```
    ///
    /// To read one's own writes from a state that follows the log: call this, then wait until the
    /// subscriber that feeds the state has seen an event whose `Subscription.Event.through` is r or
    /// more. It always comes: where r holds nothing effective, as `progress`.
    ///
    /// - Parameter timeout: How long to wait; `Limits.appendTimeout` if not given.
    /// - Throws: `BarrierError`.
    public func barrier(timeout: Duration? = nil) async throws(BarrierError) -> Slot {
        let span = tracing.begin(.barrier)
        let ticket = Ticket()
        let deadline = deadline(after: timeout)
        let outcome = await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                inbox.submit(ticket, continuation: continuation, barrierBy: deadline)
            }
        } onCancel: {
            inbox.cancel(ticket)
        }
        switch outcome {
        case .barrier(let slot):
            span.end(at: slot)
            return slot
        case .never(let refusal): throw span.ended(by: BarrierError(refusal, ending))
        case .committed, .unknown, .trimmed, .cursor, .resolved, .leads:
            preconditionFailure("a barrier is never answered as another call")
        }
    }

    /// What the payloads of a batch hold in all, if it is within the limits.
    func checkedBytes(of payloads: [[UInt8]]) throws(AppendError) -> Int {
        let limits = configuration.limits
        guard !payloads.isEmpty else { throw .emptyBatch }
        var bytes = 0
        for payload in payloads {
            guard payload.count <= limits.maxPayloadBytes else {
                throw .payloadTooLarge(bytes: payload.count, limit: limits.maxPayloadBytes)
            }
            bytes += payload.count
        }
        guard payloads.count <= limits.maxBatchEntries, bytes <= limits.maxBatchBytes else {
            throw .batchTooLarge(
                entries: payloads.count,
                bytes: bytes,
                maxEntries: limits.maxBatchEntries,
                maxBytes: limits.maxBatchBytes
            )
        }
        return bytes
    }

    /// - Parameter at: The slot in which alone the first payload may stand; `zero` for any.
    @inline(__always)
    func append(
        _ payloads: Payloads,
        bytes: Int,
        at: Slot,
        timeout: Duration?,
        overload: Overload,
        onUnknown: OnUnknown
    ) async throws(AppendError) -> ClosedRange<Slot> {
        let settles = onUnknown == .settle
        let end = deadline(after: timeout)
        let half = settles ? (timeout ?? configuration.limits.appendTimeout) / 2 : nil
        do throws(AppendError) {
            let deadline = half.map { self.deadline(after: $0) } ?? end
            return try await append(
                payloads,
                bytes: bytes,
                at: at,
                by: deadline,
                overload: overload
            )
        } catch {
            guard settles else { throw error }
            return try await settle(error, by: end)
        }
    }

    @inline(__always)
    private func append(
        _ payloads: Payloads,
        bytes: Int,
        at: Slot,
        by deadline: Tick,
        overload: Overload
    ) async throws(AppendError) -> ClosedRange<Slot> {
        let span = tracing.begin(.append)
        let ticket = Ticket()
        let begin = appendDuration == nil ? nil : MonotonicClock.now()
        let outcome = await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                inbox.submit(
                    ticket,
                    bytes: bytes,
                    waits: overload == .wait,
                    continuation: continuation
                ) {
                    AppendRequest(
                        waiter: $0,
                        payloads: payloads,
                        bytes: bytes,
                        at: at,
                        deadline: deadline
                    )
                }
            }
        } onCancel: {
            inbox.cancel(ticket)
        }
        switch outcome {
        case .committed(let first, let count):
            if let begin, let appendDuration { appendDuration.record(since: begin) }
            span.end(at: first)
            return first...first.advanced(by: count - 1)
        case .never(.overloaded): throw span.ended(by: AppendError.overloaded)
        case .never(let refusal):
            throw span.ended(by: AppendError.never(AppendError.Reason(refusal, ending)))
        case .unknown(let token, let refusal):
            let error = AppendError.unknown(token, AppendError.Reason(refusal, ending))
            throw span.ended(by: error)
        case .barrier, .trimmed, .cursor, .resolved, .leads:
            preconditionFailure("an append is never answered as another call")
        }
    }

    func deadline(after timeout: Duration?) -> Tick {
        clock.deadline(after: timeout ?? configuration.limits.appendTimeout)
    }
}

extension CoreMetrics.Timer {
    fileprivate func record(since begin: MonotonicInstant) {
        recordNanoseconds(begin.duration(to: MonotonicClock.now()).wholeNanoseconds)
    }
}
