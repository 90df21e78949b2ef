internal import LMDB
internal import LogWire
package import PaxosCore
internal import Platform

extension LMDBStore {
    /// Opens a data directory and counts the opening.
    ///
    /// In the order of `LogOpening`: the file's length against its last page (a shorter one would be a SIGBUS);
    /// our lock; identity and version; the small values; every row that will be replayed. The pages of each are
    /// checked before LMDB follows them. Then one real write with full sync, of the boot counter and the lineage:
    /// after a kill the page cache may show what the disk does not hold (`R31`). A directory or file that is
    /// missing is never made.
    ///
    /// The cost is bounded by the checkpoint interval and does not grow with the log. Blocks; call it on a
    /// thread of your own. Starts the store's two threads, which wait for `start` and for reads.
    package static func open(
        at directory: String,
        expecting expected: (cluster: ClusterID, node: NodeID, membership: Membership)?,
        storage: StorageOptions = StorageOptions(),
        limits: Limits = Limits()
    ) throws(LogOpenError) -> LMDBStore {
        if let invalid = storage.invalidity { throw .invalidStorage(invalid) }
        do throws(InvalidLimits) {
            _ = try limits.validated()
        } catch {
            throw .invalidLimits(error)
        }
        FileLimit.ignoreSignal()
        let opening = LogOpening(
            directory: LogDirectory(path: directory),
            storage: storage,
            limits: limits
        )
        return try begin(try opening.open(expecting: expected))
    }

    /// Starts the threads. Each lets go of its part of the environment before it says that it is over.
    private static func begin(
        _ opened: consuming OpenedLog
    ) throws(LogOpenError) -> LMDBStore {
        var state = opened.state
        let identity = opened.identity
        let file = opened.file
        let recovery = opened.recovery
        let log = opened.writer
        let slot = opened.slot
        let rows = state.last.count(after: state.trimmed)
        state.liveBytes = rows > 0 ? log.room.live : 0
        state.meanEntryBytes = rows > 0 ? log.room.live / rows : 0
        var counters = StoreCounters()
        counters.mapBytes = log.room.mapBytes
        counters.mapUsedBytes = log.room.live
        counters.runwayBytes = log.room.runwayLeft
        if case .dropped(let transaction) = recovery { counters.droppedTransaction = transaction }
        let shared = Locked(counters)
        let writeQueue = WriteQueue()
        let queue = ReadQueue()
        let writes = ThreadWrites()
        let ending = StoreEnding(threads: 2)
        let extent = Locked(log.extent)
        let writer = Committer(
            writeQueue: writeQueue,
            counters: shared,
            writes: writes,
            extent: extent,
            log: log
        )
        let reader = StoreReader(
            slot: slot,
            file: file,
            cluster: identity.cluster,
            queue: queue,
            writeQueue: writeQueue,
            counters: shared,
            extent: extent
        )
        do throws(PosixError) {
            _ = try PinnedThread(name: "log-reader") {
                reader.run()
                ending.leave()
            }
            _ = try PinnedThread(name: "log-store") {
                writer.run()
                ending.leave()
            }
        } catch {
            queue.close()
            throw LogOpenError(error)
        }
        return LMDBStore(
            identity: identity,
            recovered: state,
            writeQueue: writeQueue,
            queue: queue,
            counters: shared,
            writes: writes,
            extent: extent,
            ending: ending
        )
    }
}
