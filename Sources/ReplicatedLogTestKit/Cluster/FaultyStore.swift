internal import PaxosCore
internal import Platform
internal import ReplicatedLog

/// Stands between a node and its store and does what disks do: stalls, fills up, fails in a write or a
/// flush, loses what was in flight in a crash, and cannot read a row.
///
/// It makes no receipts. Those of the store behind it pass through, or are lost with everything after
/// them once it has failed (`R30`).
final class FaultyStore: NodeStore {
    /// A batch that has not reached the store.
    private final class Held {
        var batch: WriteBatch?
        let bytes: Int

        init(_ batch: consuming WriteBatch) {
            bytes = batch.rows.accepted.reduce(0) { $0 + $1.run.payloadBytes }
            self.batch = consume batch
        }
    }

    private enum Fate {
        case sound
        /// The next batch with rows is lost, and the store fails.
        case failsInWrite
        /// The next receipt is lost, though what it covers is written, and the store fails.
        case failsInFlush
        /// Says nothing more and takes nothing more.
        case over
    }

    private struct State {
        var fate = Fate.sound
        var isStalled = false
        var held: [Held] = []
        var observer: (any StoreObserver)?
        var unreadable: Set<Slot> = []
        /// As a fault has it, and as the store behind says.
        var isFull = (drawn: false, real: false)
    }

    private let store: any NodeStore
    private let state = Locked(State())

    init(_ store: any NodeStore) {
        self.store = store
    }

    var counters: StoreCounters { store.counters }

    var base: Base { store.base }

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

    /// Batches that wait for the end of a stall.
    var heldCount: Int { state.withLock { $0.held.count } }

    /// Their payload bytes.
    var heldBytes: Int { state.withLock { $0.held.reduce(0) { $0 + $1.bytes } } }

    func recover() -> RecoveredState { store.recover() }

    func start(observer: any StoreObserver) {
        let hasCrashed = state.withLock { state -> Bool in
            state.observer = observer
            return if case .over = state.fate { true } else { false }
        }
        store.start(observer: self)
        reportRoom()
        if hasCrashed { report(Self.failure("crash")) }
    }

    func submit(_ batch: consuming WriteBatch) {
        let writes = batch.rows.needsFlush
        var submitted: WriteBatch? = consume batch
        let failure = state.withLock { state -> StoreFailure? in
            guard let batch = submitted.take() else { return nil }
            switch state.fate {
            case .over:
                batch.abandon()
                return nil
            case .failsInWrite where writes:
                state.fate = .over
                batch.abandon()
                return Self.failure("commit")
            case .sound, .failsInWrite, .failsInFlush:
                if state.isStalled {
                    state.held.append(Held(batch))
                } else {
                    store.submit(batch)
                }
                return nil
            }
        }
        if let failure { report(failure) }
    }

    func read(
        _ slots: ClosedRange<Slot>,
        maxBytes: Int,
        withEffect: Bool,
        completion: @escaping @Sendable (Result<RowPage, ReadFailure>) -> Void
    ) {
        let unreadable = state.withLock { $0.unreadable.filter(slots.contains) }
        guard !unreadable.isEmpty else {
            return store.read(
                slots,
                maxBytes: maxBytes,
                withEffect: withEffect,
                completion: completion
            )
        }
        store.read(slots, maxBytes: maxBytes, withEffect: withEffect) { result in
            completion(
                result.flatMap { page in
                    let met = unreadable.filter { $0 <= page.through }.min()
                    return met.map { .failure(.unreadable($0)) } ?? .success(page)
                }
            )
        }
    }

    func close(completion: @escaping @Sendable () -> Void) {
        resume()
        store.close(completion: completion)
    }

    private static func failure(_ operation: String) -> StoreFailure {
        // EIO, on every system.
        StoreFailure(operation: operation, code: 5, detail: "a fault of the test")
    }

    private func report(_ failure: StoreFailure) {
        state.withLock { $0.observer }?.failed(failure)
    }
}

/// What a test does to it.
extension FaultyStore {
    /// Keeps what is submitted from the disk, until `resume()`.
    func stall() {
        state.withLock { $0.isStalled = true }
    }

    func resume() {
        state.withLock { state in
            state.isStalled = false
            for held in state.held {
                if let batch = held.batch.take() { store.submit(batch) }
            }
            state.held = []
        }
    }

    func failNextWrite() {
        arm(.failsInWrite)
    }

    func failNextFlush() {
        arm(.failsInFlush)
    }

    private func arm(_ fate: Fate) {
        state.withLock { state in
            if case .sound = state.fate { state.fate = fate }
        }
    }

    func setFull(_ isFull: Bool) {
        state.withLock { $0.isFull.drawn = isFull }
        reportRoom()
    }

    func makeUnreadable(_ slot: Slot) {
        state.withLock { state in _ = state.unreadable.insert(slot) }
    }

    /// The process ends here: of what waits, the first `count` batches still reach the disk, and nobody
    /// ever hears of any of it.
    func crash(keeping count: Int) {
        let isNews = state.withLock { state -> Bool in
            let isNews = if case .over = state.fate { false } else { true }
            state.fate = .over
            for (place, held) in state.held.enumerated() {
                guard let batch = held.batch.take() else { continue }
                if place < count { store.submit(batch) } else { batch.abandon() }
            }
            state.held = []
            return isNews
        }
        if isNews { report(Self.failure("crash")) }
    }

    private func reportRoom() {
        let (observer, isFull) = state.withLock { ($0.observer, $0.isFull) }
        observer?.full(isFull.drawn || isFull.real)
    }
}

extension FaultyStore: StoreObserver {
    func durable(_ receipt: consuming DurabilityReceipt) {
        let fate = state.withLock { state -> Fate in
            defer { if case .failsInFlush = state.fate { state.fate = .over } }
            return state.fate
        }
        switch fate {
        case .over: break
        case .failsInFlush: report(Self.failure("flush"))
        case .sound, .failsInWrite: state.withLock { $0.observer }?.durable(receipt)
        }
    }

    func failed(_ failure: StoreFailure) {
        let isNews = state.withLock { state in
            if case .over = state.fate { return false }
            state.fate = .over
            return true
        }
        if isNews { report(failure) }
    }

    func full(_ isFull: Bool) {
        state.withLock { $0.isFull.real = isFull }
        reportRoom()
    }
}
