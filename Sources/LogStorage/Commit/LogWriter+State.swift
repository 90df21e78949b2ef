internal import LMDB
internal import LogWire
internal import PaxosCore

/// What a transaction changes beside rows.
extension LogWriter {
    func putState(
        _ rows: WriteRows,
        _ base: Base?,
        left: UInt64,
        _ txn: inout WriteTransaction
    ) throws(LMDBError) {
        var values: [(StateName, [UInt8])] = []
        if let ballot = rows.promised {
            values.append((.promised, stateCoding.seal(ballot, .promised)))
        }
        if let round = rows.lastRound {
            values.append((.lastRound, stateCoding.seal(round, .lastRound)))
        }
        if let slot = rows.committed {
            values.append((.committed, stateCoding.seal(slot.rawValue, .committed)))
        }
        if let slot = rows.trimmed, let base {
            values.append((.trimmed, stateCoding.seal(slot.rawValue, .trimmed)))
            values.append((.base, stateCoding.seal(base.encoded(), .base)))
        }
        if let base = rows.base {
            values.append((.trimmed, stateCoding.seal(base.slot.rawValue, .trimmed)))
            values.append((.base, stateCoding.seal(base.encoded(), .base)))
        }
        if left != leftRows { values.append((.left, stateCoding.seal(left, .left))) }
        if let checkpoint = rows.checkpoint {
            values.append((.checkpoint, stateCoding.seal(checkpoint.encoded(), .checkpoint)))
        }
        if !rows.peers.isEmpty {
            let bytes = PeerRecord.encoded(merged(rows.peers))
            values.append((.peers, stateCoding.seal(bytes, .peers)))
        }
        if let cursors = rows.cursors {
            values.append((.cursors, stateCoding.seal(CursorRecord.encoded(cursors), .cursors)))
        }
        if rows.prunesBelow != nil {
            values.append((.lineage, stateCoding.seal(Opening.encoded(kept(rows)), .lineage)))
        }
        if let found = rows.rolledBack {
            values.append((.latch, stateCoding.seal(RolledBack.encoded(found), .latch)))
        }
        for (name, value) in values { try txn.put(value, for: name.key, in: tables.state) }
    }

    /// The openings that are left, its own in any case.
    func kept(_ rows: WriteRows) -> [Opening] {
        rows.prunesBelow.map { Lineage.kept(of: openings, from: $0) } ?? openings
    }

    /// What is known of the peers once these records have replaced those of their nodes.
    func merged(_ records: [PeerRecord]) -> [PeerRecord] {
        var known = peers
        for record in records {
            known.removeAll { $0.node == record.node }
            known.append(record)
        }
        return known.sorted { $0.node < $1.node }
    }
}
