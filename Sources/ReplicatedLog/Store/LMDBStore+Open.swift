internal import LMDB
internal import LogWire
package import PaxosCore
internal import Platform

extension LMDBStore {
    /// Opens a data directory and counts the opening.
    ///
    /// In this order, and nothing is believed before its turn: the file's length against its last page
    /// (a shorter one would be a SIGBUS); our lock; identity and version; the small values; every row that
    /// will be replayed. The pages of each are checked before LMDB follows them. Then one real write with
    /// full sync, of the boot counter and the lineage: after a kill the page cache may show what the disk
    /// does not hold (`R31`). A directory or file that is missing is never made.
    ///
    /// The cost is bounded by the checkpoint interval and does not grow with the log. Blocks; call it on a
    /// thread of your own. Starts the store's two threads, which wait for `start` and for reads.
    package static func open(
        at directory: String,
        expecting expected: (cluster: ClusterID, node: NodeID, membership: Membership)?,
        storage: StorageOptions = StorageOptions(),
        limits: Limits = Limits()
    ) throws(LogOpenError) -> LMDBStore {
        if let reason = storage.invalidity { throw .invalidStorage(reason: reason) }
        do throws(InvalidLimits) {
            _ = try limits.validated()
        } catch {
            throw .invalidLimits(error)
        }
        FileLimit.ignoreSignal()
        let path = try OpenedLog.check(directory, storage: storage)
        let environment = try OpenedLog.environment(
            path,
            directory: directory,
            options: .init(mapSize: storage.mapSize, sealed: true)
        )
        // LMDB has opened the state that was taken, and followed no page of it yet.
        try OpenedLog.checkLength(path)
        try OpenedLog.checkPages(path, of: .values)
        let values = try OpenedLog.state(in: environment, directory: directory)
        let identity = try OpenedLog.identity(in: environment, values, directory: directory)
        if let expected {
            try identity.check(expected.cluster, expected.node, expected.membership, directory)
            try identity.check(limits.shape, directory)
        }
        let tables = try OpenedLog.tables(in: environment, values)
        let stored = try OpenedLog.read(environment, tables, identity, path: path)
        var room = try OpenedLog.room(environment, storage: storage, limits: limits)
        room.note(used: environment.info.usedBytes, livePages: stored.livePages)
        var state = stored.state
        // Before anything else of this opening: what tells it from every other.
        state.nonce = Nonce(SystemRandom.uint64())
        state.boot = state.boot.next
        try OpenedLog.count(&state, in: environment, tables, identity, &room)
        room.note(used: environment.info.usedBytes, livePages: stored.livePages)
        let recovery = environment.recovery
        let slot: ReadSlot
        do throws(LMDBError) {
            try environment.checkStaleReaders()
            slot = try environment.makeReadSlot()
        } catch {
            throw .system(code: error.code, operation: "open", path: path)
        }
        let file = try OpenedLog.pageFile(path)
        let log = LogWriter(
            environment: environment,
            tables: tables,
            file: file,
            identity: identity,
            room: room,
            recovered: state,
            present: stored.present,
            ineffective: stored.ineffective
        )
        return try begin(
            identity: identity,
            state: state,
            log: log,
            slot: slot,
            file: file,
            recovery: recovery
        )
    }

    /// Starts the threads. Each lets go of its part of the environment before it says that it is over.
    private static func begin(
        identity: DirectoryIdentity,
        state: RecoveredState,
        log: consuming LogWriter,
        slot: consuming ReadSlot,
        file: PageFile,
        recovery: Recovery
    ) throws(LogOpenError) -> LMDBStore {
        var state = state
        let rows = state.last.count(after: state.trimmed)
        state.meanEntryBytes = rows > 0 ? log.room.live / rows : 0
        var counters = StoreCounters()
        counters.mapBytes = log.room.mapBytes
        counters.mapUsedBytes = log.room.live
        counters.runwayBytes = log.room.runwayLeft
        if case .dropped(let transaction) = recovery { counters.droppedTransaction = transaction }
        let shared = Locked(counters)
        let mailbox = Mailbox()
        let queue = ReadQueue()
        let writes = ThreadWrites()
        let ending = StoreEnding(threads: 2)
        let extent = Locked(log.extent)
        let writer = StoreWriter(
            mailbox: mailbox,
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
            mailbox: mailbox,
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
            mailbox: mailbox,
            queue: queue,
            counters: shared,
            writes: writes,
            ending: ending
        )
    }
}

extension DirectoryIdentity {
    fileprivate func check(
        _ cluster: ClusterID,
        _ node: NodeID,
        _ membership: Membership,
        _ path: String
    ) throws(LogOpenError) {
        guard self.cluster == cluster else {
            throw .foreignCluster(path: path, found: self.cluster, expected: cluster)
        }
        guard self.node == node else {
            throw .foreignNode(path: path, found: self.node, expected: node)
        }
        guard self.membership == membership else {
            throw .differentMembers(path: path, found: self.membership, expected: membership)
        }
    }

    /// The members have agreed on the directory's limits, and not on what is configured now.
    fileprivate func check(_ shape: Shape, _ path: String) throws(LogOpenError) {
        for (found, expected) in zip(self.shape.fields, shape.fields)
        where found.value != expected.value {
            throw .differentLimit(
                path: path,
                name: found.name,
                found: found.value,
                expected: expected.value
            )
        }
    }
}
