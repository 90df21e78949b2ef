/// Judges a history: nothing acknowledged is lost, nothing is effective twice, `never` is never
/// delivered, nor what was said of a token untrue, who asked for a slot has that one or none, batches are whole, all logs agree, order respects real time, and barriers saw everything
/// that was acknowledged before them.
package struct HistoryCheck: Sendable {
    package private(set) var violations: [HistoryViolation] = []
    /// How many single statements were checked.
    package private(set) var checks = 0

    private let history: History
    private let reference: [History.Entry]
    /// Where each payload stands in the reference.
    private let places: [String: [UInt64]]

    package init(_ history: History) {
        self.history = history
        reference = history.logs.first?.entries ?? []
        places = Dictionary(grouping: reference, by: \.payload).mapValues { $0.map(\.slot) }
        checkLogs()
        checkOrigins()
        for append in history.appends { check(append) }
        for resolution in history.resolutions { check(resolution) }
        let acknowledged = AcknowledgedSlots(history.appends)
        for append in history.appends { checkOrder(append, acknowledged) }
        for barrier in history.barriers { check(barrier, acknowledged) }
    }

    private mutating func expect(
        _ isSo: Bool,
        _ kind: HistoryViolation.Kind,
        _ text: @autoclosure () -> String
    ) {
        checks += 1
        if !isSo { violations.append(HistoryViolation(kind, text())) }
    }

    // MARK: - Logs

    private mutating func checkLogs() {
        guard let first = history.logs.first else { return }
        for (earlier, later) in zip(reference, reference.dropFirst()) {
            expect(
                earlier.slot < later.slot,
                .divergent,
                "\(first.name) has slot \(later.slot) after slot \(earlier.slot)"
            )
        }
        for log in history.logs.dropFirst() { compare(log, first.name) }
    }

    /// The first difference tells; what follows is but its echo.
    private mutating func compare(_ log: History.Log, _ name: String) {
        let reference = reference
        checks += log.entries.count
        let common = zip(log.entries, reference).first { $0 != $1 }
        if let (entry, other) = common {
            let is_ = "slot \(entry.slot) \(entry.payload.prefix(40))"
            let was = "slot \(other.slot) \(other.payload.prefix(40))"
            return expect(false, .divergent, "\(log.name) has \(is_) where \(name) has \(was)")
        }
        expect(
            log.entries.count <= reference.count,
            .divergent,
            "\(log.name) goes on after the end of \(name)"
        )
        expect(
            !log.isWhole || log.entries.count >= reference.count,
            .divergent,
            "\(log.name) ends after \(log.entries.count) of \(reference.count) entries"
        )
    }

    private mutating func checkOrigins() {
        var asked: Set<String> = []
        for append in history.appends { asked.formUnion(append.payloads) }
        for (payload, slots) in places.sorted(by: { $0.value[0] < $1.value[0] }) {
            let text = payload.prefix(40)
            expect(asked.contains(payload), .unasked, "\(text) at slot \(slots[0])")
            expect(slots.count == 1, .repeated, "\(text) at slots \(slots)")
        }
    }

    // MARK: - Appends

    private mutating func check(_ append: History.Append) {
        let found = append.payloads.map { places[$0]?.first }
        let text = append.payloads[0].prefix(40)
        switch append.outcome {
        case .committed(let slots):
            expect(
                slots.count == append.payloads.count,
                .misplaced,
                "\(text) and the rest of its batch were acknowledged at slots \(slots)"
            )
            for ((payload, place), slot) in zip(zip(append.payloads, found), slots) {
                let text = payload.prefix(40)
                guard let place else {
                    expect(false, .lost, "\(text), acknowledged at slot \(slot)")
                    continue
                }
                expect(
                    place == slot,
                    .misplaced,
                    "\(text) was acknowledged at slot \(slot) and is at slot \(place)"
                )
            }
        case .never:
            for case (let payload, let slot?) in zip(append.payloads, found) {
                expect(false, .neverDelivered, "\(payload.prefix(40)) at slot \(slot)")
            }
            checks += 1
        case .unknown:
            let slots = found.compactMap { $0 }
            expect(
                slots.isEmpty || slots.count == append.payloads.count,
                .torn,
                "of the batch of \(text) slots \(slots) are there"
            )
        }
        let slots = found.compactMap { $0 }
        if let expected = append.expected, let slot = slots.first {
            expect(
                slot == expected,
                .misplaced,
                "\(text) asked for slot \(expected) and is at slot \(slot)"
            )
        }
        for (slot, next) in zip(slots, slots.dropFirst()) {
            expect(
                next == slot + 1,
                .torn,
                "slot \(next) comes after slot \(slot) in the batch of \(text)"
            )
        }
    }

    /// What is said of a token binds as an answer to the append itself does, whoever says it and when.
    private mutating func check(_ resolution: History.Resolution) {
        var append = history.appends[resolution.append]
        if let outcome = resolution.outcome {
            append.outcome = outcome
            check(append)
        } else {
            let text = append.payloads[0]
            expect(places[text] != nil, .lost, "\(text.prefix(40)), said to have had its effect")
        }
    }

    private mutating func checkOrder(_ append: History.Append, _ slots: AcknowledgedSlots) {
        guard let place = append.payloads.first.flatMap({ places[$0]?.first }),
            let last = slots.last(before: append.begun)
        else { return }
        expect(
            place > last,
            .order,
            "\(append.payloads[0].prefix(40)) is at slot \(place), and slot \(last) was acknowledged "
                + "before it began"
        )
    }

    private mutating func check(_ barrier: History.Barrier, _ slots: AcknowledgedSlots) {
        guard let last = slots.last(before: barrier.begun) else { return }
        expect(
            barrier.slot >= last,
            .staleBarrier,
            "slot \(barrier.slot), and slot \(last) was acknowledged before it began"
        )
    }
}

/// The last slot that was acknowledged before an instant.
private struct AcknowledgedSlots {
    /// By instants; the slot is the highest so far.
    private var steps: [(instant: UInt64, slot: UInt64)] = []

    init(_ appends: [History.Append]) {
        let ends: [(instant: UInt64, slot: UInt64)] = appends.compactMap { append in
            guard case .committed(let slots) = append.outcome, let ended = append.ended else {
                return nil
            }
            return (ended, slots.upperBound)
        }
        for end in ends.sorted(by: { $0.instant < $1.instant }) {
            steps.append((end.instant, max(end.slot, steps.last?.slot ?? 0)))
        }
    }

    func last(before instant: UInt64) -> UInt64? {
        var low = 0
        var high = steps.count
        while low < high {
            let middle = (low + high) / 2
            if steps[middle].instant < instant { low = middle + 1 } else { high = middle }
        }
        return low == 0 ? nil : steps[low - 1].slot
    }
}
