internal import LogStorage
internal import Logging
internal import PaxosCore

extension LogNode {
    /// In which direction a range is read.
    public enum ReadOrder: Hashable, Sendable {
        /// From its first slot on.
        case ascending
        /// From its last slot down.
        case descending
    }

    /// Waits until this node has delivered a slot, and with it every slot before.
    ///
    /// ```swift
    /// let slot = try await leader.append("paid 17".utf8)
    /// try await follower.wait(for: slot)
    /// ```
    ///
    /// Returns once `entries(in:order:maxBytes:)` and subscriptions have it; at once if they have. A slot
    /// beyond the end of the log is waited for as long as it takes; a call before `run()` waits for that too.
    /// To wait no longer, cancel the task.
    ///
    /// - Throws: `WaitError`.
    public func wait(for slot: Slot) async throws(WaitError) {
        while slot > tail.delivered {
            if let end = tail.end { throw WaitError(end, ending) }
            if Task.isCancelled { throw .cancelled }
            await tail.wait(for: slot)
        }
    }

    /// A bounded read of the committed prefix.
    ///
    /// Returns the effective commands of `slots` that are delivered on this node, up to about `maxBytes` of
    /// payload and one entry at least, in slot order or against it; `LogPage.through` says how far the page
    /// reaches. What was known as committed when the node was opened is waited for, and with it `run()`;
    /// cancelling the task ends that wait. A range beyond the end of the log gives an empty page at once
    /// (`wait(for:)` waits). To see all that was acknowledged before, call `barrier()` first.
    ///
    /// ```swift
    /// var next = end                                  // the newest first
    /// while next >= 1 {
    ///     let page = try await node.entries(in: 1...next, order: .descending)
    ///     for entry in page.entries { print(entry.slot) }
    ///     next = page.through.previous
    /// }
    /// ```
    ///
    /// - Parameters:
    ///   - slots: What is asked for; its part below slot 1 does not exist.
    ///   - order: Against the order of the log a page is read in some pieces, and may be half as large.
    ///   - maxBytes: At most `Limits.pageBytes`, which is what is meant if it is not given.
    /// - Throws: `ReadError`.
    public func entries(
        in slots: ClosedRange<Slot>,
        order: ReadOrder = .ascending,
        maxBytes: Int? = nil
    ) async throws(ReadError) -> LogPage {
        let found = try await traced(slots, order, maxBytes: maxBytes)
        return LogPage(
            entries: found.payloads.map { LogPage.Entry(slot: $0.slot, payload: $0.payload) },
            through: found.through
        )
    }

    /// As `entries(in:order:maxBytes:)`, and lends the payloads to a closure, without a copy.
    ///
    /// A page of the file is read as it is, by the node's reader thread; the closure is called with each effective
    /// command where it lies in that, in the order that is asked for, on the calling task. So a page costs no
    /// allocation for an entry, nor a copy of it. The span is valid in the call only: what must outlive it is
    /// copied there. Held meanwhile is what the page takes, and what lies beside it in the pages of the file.
    ///
    /// ```swift
    /// try await node.wait(for: end)                    // what is not delivered here is not read either
    /// var bytes = 0
    /// var next: Slot = 1
    /// while next <= end {
    ///     next = try await node.withEntries(in: next...end) { _, payload in
    ///         bytes += payload.byteCount
    ///         return true                              // go on
    ///     }.next
    /// }
    /// ```
    ///
    /// - Parameters:
    ///   - slots: What is asked for; its part below slot 1 does not exist.
    ///   - order: Against the order of the log a page is read in some pieces, and may be half as large.
    ///   - maxBytes: At most `Limits.pageBytes`, which is what is meant if it is not given.
    ///   - body: Takes the slot and the bytes that were appended. False: no more, and the slot is the last that is
    ///     accounted for. What goes wrong there it keeps, and answers false.
    /// - Returns: How far the page reaches, as `LogPage.through`: every slot of the request up to here is accounted
    ///   for, or from here up against the order of the log.
    /// - Throws: `ReadError`. Nothing was lent then.
    @discardableResult
    public func withEntries(
        in slots: ClosedRange<Slot>,
        order: ReadOrder = .ascending,
        maxBytes: Int? = nil,
        _ body: (Slot, RawSpan) -> Bool
    ) async throws(ReadError) -> Slot {
        let found = try await traced(slots, order, maxBytes: maxBytes)
        for payload in found.payloads {
            guard payload.withBytes({ body(payload.slot, $0) }) else { return payload.slot }
        }
        return found.through
    }

    /// A part of the committed prefix, as it was read.
    private typealias HeldPage = (payloads: [HeldPayload], through: Slot)

    private func traced(
        _ slots: ClosedRange<Slot>,
        _ order: ReadOrder,
        maxBytes: Int?
    ) async throws(ReadError) -> HeldPage {
        let span = tracing.begin(.read)
        do throws(ReadError) {
            let found = try await page(of: slots, order, maxBytes: maxBytes)
            span.end(at: found.through)
            return found
        } catch {
            throw span.ended(by: error)
        }
    }

    private func page(
        of slots: ClosedRange<Slot>,
        _ order: ReadOrder,
        maxBytes: Int?
    ) async throws(ReadError) -> HeldPage {
        let first = max(slots.lowerBound, .first)
        let trimmed = tail.trimmed
        guard order == .ascending ? first > trimmed : max(slots.upperBound, .first) > trimmed else {
            throw .trimmed(through: tail.gone)
        }
        let known = min(slots.upperBound, tail.recovered)
        while tail.delivered < known, tail.end == nil, !Task.isCancelled {
            await tail.wait(for: known)
        }
        if let end = tail.end { throw ReadError(end, ending) }
        let last = min(slots.upperBound, tail.delivered)
        let most = configuration.limits.pageBytes
        let bytes = max(1, min(maxBytes ?? most, most))
        switch order {
        case .ascending:
            // Nothing of the request is accounted for, and nothing before it was asked for.
            guard first <= last else { return ([], first.previous) }
            return try await readPayloads(first...last, maxBytes: bytes)
        case .descending:
            // Cancelled before the end of the range was there: nothing is accounted for.
            guard tail.delivered >= known else {
                return ([], min(slots.upperBound, .limit).next)
            }
            let first = max(first, trimmed.next)
            guard first <= last else { return ([], first) }
            return try await readBack(first...last, maxBytes: bytes)
        }
    }

    /// So many slots are tried first, backward.
    private static let firstPiece = 16

    /// Reads the end of a range, the newest entry first.
    ///
    /// The store reads forward from a slot and stops at a number of bytes. So a piece is taken from before
    /// what is there, twice as long as the one before; one that was cut before it reached it is of no
    /// use, and ends the page, or is tried again shorter where there is none yet.
    private func readBack(
        _ slots: ClosedRange<Slot>,
        maxBytes: Int
    ) async throws(ReadError) -> HeldPage {
        var found: [HeldPayload] = []
        var through = slots.upperBound.next
        var left = maxBytes
        var lowest = slots.lowerBound
        var length = Self.firstPiece
        while through > lowest, left > 0 {
            let last = through.previous
            let count = min(length, last.count(after: lowest.previous))
            let first = Slot(rawValue: through.rawValue - UInt64(count))
            var page: HeldPage?
            do throws(ReadError) {
                page = try await readPayloads(first...last, maxBytes: left)
            } catch {
                // Trimmed since the request was looked at.
                if case .trimmed(let gone) = error, gone < last {
                    lowest = gone.next
                    continue
                }
                if case .trimmed = error, through <= slots.upperBound { break }
                // Of what lies behind the slot that cannot be read nothing is known yet.
                guard case .unreadable = error, count > 1 || through <= slots.upperBound else {
                    throw error
                }
            }
            if let page, page.through == last {
                found += page.payloads.reversed()
                through = first
                left -= page.payloads.reduce(Delivered.leastBytes * count) { $0 + $1.count }
                length *= 2
            } else if through <= slots.upperBound {
                break
            } else {
                length = count / 2
            }
        }
        return (found, through)
    }

    /// The effective commands of a range of delivered slots, in slot order, where they lie.
    private func readPayloads(
        _ slots: ClosedRange<Slot>,
        maxBytes: Int
    ) async throws(ReadError) -> HeldPage {
        let ineffective = tail.ineffective(in: slots)
        let result = await withUnsafeContinuation { continuation in
            store.readPayloads(slots, maxBytes: maxBytes) { result in
                continuation.resume(returning: result)
            }
        }
        let page = try found(result)
        let hidden = Set(page.ineffective + ineffective)
        guard !hidden.isEmpty else { return (page.payloads, page.through) }
        return (page.payloads.filter { !hidden.contains($0.slot) }, page.through)
    }

    private func found<Page>(_ result: Result<Page, ReadFailure>) throws(ReadError) -> Page {
        switch result {
        case .success(let page): return page
        case .failure(let failure):
            if case .unreadable(let slot) = failure { logUnreadable(slot) }
            throw ReadError(failure)
        }
    }

    /// At the first such read, the second, the fourth and so on: callers may try for ever.
    private func logUnreadable(_ slot: Slot) {
        let reads = store.counters.unreadableReads
        guard reads.nonzeroBitCount == 1 else { return }
        lines.add(
            .error,
            "a committed row is missing or not what was written: replace the node",
            ["slot": "\(slot)", "reads": "\(reads)"]
        )
    }

    /// The effective commands of a range of delivered slots, in slot order.
    func readPage(
        _ slots: ClosedRange<Slot>,
        maxBytes: Int
    ) async throws(ReadError) -> (entries: [Delivered], through: Slot) {
        let ineffective = tail.ineffective(in: slots)
        let result = await withUnsafeContinuation { continuation in
            store.read(slots, maxBytes: maxBytes) { result in
                continuation.resume(returning: result)
            }
        }
        let page = try found(result)
        let hidden = Set(page.ineffective + ineffective)
        let entries = page.rows.compactMap { row -> Delivered? in
            guard case .command(let command) = row.entry, !hidden.contains(row.slot) else {
                return nil
            }
            return Delivered(slot: row.slot, command: command)
        }
        return (entries, page.through)
    }
}

/// A part of the committed prefix.
public struct LogPage: Hashable, Sendable {
    /// An effective command.
    public struct Entry: Hashable, Sendable {
        /// Its place in the log.
        public let slot: Slot
        /// The bytes that were appended.
        public let payload: [UInt8]

        package init(slot: Slot, payload: [UInt8]) {
            self.slot = slot
            self.payload = payload
        }
    }

    /// The effective commands, in the order that was asked for.
    public let entries: [Entry]
    /// Every slot of the request up to here is accounted for, or from here up if it was read in descending
    /// order; the next page begins behind it. It never lies further than one slot outside the request: of
    /// a range beyond the end of the log it is the slot before its first, or, descending, its first.
    public let through: Slot
}
