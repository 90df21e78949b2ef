internal import CLMDB

/// What a put does about the rows that are there.
public enum PutMode: Hashable, Sendable {
    /// Replaces the row of an equal key.
    case upsert

    /// Refuses an equal key with ``LMDBError/keyExist``.
    case insert

    /// Refuses any key that is not above all others with ``LMDBError/keyExist``, and fills pages
    /// completely instead of splitting them in half.
    case append

    var flags: UInt32 {
        switch self {
        case .upsert: 0
        case .insert: UInt32(MDB_NOOVERWRITE)
        case .append: UInt32(MDB_APPEND)
        }
    }
}
