internal import LMDB
internal import LogWire
internal import PaxosCore

/// A base in the place of rows: one transaction says that the log begins behind it, whatever stands below. Those rows
/// are read by nobody from then on, and deleted a bounded part at a time, so that no transaction grows with what the
/// node had.
extension LogWriter {
    /// What is deleted of the rows at and below the trim point with one transaction.
    struct Sweep {
        let slots: ClosedRange<Slot>
        let rows: Int
        let bytes: Int
        /// The first that is left of them; nil if none is.
        let rest: Slot?

        /// As of a trim.
        func need(pageSize: Int) -> Int { 2 * bytes + 16 * pageSize }
    }

    /// At most so many rows go with one transaction.
    private static let sweptRows = 4_096

    /// What goes with the next transaction of the rows below the trim point. Not what was written: of each only its
    /// place is looked at.
    mutating func planSweep(bytes most: Int = trimBytesWithoutRoom) -> Sweep? {
        guard let first = leftFrom else { return nil }
        var through: Slot?
        var lowest: Slot?
        var rest: Slot?
        var (rows, bytes) = (0, 0)
        let trimmed = trimmed
        do throws(PageTree.Damage) {
            let tree = PageTree(file: file, state: try file.newest(isAtRest: true))
            guard let table = try tree.table(Schema.accepted) else { return nil }
            try tree.walk(table, order: .number, from: .number(first.rawValue)) { key, value in
                guard case .number(let number) = key, number <= trimmed.rawValue else {
                    return false
                }
                let slot = Slot(rawValue: number)
                guard rows < Self.sweptRows, bytes < most else {
                    rest = slot
                    return false
                }
                lowest = lowest ?? slot
                through = slot
                rows += 1
                bytes += value.count
                return true
            }
        } catch {
            // They stay: nobody reads them, and what cannot be followed is not written.
            return nil
        }
        guard let lowest, let through else {
            leftFrom = nil
            return nil
        }
        return Sweep(slots: lowest...through, rows: rows, bytes: bytes, rest: rest)
    }

    /// How many rows are left at and below the trim point when the transaction is through; before any is put. An opening
    /// counts by it: what is missing beyond must not pass for one of them (`R35`).
    func left<Access>(
        behind rows: WriteRows,
        _ trim: Trim?,
        _ sweep: Sweep?,
        _ txn: borrowing Transaction<Access>
    ) throws(LMDBError) -> UInt64 {
        if let base = rows.base {
            let counted = try txn.count(in: tables.accepted)
            let kept = present.count(after: base.slot)
            guard counted >= kept else { throw .corrupted }
            return UInt64(counted - kept)
        }
        var left = leftRows
        if let sweep {
            guard left >= UInt64(sweep.rows) else { throw .corrupted }
            left -= UInt64(sweep.rows)
        }
        // Where some are left, a trim deletes none.
        if let trim, leftFrom != nil { left += UInt64(trim.through.count(after: trimmed)) }
        return left
    }

    func delete(
        _ sweep: Sweep,
        _ last: IneffectiveEnd,
        _ txn: inout WriteTransaction
    ) throws(LMDBError) {
        let end = sweep.slots.upperBound.next
        let deleted = try txn.deleteRange(in: tables.accepted, below: end.rawValue)
        guard deleted == sweep.rows else { throw .corrupted }
        _ = try txn.deleteRange(
            in: tables.ineffective,
            below: min(end.rawValue, last.slot.rawValue)
        )
    }

    /// What of a group that has a base is written: no rows at or below it, nor what was to be trimmed before.
    static func rows(of batch: WriteRows) -> WriteRows {
        var rows = batch
        guard let base = batch.base else { return rows }
        rows.trimmed = nil
        rows.accepted = batch.accepted.compactMap { accepted in
            accepted.run.dropping(through: base.slot).map {
                AcceptedRun(ballot: accepted.ballot, run: $0, isChosen: accepted.isChosen)
            }
        }
        return rows
    }

    /// The invariants of a base; kept in release (`R66`).
    func check(_ base: Base, in rows: WriteRows, watermark: Slot, promise: Ballot) {
        precondition(base.slot > trimmed && base.slot > committed, "a base is ahead (R44)")
        precondition(promise >= base.ballot, "what was chosen is promised (R43)")
        precondition(
            watermark >= base.slot && rows.checkpoint?.slot ?? .zero >= base.slot,
            "one transaction raises them all (R78)"
        )
    }
}
