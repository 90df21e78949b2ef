// An environment is three files side by side:
//
//     <path>         the data: two meta pages, then the pages of the B+trees
//     <path>-lock    LMDB's reader table and writer lock; made anew after a restart; never open it
//     <path>-owner   our lock against a second process; always empty
//
// A commit writes the changed pages to unused places of the data file, flushes, then writes one of
// the two meta pages, which is what makes the transaction real; a sealed one (Seal/Sealing.swift) flushes once,
// at the end. A page is reused only when neither
// of the last two states nor any open reader can reach it; that is why a power cut leaves the last
// or the last but one state, and why one reader left open makes the file grow without limit.
//
// Creating an environment is not safe against a power cut: LMDB writes both meta pages at once and
// does not flush the directory. Make it under another name, commit once, close it, rename the data
// file, and flush the directory and its parent.

/// A file of ordered tables, changed by transactions that are atomic and durable: one open LMDB
/// environment.
///
/// ```swift
/// let environment = try Environment.open(
///     path: "/var/lib/app/data.mdb", options: .init(mapSize: 1 << 40))
/// let events = try environment.openDatabase("events", keys: UInt64.self)
/// try environment.withWrite { (txn: inout WriteTransaction) throws(LMDBError) in
///     try txn.put([1, 2, 3], for: 7, in: events)
/// }
/// let count = try environment.withRead { (txn: borrowing ReadTransaction) throws(LMDBError) in
///     try txn.get(7, in: events) { $0.byteCount }
/// }
/// ```
///
/// Any thread may use an environment. Writers queue for each other; readers wait for nobody and see
/// the state of the last commit at their beginning, durable or not. Every call blocks its thread:
/// none belongs on an event loop or in the cooperative pool.
///
/// A forked child must not touch the environment, and until it calls `exec` it holds the lock.
/// The caller refuses network file systems, on which neither the locks nor the map are sound.
public struct Environment: ~Copyable, Sendable {
    @usableFromInline
    let handle: EnvironmentHandle

    init(handle: EnvironmentHandle) {
        self.handle = handle
    }

    /// The path of the data file, with symbolic links resolved.
    public var path: String { handle.path }

    /// What this opening may do.
    public var access: Access { handle.access }

    /// The descriptor of the data file, for `fstat`, or to extend the file with zeros past the last
    /// used page between two transactions. Valid while the environment is open; do not close it.
    public var dataFileDescriptor: Int32 { Raw.descriptor(handle.env) }

    /// Closes the environment and lets go of its lock; going out of scope does the same.
    ///
    /// It flushes nothing. A ``ReadSlot`` still alive keeps the environment open until it is gone.
    public consuming func close() {}
}
