internal import LMDB
internal import LogWire
internal import PaxosCore

/// What a transaction is about to follow, checked before LMDB does: rot under a running node would be
/// a segmentation fault in its cursors, or a list of free pages that names pages in use.
///
/// The cost is counted in pages of the cache, each read by one `pread` of 4 KiB: the meta pages, the table of
/// tables, the root of the small values, the path to the last row (two to four), that to the last slot
/// without effect, and the beginning of the list of free pages: about nine, some fifteen microseconds. A row
/// that is written once more costs the leaves that hold it. Those ways that every transaction takes are
/// looked at once in fifty milliseconds (LogWriter.swift).
extension PageTree {
    /// So many rows of the list of free pages, and so many bytes of it, are looked at: what transactions of
    /// moderate size use up until the next look.
    private static let freeRows = 128
    private static let freeBytes = 64 << 10

    /// The highest keys of the tables, as the writer knows them; zero of an empty one.
    struct Ends {
        let accepted: UInt64
        let ineffective: UInt64
    }

    /// Checks the ways to the ends of the tables, where rows are appended, to those that are put elsewhere, to
    /// those that are deleted and the pages behind them, to the small values, and to free pages, of which
    /// none may be one that was met on these ways, or before by this tree.
    func checkWays(
        to slots: [ClosedRange<Slot>],
        ineffective: ClosedRange<Slot>?,
        deletes: Bool = false,
        ends: Ends
    ) throws(Damage) {
        try checkTables(slots, ineffective, deletes, ends)
        try checkFreePages(rows: Self.freeRows, bytes: Self.freeBytes)
    }

    /// Checks what the deletion of rows up to a slot, each of which was read, takes beside the usual ways: the pages
    /// behind them, and of the slots without effect those that go along.
    func checkWays(behind slot: Slot, ineffective: ClosedRange<Slot>) throws(Damage) {
        func record(_ name: String) throws(Damage) -> TableRecord {
            guard let record = try table(name) else {
                throw Damage(
                    page: state.transaction % 2,
                    what: "the way to a table that is missing"
                )
            }
            try check(record, flags: TableRecord.integerKeys)
            return record
        }
        try checkPages(
            of: record(Schema.accepted),
            order: .number,
            keys: (slot...slot).keys,
            withNext: true
        )
        try checkPages(
            of: record(Schema.ineffective),
            order: .number,
            keys: ineffective.keys,
            withNext: true
        )
    }

    private func checkTables(
        _ slots: [ClosedRange<Slot>],
        _ ineffective: ClosedRange<Slot>?,
        _ deletes: Bool,
        _ ends: Ends
    ) throws(Damage) {
        func checkSlots(of record: TableRecord, _ slots: ClosedRange<Slot>) throws(Damage) {
            try checkPages(of: record, order: .number, keys: slots.keys, withNext: deletes)
        }
        try checkKinds()
        var found = 0
        for (name, record) in try tables() {
            found += 1
            switch name {
            case Array(Schema.state.utf8):
                try check(record, flags: 0)
                try checkPages(of: record, order: .bytes, keys: nil)
            case Array(Schema.accepted.utf8):
                try check(record, flags: TableRecord.integerKeys)
                for slots in slots { try checkSlots(of: record, slots) }
                try checkEnd(of: record, at: ends.accepted)
            case Array(Schema.ineffective.utf8):
                try check(record, flags: TableRecord.integerKeys)
                if let ineffective { try checkSlots(of: record, ineffective) }
                try checkEnd(of: record, at: ends.ineffective)
            default:
                found -= 1
            }
        }
        // A transaction would put a table of its own in the place of one whose name has changed, and end the process.
        guard found == 3 else {
            throw Damage(page: state.transaction % 2, what: "the way to a table that is missing")
        }
    }
}

extension [ClosedRange<Slot>] {
    /// What lies at or below a slot: the rest is appended behind it. Ranges that adjoin are one, so that
    /// each page on the way is looked at once.
    func below(_ highest: Slot) -> [ClosedRange<Slot>] {
        var found: [ClosedRange<Slot>] = []
        for slots in self where slots.lowerBound <= highest {
            let last = Swift.min(slots.upperBound, highest)
            if let before = found.last, slots.lowerBound >= before.lowerBound,
                slots.lowerBound <= before.upperBound.next
            {
                found[found.count - 1] = before.lowerBound...Swift.max(before.upperBound, last)
            } else {
                found.append(slots.lowerBound...last)
            }
        }
        return found
    }
}

extension ClosedRange<Slot> {
    fileprivate var keys: ClosedRange<PageTree.Key> {
        .number(lowerBound.rawValue) ... .number(upperBound.rawValue)
    }
}
