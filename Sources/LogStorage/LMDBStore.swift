package import LogWire
package import PaxosCore
internal import Platform

/// The log of one node in one LMDB environment: what it promised, accepted and knows committed.
///
/// Two threads of its own. The store thread alone writes: it takes whatever waits as one group, commits it
/// in one transaction, and issues the receipt once that is flushed. The reader thread serves reads in
/// bounded chunks. No other thread ever enters LMDB after `open`.
///
/// The first errno of a commit or flush is final: nothing is receipted, taken or retried any more
/// (`R30`). A full disk or map is not: the batch is kept, the observer told, and the write done when
/// there is room.
package final class LMDBStore: LogStore {
    package let identity: DirectoryIdentity
    private let recovered: RecoveredState
    private let writeQueue: WriteQueue
    private let queue: ReadQueue
    private let shared: Locked<StoreCounters>
    private let writes: ThreadWrites
    private let extent: Locked<LogExtent>
    private let ending: StoreEnding

    init(
        identity: DirectoryIdentity,
        recovered: RecoveredState,
        writeQueue: WriteQueue,
        queue: ReadQueue,
        counters: Locked<StoreCounters>,
        writes: ThreadWrites,
        extent: Locked<LogExtent>,
        ending: StoreEnding
    ) {
        self.identity = identity
        self.recovered = recovered
        self.writeQueue = writeQueue
        self.queue = queue
        shared = counters
        self.writes = writes
        self.extent = extent
        self.ending = ending
    }

    deinit {
        writeQueue.close()
        queue.close()
    }

    package func recover() -> RecoveredState { recovered }

    /// Begins to write what was submitted, and reports to the observer from then on, on the store
    /// thread. Once only. The observer is kept until the store has ended.
    package func start(observer: any StoreObserver) {
        writeQueue.start(observer: observer)
    }

    /// Queues the batch and returns. Any thread, but batches in the order of their numbers. Before
    /// `start` it waits; after `close` or a failure it is abandoned.
    package func submit(_ batch: consuming WriteBatch) {
        writeQueue.submit(batch)
    }

    /// Reads the rows in `slots`; the answer comes on the reader thread, or at once with `closed`.
    ///
    /// A page is bounded by the rows' length on disk, and ends before the first slot that is not what was
    /// written or has no row though it must have one; the request that begins there fails and names it.
    package func read(
        _ slots: ClosedRange<Slot>,
        maxBytes: Int,
        withEffect: Bool,
        completion: @escaping @Sendable (Result<RowPage, ReadFailure>) -> Void
    ) {
        let request = ReadQueue.Request(
            slots: slots,
            maxBytes: maxBytes,
            withEffect: withEffect,
            answer: .rows(completion)
        )
        queue.submit(request)
    }

    /// As `read`, with what has no effect told, and hands out the payloads where they lie in the pages of the file
    /// that were read for them: these are held as long as the answer is.
    package func readPayloads(
        _ slots: ClosedRange<Slot>,
        maxBytes: Int,
        completion: @escaping @Sendable (Result<PayloadPage, ReadFailure>) -> Void
    ) {
        let request = ReadQueue.Request(
            slots: slots,
            maxBytes: maxBytes,
            withEffect: true,
            answer: .payloads(completion)
        )
        queue.submit(request)
    }

    /// Finishes what was submitted (abandons it if the store has failed, was never started, or has no
    /// room), answers waiting reads with `closed`, closes the environment, lets go of its locks, and
    /// then calls `completion` on a thread of the store, or here if all that is done. The directory can
    /// then be opened again.
    package func close(completion: @escaping @Sendable () -> Void) {
        ending.whenOver(completion)
        writeQueue.close()
        queue.close()
    }

    /// What the log did up to the trim point, or the end of the batch there.
    package var base: Base { extent.withLock { $0.base } }

    package var counters: StoreCounters {
        var counters = shared.withLock { $0 }
        counters.queuedBytes = writeQueue.waitingBytes
        counters.bytesWritten = writes.bytes
        return counters
    }
}

/// Calls back when both threads have let go of the environment.
final class StoreEnding: Sendable {
    private struct State {
        var threads: Int
        var waiting: [@Sendable () -> Void] = []
    }

    private let state: Locked<State>

    init(threads: Int) {
        state = Locked(State(threads: threads))
    }

    func whenOver(_ body: @escaping @Sendable () -> Void) {
        let isOver = state.withLock { state in
            if state.threads > 0 { state.waiting.append(body) }
            return state.threads == 0
        }
        if isOver { body() }
    }

    func leave() {
        let waiting: [@Sendable () -> Void] = state.withLock { state in
            state.threads -= 1
            guard state.threads == 0 else { return [] }
            defer { state.waiting = [] }
            return state.waiting
        }
        for body in waiting { body() }
    }
}
