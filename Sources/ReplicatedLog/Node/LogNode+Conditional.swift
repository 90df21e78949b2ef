public import PaxosCore

// Appends that ask for one slot: optimistic writers need nothing else.

extension LogNode {
    /// Appends one payload in this slot or not at all.
    ///
    /// ```swift
    /// do throws(AppendError) {
    ///     try await node.append("reserve seat 7".utf8, at: seen.next)
    /// } catch {
    ///     guard case .never(.slotTaken) = error else { throw error }
    ///     // Somebody else was first: read on from `seen`, decide anew, try again
    /// }
    /// ```
    ///
    /// Who has read the log up to a slot, and decided by what stands there, appends for the next one: it has effect only
    /// if nothing came in between, whichever members others append at. Of several that ask for one slot one gets it at
    /// most, and each of the others is told `never(.slotTaken)`: at once if the append was sent nowhere yet, else when
    /// this node has delivered the slot with something else, since a later leader may still find it. No slot is used up by
    /// those that lose, but by a batch that a change of leaders has torn. The condition is kept in the log, and holds wherever it is read.
    ///
    /// Every entry takes a slot: also those of others' batches, the no-ops of a new leader, and what has no effect. So
    /// a subscriber goes by `Subscription.Event.through` and not by the entries alone.
    ///
    /// A slot beyond the next one is refused at once by the leader; another member sends the append to the leader and
    /// waits until that slot is committed, up to its timeout.
    ///
    /// - Parameters:
    ///   - payload: As for `append(_:timeout:overload:onUnknown:)`.
    ///   - slot: The one in which it is to stand.
    ///   - timeout: As for `append(_:timeout:overload:onUnknown:)`.
    ///   - overload: As for `append(_:timeout:overload:onUnknown:)`.
    ///   - onUnknown: As for `append(_:timeout:overload:onUnknown:)`.
    /// - Throws: `AppendError`; `never(.slotTaken)` if the slot is another's.
    @discardableResult
    public func append(
        _ payload: some Collection<UInt8>,
        at slot: Slot,
        timeout: Duration? = nil,
        overload: Overload = .wait,
        onUnknown: OnUnknown = .report
    ) async throws(AppendError) -> Slot {
        let bytes = [UInt8](payload)
        let limit = configuration.limits.maxPayloadBytes
        guard bytes.count <= limit else {
            throw .payloadTooLarge(bytes: bytes.count, limit: limit)
        }
        return try await append(
            .one(bytes),
            bytes: bytes.count,
            at: try checked(slot),
            timeout: timeout,
            overload: overload,
            onUnknown: onUnknown
        ).lowerBound
    }

    /// Appends a batch whose first payload stands in this slot, and the others in those behind it, or not at all.
    ///
    /// - Parameters:
    ///   - payloads: As for `append(contentsOf:timeout:overload:onUnknown:)`.
    ///   - slot: The one in which the first is to stand.
    ///   - timeout: As for `append(_:at:timeout:overload:onUnknown:)`.
    ///   - overload: As for `append(_:at:timeout:overload:onUnknown:)`.
    ///   - onUnknown: As for `append(_:at:timeout:overload:onUnknown:)`.
    /// - Throws: `AppendError`, for the batch as a whole; `never(.slotTaken)` if one of its slots is another's.
    @discardableResult
    public func append(
        contentsOf payloads: some Collection<some Collection<UInt8>>,
        at slot: Slot,
        timeout: Duration? = nil,
        overload: Overload = .wait,
        onUnknown: OnUnknown = .report
    ) async throws(AppendError) -> ClosedRange<Slot> {
        let batch = payloads.map { [UInt8]($0) }
        return try await append(
            .batch(batch),
            bytes: try checkedBytes(of: batch),
            at: try checked(slot),
            timeout: timeout,
            overload: overload,
            onUnknown: onUnknown
        )
    }

    /// Appends one payload if the log still ends with this slot: in the one behind it, or not at all.
    ///
    /// - Parameters:
    ///   - payload: As for `append(_:timeout:overload:onUnknown:)`.
    ///   - tail: The last slot that the caller knows of; `Slot.zero` for an empty log.
    ///   - timeout: As for `append(_:at:timeout:overload:onUnknown:)`.
    ///   - overload: As for `append(_:at:timeout:overload:onUnknown:)`.
    ///   - onUnknown: As for `append(_:at:timeout:overload:onUnknown:)`.
    /// - Throws: `AppendError`; `never(.slotTaken)` if the log goes on, or does not come so far.
    @discardableResult
    public func append(
        _ payload: some Collection<UInt8>,
        ifTail tail: Slot,
        timeout: Duration? = nil,
        overload: Overload = .wait,
        onUnknown: OnUnknown = .report
    ) async throws(AppendError) -> Slot {
        try await append(
            payload,
            at: try behind(tail),
            timeout: timeout,
            overload: overload,
            onUnknown: onUnknown
        )
    }

    /// Appends a batch if the log still ends with this slot: in those behind it, or not at all.
    ///
    /// - Parameters:
    ///   - payloads: As for `append(contentsOf:timeout:overload:onUnknown:)`.
    ///   - tail: The last slot that the caller knows of; `Slot.zero` for an empty log.
    ///   - timeout: As for `append(_:at:timeout:overload:onUnknown:)`.
    ///   - overload: As for `append(_:at:timeout:overload:onUnknown:)`.
    ///   - onUnknown: As for `append(_:at:timeout:overload:onUnknown:)`.
    /// - Throws: `AppendError`, for the batch as a whole; `never(.slotTaken)` if the log goes on, or does not come so far.
    @discardableResult
    public func append(
        contentsOf payloads: some Collection<some Collection<UInt8>>,
        ifTail tail: Slot,
        timeout: Duration? = nil,
        overload: Overload = .wait,
        onUnknown: OnUnknown = .report
    ) async throws(AppendError) -> ClosedRange<Slot> {
        try await append(
            contentsOf: payloads,
            at: try behind(tail),
            timeout: timeout,
            overload: overload,
            onUnknown: onUnknown
        )
    }

    private func checked(_ slot: Slot) throws(AppendError) -> Slot {
        guard slot > .zero, slot < .limit else { throw .noSuchSlot(slot) }
        return slot
    }

    private func behind(_ tail: Slot) throws(AppendError) -> Slot {
        guard tail < .limit else { throw .noSuchSlot(tail) }
        return tail.next
    }
}
