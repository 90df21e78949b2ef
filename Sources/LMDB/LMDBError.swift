internal import CLMDB

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// A code returned by LMDB, one to one.
///
/// Negative codes are LMDB's own; they come from checks made before any byte is flushed. Positive
/// codes are `errno` of a system call (``isErrno``). From a commit or a sync a positive code means
/// that what reached the disk is unknown: see ``isFinal``.
public struct LMDBError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The code as LMDB returned it; never 0.
    public let code: Int32

    /// Wraps a code as LMDB or a system call returned it.
    public init(code: Int32) {
        self.code = code
    }

    /// True when the code is an `errno` of the system rather than a code of LMDB.
    public var isErrno: Bool { code > 0 }

    /// True when, coming from a commit or a sync, the code ends the environment for good.
    ///
    /// LMDB itself carries on after a failed flush, and would then lose data it has acknowledged.
    /// The caller must not: close the environment, and open it again in a new process or after
    /// establishing what is on the disk. `ENOMEM` and the like are counted in, because nothing in
    /// the code tells before or after which flush they arose. ``panic`` is LMDB's word for the
    /// same state.
    public var isFinal: Bool { isErrno || self == .panic }

    /// LMDB's own sentence for the code, or the system's for an `errno`.
    public var description: String {
        guard let text = mdb_strerror(code) else { return "LMDB error \(code)" }
        return "\(String(cString: text)) (\(code))"
    }
}

extension LMDBError {
    /// The key exists already, or is out of order for an append (`MDB_KEYEXIST`).
    public static let keyExist = LMDBError(code: MDB_KEYEXIST)
    /// No such key or database (`MDB_NOTFOUND`).
    public static let notFound = LMDBError(code: MDB_NOTFOUND)
    /// A page that must be there is not: the file is damaged (`MDB_PAGE_NOTFOUND`).
    public static let pageNotFound = LMDBError(code: MDB_PAGE_NOTFOUND)
    /// A page of the wrong kind was met: the file is damaged (`MDB_CORRUPTED`).
    public static let corrupted = LMDBError(code: MDB_CORRUPTED)
    /// A meta page could not be written, now or earlier; the environment is dead (`MDB_PANIC`).
    public static let panic = LMDBError(code: MDB_PANIC)
    /// Written by another version of the format (`MDB_VERSION_MISMATCH`).
    public static let versionMismatch = LMDBError(code: MDB_VERSION_MISMATCH)
    /// Not an LMDB file (`MDB_INVALID`).
    public static let invalid = LMDBError(code: MDB_INVALID)
    /// The map is full; the transaction can only be aborted (`MDB_MAP_FULL`).
    public static let mapFull = LMDBError(code: MDB_MAP_FULL)
    /// More named databases than `maxDatabases` (`MDB_DBS_FULL`).
    public static let dbsFull = LMDBError(code: MDB_DBS_FULL)
    /// More open read transactions than `maxReaders` (`MDB_READERS_FULL`).
    public static let readersFull = LMDBError(code: MDB_READERS_FULL)
    /// Too many keys of thread-local storage (`MDB_TLS_FULL`).
    public static let tlsFull = LMDBError(code: MDB_TLS_FULL)
    /// The transaction has too many dirty pages (`MDB_TXN_FULL`).
    public static let txnFull = LMDBError(code: MDB_TXN_FULL)
    /// The tree is deeper than a cursor can follow (`MDB_CURSOR_FULL`).
    public static let cursorFull = LMDBError(code: MDB_CURSOR_FULL)
    /// A page has no room left: an internal error of LMDB (`MDB_PAGE_FULL`).
    public static let pageFull = LMDBError(code: MDB_PAGE_FULL)
    /// Another process has grown the map past ours (`MDB_MAP_RESIZED`).
    public static let mapResized = LMDBError(code: MDB_MAP_RESIZED)
    /// The database has another kind of keys than asked for (`MDB_INCOMPATIBLE`).
    public static let incompatible = LMDBError(code: MDB_INCOMPATIBLE)
    /// A reader slot was used twice (`MDB_BAD_RSLOT`).
    public static let badReaderSlot = LMDBError(code: MDB_BAD_RSLOT)
    /// The transaction met an error earlier and can only be aborted (`MDB_BAD_TXN`).
    public static let badTransaction = LMDBError(code: MDB_BAD_TXN)
    /// A key is empty or longer than 511 bytes, or a value too long (`MDB_BAD_VALSIZE`).
    public static let badValueSize = LMDBError(code: MDB_BAD_VALSIZE)
    /// The handle is not, or no longer, open (`MDB_BAD_DBI`).
    public static let badDatabase = LMDBError(code: MDB_BAD_DBI)
}

extension LMDBError {
    /// Throws unless `code` is `MDB_SUCCESS`.
    static func check(_ code: Int32) throws(LMDBError) {
        if code != MDB_SUCCESS { throw LMDBError(code: code) }
    }

    /// The `errno` of the system call that has just failed.
    static var lastErrno: LMDBError { LMDBError(code: errno) }
}
