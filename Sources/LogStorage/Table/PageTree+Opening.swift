internal import LMDB
internal import LogWire
internal import PaxosCore

/// What an opening follows through LMDB's cursors and writes beside, checked before the first of them
/// is used: a flipped bit refuses the directory instead of ending the process.
///
/// The cost is that of the rows which an opening reads anyway, and of the whole list of free pages. What lies
/// below the checkpoint is left to `rlog verify`.
extension PageTree {
    /// The table of tables, and the small values, by which a directory is known.
    func checkValues() throws(Damage) {
        for table in try tables() where table.name == Array(Schema.state.utf8) {
            // Another program may have a table of that name, and of another kind.
            let rows =
                table.record.flags == 0
                ? try rows(of: table.record) : (try? rows(of: table.record)) ?? []
            guard rows.contains(where: { $0.key == Schema.identityKey }) else { continue }
            try checkKinds()
            try check(table.record, flags: 0)
        }
    }

    /// The kinds of the tables, the ways to where rows are read and put, and the list of free pages.
    ///
    /// - Parameter first: The lowest slot that the opening reads.
    func checkRows(from first: Slot) throws(Damage) {
        var tree = self
        tree.reached = PagesReached()
        try tree.checkValues()
        try tree.checkTables(from: first)
        try tree.checkFreePages()
        try checkTransaction()
    }

    private func checkTables(from first: Slot) throws(Damage) {
        for (name, record) in try tables() {
            switch name {
            case Array(Schema.state.utf8):
                try check(record, flags: 0)
            case Array(Schema.accepted.utf8):
                try check(record, flags: TableRecord.integerKeys)
                try checkRows(of: record, from: first.rawValue)
            case Array(Schema.ineffective.utf8):
                try check(record, flags: TableRecord.integerKeys)
                // The first one tells how many were trimmed.
                _ = try lowestKey(of: record)
                try checkRows(of: record, from: first.rawValue)
            default:
                continue
            }
        }
    }
}
