internal import LMDB
internal import LogWire
internal import PaxosCore

/// Forgetting the beginning of the log: rows are deleted by transactions that hold, as well, what they did.
extension LogWriter {
    /// What of a trim goes with one transaction.
    struct Trim {
        let through: Slot
        /// What the log did up to there, or up to the end of the batch there.
        let base: Base
        let baseBytes: Int
        /// Of the rows that are deleted.
        let bytes: Int
        /// The pages that were read for it, each of them checked.
        let reached: PagesReached

        init(through: Slot, base: Base, bytes: Int, reached: PagesReached = PagesReached()) {
            self.through = through
            self.base = base
            baseBytes = base.encoded().count
            self.bytes = bytes
            self.reached = reached
        }

        /// The most that the deletion can take: every leaf that held rows may be copied, and the pages that come
        /// free are listed.
        func need(pageSize: Int) -> Int {
            2 * bytes + 2 * baseBytes + 16 * pageSize
        }
    }

    /// At most so many bytes of rows go with one transaction, or one row that is larger.
    static let trimBytes = 8 << 20
    /// And with one of a full store: it needs pages first.
    static let trimBytesWithoutRoom = 64 << 10

    /// Reads what is to be deleted, as far as goes with one transaction, and makes the base of it. What it is
    /// made of is checked as every reader checks it; nil if a row is not what was written: what that did would
    /// be forgotten (`R43`), so nothing is.
    func planTrim(through asked: Slot?, bytes most: Int = trimBytes) -> Trim? {
        guard let asked, asked > trimmed else { return nil }
        var replay = BaseReplay(from: base)
        var through = trimmed
        var bytes = 0
        var isWhole = false
        let reached = PagesReached()
        do throws(PageTree.Damage) {
            var tree = PageTree(file: file, state: try file.newest(isAtRest: true))
            tree.reached = reached
            guard let table = try tree.table(Schema.accepted) else { return nil }
            var next = trimmed.next
            let coding = rowCoding
            try tree.walk(table, order: .number, from: .number(next.rawValue)) { key, value in
                guard case .number(let number) = key, number == next.rawValue,
                    let row = coding.decode(value, slot: next)
                else { return false }
                next = next.next
                if !isWhole {
                    through = row.slot
                    bytes += value.count
                    isWhole = through == asked || bytes >= most
                }
                if row.slot == replay.next { replay.feed(row, towards: through) }
                return !isWhole || replay.decided < through
            }
        } catch {
            return nil
        }
        guard isWhole, replay.decided >= through else { return nil }
        return Trim(through: through, base: replay.base, bytes: bytes, reached: reached)
    }

    /// Deletes the rows, and what is known of their effect but for the last: from its number the next goes on.
    func delete(
        _ trim: Trim,
        _ last: IneffectiveEnd,
        _ txn: inout WriteTransaction
    ) throws(LMDBError) {
        let end = trim.through.next
        let deleted = try txn.deleteRange(in: tables.accepted, below: end.rawValue)
        // Each row of them was read: LMDB found others where it deletes.
        guard deleted == trim.through.count(after: trimmed) else { throw .corrupted }
        _ = try txn.deleteRange(
            in: tables.ineffective,
            below: min(end.rawValue, last.slot.rawValue)
        )
    }
}
