internal import LMDB
internal import LogWire
package import PaxosCore

extension DirectoryReader {
    /// The highest slot with a row, or `zero`; also if the way to it is damaged.
    package func lastSlot() -> Slot {
        guard let table = try? tree.table(Schema.accepted),
            let key = try? tree.highestKey(of: table)
        else { return .zero }
        return Slot(rawValue: key)
    }

    /// Calls `body` with each row of the range in slot order, until it answers false. A page that is
    /// damaged is told to `damaged`, in words, and the rows behind it are left out. What a base has left behind at
    /// or below the trim point is no row any more.
    package func scanRows(
        in slots: ClosedRange<Slot> = .first ... .limit,
        damaged: (String) -> Void = { _ in },
        _ body: (StoredRow) -> Bool
    ) throws(LogOpenError) {
        let coding = RowCoding(cluster: identity.cluster)
        let trimmed = (try? state())?.trimmed ?? .zero
        try scan(Schema.accepted, in: slots, damaged: damaged) { slot, value in
            guard slot > trimmed else { return true }
            let row = coding.decode(value, slot: slot)
            return body(row.map { .row($0, bytes: value.count) } ?? .unreadable(slot))
        }
    }

    /// How many rows are left at and below the trim point: what a base has left behind and is not deleted yet.
    package func leftBehind(_ trimmed: Slot) throws(LogOpenError) -> Int {
        var rows = 0
        guard trimmed > .zero else { return rows }
        try scan(Schema.accepted, in: .first...trimmed, damaged: { _ in }) { _, _ in
            rows += 1
            return true
        }
        return rows
    }

    /// The slots of the table of those without effect: above the trim point, and the last below it.
    package func scanIneffective(
        trimmed: Slot = .zero,
        damaged: (String) -> Void
    ) throws(LogOpenError) -> [Slot] {
        let coding = IneffectiveCoding(cluster: identity.cluster)
        var found: [Slot] = []
        var last: IneffectiveEnd?
        try scan(Schema.ineffective, in: .zero ... .limit, damaged: damaged) { slot, row in
            guard let end = coding.end(before: row, of: slot) else {
                damaged("the row of slot \(slot) is not what was written")
                return true
            }
            // Those before the first were trimmed.
            let expected = last ?? (end.slot <= trimmed ? end : IneffectiveEnd())
            if end != expected { damaged("a row before slot \(slot) is missing") }
            last = IneffectiveEnd(slot: slot, count: end.count &+ 1)
            found.append(slot)
            return true
        }
        return found
    }

    private func scan(
        _ name: String,
        in slots: ClosedRange<Slot>,
        damaged: (String) -> Void,
        _ body: (Slot, UnsafeRawBufferPointer) -> Bool
    ) throws(LogOpenError) {
        let record: TableRecord?
        do throws(PageTree.Damage) {
            record = try tree.table(name)
        } catch {
            throw LogOpenError(error, path: Schema.dataPath(in: path))
        }
        guard let record else { return damaged("the table \(name) is missing") }
        var isNoticed = false
        var isWhole = slots.lowerBound <= .first
        var rows: UInt64 = 0
        tree.walk(
            record,
            order: .number,
            from: .number(slots.lowerBound.rawValue),
            damaged: {
                damaged($0.description)
                isNoticed = true
                return true
            }
        ) { key, value in
            guard case .number(let number) = key else { return false }
            rows += 1
            guard number <= Slot.limit.rawValue else {
                damaged("the table \(name): a key beyond any slot")
                isNoticed = true
                return true
            }
            let goesOn =
                number <= slots.upperBound.rawValue && body(Slot(rawValue: number), value)
            if !goesOn { isWhole = false }
            return goesOn
        }
        // A leaf that has lost its last write is as sound as it was before.
        if isWhole, !isNoticed, rows != record.rows {
            damaged("the table \(name) counts \(record.rows) rows and holds \(rows)")
        }
    }
}
