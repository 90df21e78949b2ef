internal import LogWire
package import PaxosCore

extension LMDBStore {
    /// Begins a backup of an open directory: its rows are read as all others are, behind `LogCopy.next`.
    ///
    /// - Throws: `LogCopyError.trimmedMeanwhile` if the log begins behind the slot through which it was to be copied.
    package func beginBackup(
        through committed: Slot,
        promised: Ballot,
        at destination: String,
        storage: StorageOptions,
        isCancelled: @escaping @Sendable () -> Bool
    ) throws(LogCopyError) -> LogCopy {
        var source = recover()
        source.promised = promised
        source.base = base
        guard source.base.slot <= committed else {
            throw .trimmedMeanwhile(through: source.base.slot)
        }
        return try LogCopy(
            of: source,
            committed: committed,
            as: identity.ofBackup,
            at: destination,
            storage: storage,
            isCancelled: isCancelled
        )
    }
}
