// What a data directory holds, byte for byte. All numbers are little-endian; the keys of slots alone
// are native, as LMDB compares them, which is the same on every machine this runs on.
//
//     DIR/log.mdb         the LMDB data file (MDB_NOSUBDIR), three tables
//     DIR/log.mdb-lock    LMDB's reader table; remade at every open; nobody else may open it
//     DIR/log.mdb-owner   our lock against a second process; empty; stays
//
// Table `accepted`, slot -> row. What the acceptor has accepted, one row a slot; one write of a row is
// all there is between a payload and the disk, so the row carries everything that decides whether it
// may be believed.
//
//      0  crc      u32   CRC-32C of: cluster name, slot (u64), bytes 4 ... of the row
//      4  kind     u8    1 command, 2 no-op, 3 membership, 4 void, 5 conditional
//      5  flags    u8    bit 0: fetched from a member that knew it chosen; others are zero
//      6  reserved u16   zero
//      8  ballot   u64 round, u64 node: under which it was accepted
//     24  command:     token (node u64, boot u64, sequence u64) | index u32 | count u32 | payload
//         no-op:       nothing
//         membership:  as in the identity
//         void:        token
//         conditional: token | index u32 | count u32 | the slot it asks for u64 | payload
//
// The checksum begins with the cluster and the slot, so that a row copied to another place, or
// come from another cluster's file, is as unreadable as one with a flipped bit. LMDB itself has no
// checksums and returns rot as data. There is no torn row: a transaction is in the file whole or not
// at all. A row that fails its check is therefore rot, and is never cut off and never taken for "not
// accepted" (`R34`, `R35`).
//
// Table `state`, name -> value. What is small and changes with the rows, in the same transaction
// (`R29`). Each value is
//
//      0  crc      u32   CRC-32C of: cluster name, name of the value, value
//      4  value
//
//     promised     u64 round, u64 node    the lowest ballot still taken
//     last_round   u64                    round of the last ballot of our own (`R4`)
//     boot         u64                    openings, counted by the first write of each
//     committed    u64                    a lower bound of what is chosen without a hole (`R41`)
//     trimmed      u64                    rows up to here are gone on purpose, or left behind by a base
//                                         and read by nobody any more (`R78`)
//     base         as Base.encoded(): what the log did up to the trim point, or the end of the batch there (`R43`)
//     left         u64                    rows at and below the trim point that a base has left behind
//     checkpoint   as Checkpoint.encoded()
//     peers        as PeerRecord.encoded()
//     cursors      as CursorRecord.encoded(): how far consumers of this node have come, never above the watermark
//     lineage      as Opening.encoded(): the openings from a floor on, written by each with its boot (`R81`)
//     latch        as RolledBack.encoded(): empty, or that the directory is an old copy, for good
//
// and one value that every version of this software must recognise, so it begins with what never
// changes:
//
//     identity   magic "SWRLOG\r\n" | format u32 | crc u32 of all but itself | incarnation u64, u64 |
//                node u64 | write offset u64 | secret u64, u64 | shape | membership |
//                cluster name to the end; the format's highest bit is set in a backup
//     shape      payload u64 | batch entries u64 | batch bytes u64 | pipeline slots u64 |
//                pipeline bytes u64 | page u64: what all members have agreed on (`R82`)
//     membership  rule u64 (0 majority, 1 sized) | phase 1 u64 | phase 2 u64 | count u64 | nodes u64 ...
//
// Table `ineffective`, slot -> row. Committed commands that have no effect, for readers that do not
// replay the log from its beginning.
//
//      0  previous u64   the slot without effect before this one, 0 if there is none
//      8  number   u64   how many there are up to this one
//     16  crc      u32   CRC-32C of: cluster name, "ineffective", slot (u64), previous, number
//
// A row names the one before it, so that a lost one is missed: its command would be handed out. By the numbers
// of the first row and the last one there are as many as LMDB counts of the table, or the last ones are lost; the
// first names none above the trim point. The last row stays when what it speaks of is trimmed.
package enum Schema {
    package static let formatVersion: UInt32 = 10
    /// Stands in the number of a backup's format, so that no version of this software opens one as the node that it
    /// was made of.
    package static let backup: UInt32 = 1 << 31
    package static let dataFile = "log.mdb"

    package static let accepted = "accepted"
    package static let state = "state"
    package static let ineffective = "ineffective"
    package static let identityKey = Array("identity".utf8)

    package static func dataPath(in directory: String) -> String { directory + "/" + dataFile }
}

/// The small values beside the rows.
package enum StateName: String, CaseIterable, Sendable {
    case promised
    case lastRound = "last_round"
    case boot, committed, trimmed, base, checkpoint, peers, lineage, latch, left, cursors

    package var key: [UInt8] { Array(rawValue.utf8) }
}
