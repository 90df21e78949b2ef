internal import PaxosCore

/// Writing a group for which the end of the file is too short.
///
/// Nobody knows how many of the free pages inside the file LMDB will find, and where, so none are counted on: a
/// transaction is begun only if the end of the file could take all of it. What small rows really take is mostly
/// free pages. So of a group that is too large the rows go in parts, each small enough for the end, which they
/// leave as it is.
extension LogWriter {
    /// The first rows of a group, as many as the end of the file could take, and the rest of it. `nil` if it could
    /// take none. Unless there are more free pages inside than that, room for a trim is left at the end.
    ///
    /// Promise and round go with them, so that no row lies under a ballot that is not promised (`R2`). What rests
    /// on the rows, the watermark and the checkpoint, is of the rest (`R41`).
    func part(of rows: WriteRows) -> (part: WriteRows, rest: WriteRows)? {
        let most = room.left - (room.used - room.live > room.left ? 0 : trimNeed)
        var count = rows.accepted.reduce(0) { $0 + $1.run.entries.count } / 2
        while count > 0 {
            var part = WriteRows()
            var rest = rows
            (part.promised, part.lastRound) = (rows.promised, rows.lastRound)
            (part.accepted, rest.accepted) = rows.accepted.split(at: count)
            if need(of: part).bytes <= most { return (part, rest) }
            count /= 2
        }
        return nil
    }

    /// What a transaction takes at the most that trims as much as goes without room.
    private var trimNeed: Int {
        let trim = Trim(through: trimmed, base: base, bytes: Self.trimBytesWithoutRoom)
        return need(of: WriteRows()).bytes + trim.need(pageSize: room.pageSize)
    }
}

extension [AcceptedRun] {
    /// The runs of the first so many entries, and those of the others.
    func split(at count: Int) -> (first: [AcceptedRun], rest: [AcceptedRun]) {
        var first: [AcceptedRun] = []
        var left = count
        for (position, run) in enumerated() {
            let entries = run.run.entries
            guard entries.count > left else {
                first.append(run)
                left -= entries.count
                continue
            }
            var rest = Array(self[position...])
            guard left > 0 else { return (first, rest) }
            func piece(_ range: Range<Int>) -> AcceptedRun {
                let start = run.run.first.advanced(by: range.lowerBound)
                return AcceptedRun(
                    ballot: run.ballot,
                    run: EntryRun(first: start, entries: [Entry](entries[range])),
                    isChosen: run.isChosen
                )
            }
            first.append(piece(0..<left))
            rest[0] = piece(left..<entries.count)
            return (first, rest)
        }
        return (first, [])
    }
}
