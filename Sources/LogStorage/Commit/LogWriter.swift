internal import LMDB
internal import LogWire
internal import PaxosCore
internal import Platform

/// Writes groups of rows into the environment, each in one transaction.
struct LogWriter: ~Copyable {
    private var environment: Environment?
    let tables: Schema.Tables
    let file: PageFile
    /// The meta page of the last commit, as it was soon after: once `isNoted`.
    var written: FileState?
    var isNoted = true
    /// The number of the last commit.
    private var transaction: UInt64
    /// Until then nobody looks again at the ways that every transaction takes.
    var trustedUntil = MonotonicInstant(nanoseconds: 0)
    /// So long a way is trusted after it was looked at: what a transaction writes itself is in the page cache.
    static let trust = Duration.milliseconds(50)
    let rowCoding: RowCoding
    let stateCoding: StateCoding
    private let ineffectiveCoding: IneffectiveCoding
    var room: DiskSpace

    // What the disk holds.
    private var promised: Ballot
    private var lastRound: UInt64
    private(set) var committed: Slot
    private(set) var trimmed: Slot
    /// What the log did up to there.
    private(set) var base: Base
    /// No row below the trim point stands before this one; nil if none does.
    var leftFrom: Slot?
    /// How many do.
    private(set) var leftRows: UInt64
    private(set) var checkpoint: Slot
    var highest: UInt64
    var ineffective: IneffectiveEnd
    var peers: [PeerRecord]
    var openings: [Opening]
    private let identity: DirectoryIdentity
    /// The number of the last transaction.
    private(set) var lastWrite: WriteNumber
    /// The rows that are there without a hole.
    private(set) var present: SlotPrefix

    /// What came without a reason to flush: it goes with the next write.
    private var keptCommitted: Slot?
    private var keptIneffective: [Slot] = []

    init(
        environment: consuming Environment,
        tables: Schema.Tables,
        file: PageFile,
        identity: DirectoryIdentity,
        room: DiskSpace,
        recovered: RecoveredState,
        present: SlotPrefix,
        left: ClosedRange<Slot>?,
        ineffective: IneffectiveEnd
    ) {
        self.environment = consume environment
        self.tables = tables
        self.file = file
        let newest = try? file.newest(isAtRest: true)
        written = newest
        transaction = newest?.transaction ?? 0
        self.room = room
        self.present = present
        leftFrom = left?.lowerBound
        leftRows = recovered.leftBehind
        self.ineffective = ineffective
        rowCoding = RowCoding(cluster: identity.cluster)
        stateCoding = StateCoding(cluster: identity.cluster)
        ineffectiveCoding = IneffectiveCoding(cluster: identity.cluster)
        promised = recovered.promised
        lastRound = recovered.lastRound
        committed = recovered.committed
        trimmed = recovered.trimmed
        base = recovered.base
        checkpoint = recovered.checkpoint.slot
        highest = (left?.upperBound ?? recovered.last).rawValue
        peers = recovered.peers
        openings = recovered.openings
        self.identity = identity
        lastWrite = recovered.openings.last?.write ?? .none
    }

    /// What a reader must find.
    var extent: LogExtent {
        LogExtent(
            present: present.through,
            trimmed: trimmed,
            base: base,
            ineffective: ineffective.slot
        )
    }

    /// Whether the file still has its name. If not, the directory was removed or replaced: what is written
    /// from now on nobody finds again.
    var hasItsName: Bool {
        // What cannot be looked at is not gone.
        (try? FileSystem.leads(room.path, to: room.descriptor)) ?? true
    }

    mutating func close() {
        environment = nil
    }

    /// Flushes what was written beside transactions.
    func sync() throws(LMDBError) {
        try environment?.sync()
    }

    /// Marks the last transaction as flushed, so that rot in it is not taken for a crash (`R96`). Returns
    /// whether it had no mark.
    func confirm() throws(LMDBError) -> Bool {
        try environment?.confirm() ?? false
    }

    enum Outcome {
        /// Durable. The nanoseconds from the last row to the return of the flush.
        case committed(UInt64)
        /// Nothing was written or flushed; the same rows can be tried again. Whether the file is too short, in
        /// which free pages are not counted on, or the map has none left.
        case noRoom(inFile: Bool)
        /// Final.
        case failed(StoreFailure)
    }

    /// Remembers what a batch that needs no flush carries.
    mutating func keep(_ rows: WriteRows) {
        keptCommitted = rows.committed ?? keptCommitted
        keptIneffective.append(contentsOf: rows.ineffective)
    }

    /// Whether there is anything to write, with what was kept: nothing is flushed for a transaction without
    /// a change.
    func changesAnything(_ rows: WriteRows) -> Bool {
        !rows.accepted.isEmpty || rows.promised != nil || rows.lastRound != nil
            || rows.committed != nil || rows.checkpoint != nil || !rows.peers.isEmpty
            || rows.trimmed != nil || rows.base != nil || rows.prunesBelow != nil
            || rows.rolledBack != nil || !rows.ineffective.isEmpty || keptCommitted != nil
            || !keptIneffective.isEmpty || rows.cursors != nil
    }

    /// Writes the rows in one transaction, and returns when it is durable. Of what is to be trimmed goes what
    /// was planned; before that goes, and once there is room for it in the file, `announce` is called.
    mutating func commit(
        _ batch: WriteRows,
        _ trim: Trim? = nil,
        _ sweep: Sweep? = nil,
        announce: () -> Void = {}
    ) -> Outcome {
        var rows = batch
        rows.trimmed = trim?.through
        rows.committed = rows.committed ?? keptCommitted
        if !keptIneffective.isEmpty { rows.ineffective = keptIneffective + rows.ineffective }
        let after = check(rows)
        var need = need(of: rows)
        need.bytes += trim?.need(pageSize: room.pageSize) ?? 0
        need.bytes += sweep?.need(pageSize: room.pageSize) ?? 0
        do throws(PosixError) {
            guard try room.cover(need.bytes) == .done else {
                return .noRoom(inFile: true)
            }
        } catch {
            return .failed(StoreFailure(error))
        }
        let isTrusted = sweep == nil && isTrusted(rows, trim, need)
        let damage = isTrusted ? damage(onTheWayOf: trim) : damage(onTheWayOf: rows, trim, sweep)
        if let damage { return .failed(damage) }
        announce()
        let written: Written
        do throws(TransactionError<LMDBError>) {
            guard let result = try write(rows, trim, sweep) else { return .failed(.closed) }
            written = result
        } catch {
            return outcome(of: error)
        }
        let now = MonotonicClock.now()
        promised = rows.promised ?? promised
        lastRound = rows.lastRound ?? lastRound
        if !rows.peers.isEmpty { peers = merged(rows.peers) }
        if rows.prunesBelow != nil { openings = kept(rows) }
        lastWrite = identity.writeNumber(of: written.transaction)
        committed = rows.committed ?? committed
        checkpoint = rows.checkpoint?.slot ?? checkpoint
        leftRows = written.left
        let trimsLater = leftFrom != nil
        if let sweep { leftFrom = sweep.rest }
        if let trim {
            if trimsLater { leftFrom = leftFrom ?? trimmed.next }
            (trimmed, base) = (trim.through, trim.base)
        }
        if let installed = rows.base {
            if leftFrom == nil, trimmed.rawValue < highest { leftFrom = trimmed.next }
            (trimmed, base) = (installed.slot, installed)
        }
        present = after
        highest = written.highest
        ineffective = written.ineffective
        keptCommitted = nil
        keptIneffective.removeAll(keepingCapacity: true)
        measure(written)
        let elapsed = now.nanoseconds - min(now.nanoseconds, written.end.nanoseconds)
        return .committed(elapsed)
    }

    /// Takes in where the file stands.
    private mutating func measure(_ written: Written) {
        guard let info = environment?.info else { return }
        precondition(
            info.lastTransaction == written.transaction,
            "a commit changes something, or nothing of it is flushed (R28)"
        )
        room.note(used: info.usedBytes, livePages: written.livePages)
        transaction = written.transaction
        isNoted = false
    }

    /// When `note()` is to be called, unless another commit comes before.
    var noteAt: MonotonicInstant? { isNoted ? nil : trustedUntil }

    /// Looks at what the last commit has written while it is trusted, so that a change after that shows.
    mutating func note() {
        isNoted = true
        written = try? file.state(of: transaction)
    }

    /// The invariants of the boundary; kept in release (`R66`). Returns the rows that will be there.
    private func check(_ rows: WriteRows) -> SlotPrefix {
        var after = present
        if let base = rows.base { after.insert(.first...base.slot) }
        for run in rows.accepted {
            precondition(run.run.first > committed, "a committed row is never written again (I3)")
            after.insert(run.run.slots)
        }
        precondition(rows.promised ?? promised >= promised, "a promise never falls (I1)")
        precondition(rows.lastRound ?? lastRound >= lastRound, "a round is never used twice (R4)")
        let watermark = rows.committed ?? committed
        precondition(watermark >= committed, "the commit watermark never falls")
        precondition(watermark <= after.through, "the watermark is never ahead of its rows (R41)")
        if let slot = rows.checkpoint?.slot {
            precondition(slot >= checkpoint, "a checkpoint never goes back")
            precondition(slot <= watermark, "a checkpoint is of what is committed (R41)")
        }
        if let base = rows.base {
            check(base, in: rows, watermark: watermark, promise: rows.promised ?? promised)
        }
        precondition(
            rows.cursors?.allSatisfy { $0.slot <= watermark } ?? true,
            "a cursor is never ahead of the watermark"
        )
        if let slot = rows.trimmed {
            let replayed = rows.checkpoint?.slot ?? checkpoint
            precondition(slot > trimmed && slot <= min(watermark, replayed), "R78")
        }
        return after
    }

    /// Where a transaction failed says what it means: before the flush nothing has happened.
    private func outcome(of error: TransactionError<LMDBError>) -> Outcome {
        let (operation, code) =
            switch error {
            case .begin(let error): ("begin", error)
            case .confirm(let error): ("confirm", error)
            case .body(let error): ("write", error)
            case .commit(let error): ("commit", error)
            case .seal(let error): ("seal", error)
            }
        return code == .mapFull || code == .txnFull
            ? .noRoom(inFile: false) : .failed(StoreFailure(operation, code))
    }

    // MARK: - One transaction

    private struct Written {
        let transaction: UInt64
        let highest: UInt64
        let ineffective: IneffectiveEnd
        let livePages: Int
        let left: UInt64
        /// When the last row was written and the commit began.
        let end: MonotonicInstant
    }

    private func write(
        _ rows: WriteRows,
        _ trim: Trim?,
        _ sweep: Sweep?
    ) throws(TransactionError<LMDBError>) -> Written? {
        try environment?.withWrite { (txn: inout WriteTransaction) throws(LMDBError) in
            var highest = highest
            let left = try left(behind: rows, trim, sweep, txn)
            for run in rows.accepted { try put(run, &txn, &highest) }
            try putState(rows, trim?.base, left: left, &txn)
            var last = ineffective
            // Those that a replay finds again are there.
            for slot in rows.ineffective.sorted() where slot > last.slot {
                let row = ineffectiveCoding.encode(slot, after: last)
                try txn.put(row, for: slot.rawValue, in: tables.ineffective)
                last = IneffectiveEnd(slot: slot, count: last.count + 1)
            }
            if let sweep { try delete(sweep, last, &txn) }
            if let trim, leftFrom == nil { try delete(trim, last, &txn) }
            return Written(
                transaction: txn.id,
                highest: highest,
                ineffective: last,
                livePages: try tables.livePages(txn),
                left: left,
                end: MonotonicClock.now()
            )
        }
    }

    private func put(
        _ run: AcceptedRun,
        _ txn: inout WriteTransaction,
        _ highest: inout UInt64
    ) throws(LMDBError) {
        var key = run.run.first.rawValue
        for entry in run.run.entries {
            // Appending fills pages completely; it is refused below the highest key.
            let mode: PutMode = key > highest ? .append : .upsert
            let slot = Slot(rawValue: key)
            try txn.reserve(
                RowCoding.byteCount(of: entry),
                for: key,
                in: tables.accepted,
                mode: mode
            ) { room in
                room.withUnsafeMutableBytes { bytes in
                    rowCoding.encode(
                        entry,
                        ballot: run.ballot,
                        isChosen: run.isChosen,
                        slot: slot,
                        into: bytes
                    )
                }
            }
            highest = max(highest, key)
            key += 1
        }
    }
}

extension StoreFailure {
    fileprivate static let closed = StoreFailure(operation: "write", code: 0, detail: "closed")
}
