package import LogStorage
package import PaxosCore

/// A store as a node uses one: the boundary of the protocol, and an account of what it does.
package protocol NodeStore: LogStore {
    var counters: StoreCounters { get }
    /// What the log did up to the trim point, or the end of the batch there.
    var base: Base { get }
    /// Reads the payloads of the commands in a range, without a copy where the store can: as `read`, with what has
    /// no effect told.
    func readPayloads(
        _ slots: ClosedRange<Slot>,
        maxBytes: Int,
        completion: @escaping @Sendable (Result<PayloadPage, ReadFailure>) -> Void
    )
    /// Begins a backup of the directory, behind its base and with every slot up to one that is chosen.
    func beginBackup(
        through committed: Slot,
        promised: Ballot,
        at destination: String,
        storage: StorageOptions,
        isCancelled: @escaping @Sendable () -> Bool
    ) throws(LogCopyError) -> LogCopy
}

extension NodeStore {
    /// As it reads rows: what stands between a node and its store has a say in this too.
    package func readPayloads(
        _ slots: ClosedRange<Slot>,
        maxBytes: Int,
        completion: @escaping @Sendable (Result<PayloadPage, ReadFailure>) -> Void
    ) {
        read(slots, maxBytes: maxBytes) { result in completion(result.map(PayloadPage.init)) }
    }
}

extension LMDBStore: NodeStore {}

/// What a node takes from outside itself, its transport apart: the time, and what stands between it and
/// its store. The defaults are the machine's clock and nothing.
package struct Surroundings: Sendable {
    /// Whose ticks the node counts.
    package var clock: TickClock
    /// Called once with the store that was opened; the node uses what it returns.
    package var store: @Sendable (any NodeStore) -> any NodeStore

    package init(
        clock: TickClock = TickClock(),
        store: @escaping @Sendable (any NodeStore) -> any NodeStore = { $0 }
    ) {
        self.clock = clock
        self.store = store
    }
}
