import LogCommands
import LogStorage
import PaxosCore
import Platform
import ReplicatedLog
import Synchronization

/// A store whose writes take longer: each receipt is held for a while by the thread that makes it, as by a flush.
final class SlowDisk: NodeStore {
    private let store: any NodeStore
    private let observer = Locked<(any StoreObserver)?>(nil)
    private let nanoseconds = Atomic<UInt64>(0)
    private let parker = Parker()

    init(_ store: any NodeStore) {
        self.store = store
    }

    /// How much longer each write takes from now on.
    func delay(_ duration: Duration) {
        nanoseconds.store(UInt64(clamping: duration.wholeNanoseconds), ordering: .relaxed)
    }

    var counters: StoreCounters { store.counters }
    var base: Base { store.base }

    func recover() -> RecoveredState { store.recover() }

    func start(observer: any StoreObserver) {
        self.observer.withLock { $0 = observer }
        store.start(observer: self)
    }

    func submit(_ batch: consuming WriteBatch) {
        store.submit(batch)
    }

    func read(
        _ slots: ClosedRange<Slot>,
        maxBytes: Int,
        withEffect: Bool,
        completion: @escaping @Sendable (Result<RowPage, ReadFailure>) -> Void
    ) {
        store.read(slots, maxBytes: maxBytes, withEffect: withEffect, completion: completion)
    }

    func beginBackup(
        through committed: Slot,
        promised: Ballot,
        at destination: String,
        storage: StorageOptions,
        isCancelled: @escaping @Sendable () -> Bool
    ) throws(LogCopyError) -> LogCopy {
        try store.beginBackup(
            through: committed,
            promised: promised,
            at: destination,
            storage: storage,
            isCancelled: isCancelled
        )
    }

    func close(completion: @escaping @Sendable () -> Void) {
        store.close(completion: completion)
    }
}

extension SlowDisk: StoreObserver {
    func durable(_ receipt: consuming DurabilityReceipt) {
        let held = nanoseconds.load(ordering: .relaxed)
        if held > 0 {
            let end = MonotonicClock.now().advanced(by: .nanoseconds(Int64(clamping: held)))
            while MonotonicClock.now() < end { _ = parker.park(until: end) }
        }
        observer.withLock { $0 }?.durable(receipt)
    }

    func failed(_ failure: StoreFailure) {
        observer.withLock { $0 }?.failed(failure)
    }

    func full(_ isFull: Bool) {
        observer.withLock { $0 }?.full(isFull)
    }
}
