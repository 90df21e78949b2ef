internal import LogWire
internal import PaxosCore

/// How much room a transaction may take, before it is begun.
extension LogWriter {
    struct Need {
        /// The most pages that the rows can take, in bytes.
        var bytes: Int
        /// Some of them stand on pages of their own.
        var hasLargeRows = false
    }

    /// A leaf half empty in the worst case, whole pages for large rows, the path to each place, and what every
    /// transaction touches. Runs that adjoin have one place; and no page that is in use is copied twice,
    /// or split before what is put in fills it.
    func need(of rows: WriteRows) -> Need {
        let page = room.pageSize
        var need = Need(bytes: 64 * page)
        var paths = 0
        var end: Slot?
        for run in rows.accepted {
            if run.run.slots.lowerBound != end { paths += 8 * page }
            end = run.run.slots.upperBound.next
            for entry in run.run.entries {
                let row = RowCoding.byteCount(of: entry) + 32
                let isLarge = row > page / 2
                need.bytes += isLarge ? (row / page + 2) * page : 2 * row
                need.hasLargeRows = need.hasLargeRows || isLarge
            }
        }
        need.bytes += min(paths, 2 * room.live + 8 * page)
        need.bytes += 2 * (rows.checkpoint?.byteCount ?? 0)
        need.bytes += 2 * (rows.base?.encoded().count ?? 0)
        if let cursors = rows.cursors {
            let bytes = CursorRecord.encoded(cursors).count
            need.bytes += 2 * bytes
            need.hasLargeRows = need.hasLargeRows || bytes > page / 4
        }
        if rows.prunesBelow != nil { need.bytes += 2 * Opening.byteCount * openings.count }
        need.bytes += 96 * rows.ineffective.count
        return need
    }
}
