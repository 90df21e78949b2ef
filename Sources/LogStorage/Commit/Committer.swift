internal import LMDB
internal import PaxosCore
internal import Platform

/// The store thread: takes what waits, commits it, receipts it. Used by that thread alone, once `open`
/// has handed it over.
final class Committer: @unchecked Sendable {
    /// How often a full store looks for room again.
    private static let retryInterval = Duration.milliseconds(200)
    /// How often it looks whether the file still has its name.
    private static let lookInterval = Duration.seconds(1)
    /// How long nothing must have come before an idle store writes zeros: far longer than the pause
    /// between two appends of one client.
    private static let idleDelay = Duration.milliseconds(20)
    /// How long nothing must have been written before the last transaction is marked as flushed: far longer than
    /// the pause between two appends of a client, whose flushes would be twice as many.
    static let confirmingDelay = Duration.seconds(1)

    /// How many transactions that trim alone are made at once.
    private static let trimsAtOnce = 32

    /// How much of what a base has left behind goes with one transaction while nothing waits.
    private static let sweepBytes = 1 << 20

    private let writeQueue: WriteQueue
    private let counters: Locked<StoreCounters>
    private let writes: ThreadWrites
    private let extent: Locked<LogExtent>
    private var log: LogWriter
    private var observer: (any StoreObserver)?
    /// A group for which there was no room: kept, joined by what comes, and tried again.
    private var held: WriteBatch?
    /// How many of its entries are on the disk already.
    private var heldEntries = 0
    /// When the last transaction is to be marked; nil if it is, or there was none.
    private var confirmAt: MonotonicInstant? = MonotonicClock.now().advanced(by: confirmingDelay)
    private var retryAt = MonotonicInstant(nanoseconds: 0)
    private var lookAt = MonotonicInstant(nanoseconds: 0)
    private var isFull = false
    private var hasFailed = false

    init(
        writeQueue: WriteQueue,
        counters: Locked<StoreCounters>,
        writes: ThreadWrites,
        extent: Locked<LogExtent>,
        log: consuming LogWriter
    ) {
        self.writeQueue = writeQueue
        self.counters = counters
        self.writes = writes
        self.extent = extent
        self.log = log
        self.log.room.beginCounting(writes)
    }

    /// The store thread.
    func run() {
        writes.begin()
        while turn() {}
        held.take()?.abandon()
        observer = nil
        writeQueue.end()
        writes.end()
        log.close()
    }

    /// One group, or one piece of idle work, or one sleep; false at the end.
    private func turn() -> Bool {
        let now = MonotonicClock.now()
        if now >= lookAt { look(now) }
        if let noteAt = log.noteAt, now >= noteAt { log.note() }
        if isFull, !hasFailed, now >= retryAt { retry() }
        var taken = writeQueue.take()
        if observer == nil, let found = taken.observer {
            observer = found
            reportRoom()
        }
        if let batch = taken.batch.take() {
            take(batch, merged: taken.merged)
            return true
        }
        if taken.isClosing {
            // What had no room gets a last chance, and is then given up with the store.
            if held != nil, !hasFailed { write() }
            if !hasFailed { mark() }
            return false
        }
        rest()
        return true
    }

    private func take(_ batch: consuming WriteBatch, merged: Int) {
        counters.withLock { counters in
            counters.batches += UInt64(merged)
            counters.largestGroup = max(counters.largestGroup, UInt64(merged))
        }
        if var waiting = held.take() {
            waiting.merge(batch)
            held = consume waiting
        } else {
            held = consume batch
            write()
        }
    }

    /// The directory of a running node is sometimes removed or replaced, by mistake. The file goes on as
    /// long as it is open, and is gone with the process: then nothing more may be acknowledged.
    private func look(_ now: MonotonicInstant) {
        lookAt = now.advanced(by: Self.lookInterval)
        guard !hasFailed, observer != nil, !log.hasItsName else { return }
        let path = log.room.path
        latch(
            StoreFailure(
                operation: "look",
                code: PosixError.missing,
                detail: "\(path) is not the file that is open any more: removed or replaced"
            )
        )
    }

    /// Commits the group in hand, if it writes anything, and receipts it.
    private func write() {
        guard let batch = held.take() else { return }
        var rows = LogWriter.rows(of: batch.rows)
        // Of other rows than those that were written in parts before the base came.
        if rows.base != nil { heldEntries = 0 }
        let trim = log.planTrim(through: rows.trimmed)
        rows.trimmed = trim?.through
        guard batch.rows.needsFlush, log.changesAnything(rows) else {
            // Whatever came before it is durable.
            log.keep(rows)
            counters.withLock { $0.unwritten += 1 }
            acknowledge(batch)
            return
        }
        let sweep = rows.base == nil ? log.planSweep() : nil
        switch commitOrTrim(rows, trim, sweep) {
        case .committed(let nanoseconds):
            heldEntries = 0
            count(.nanoseconds(nanoseconds), rows: batch.rows)
            acknowledge(batch)
            confirmAt = MonotonicClock.now().advanced(by: Self.confirmingDelay)
            keepAhead()
        case .noRoom:
            if hasFailed { return batch.abandon() }
            held = consume batch
            reportRoom()
        case .failed(let failure):
            batch.abandon()
            latch(failure)
        }
    }

    /// Readers see a transaction before its flush returns: what it deletes is said to be trimmed before it is
    /// gone, or they would miss rows. Not before there is room for it, as far as that can be told.
    ///
    /// Rows that a base has left behind go along, unless there is much to write in their place.
    private func commit(
        _ rows: WriteRows,
        _ trim: LogWriter.Trim?,
        _ sweep: LogWriter.Sweep? = nil
    ) -> LogWriter.Outcome {
        let extent = extent
        let outcome = log.commit(rows, trim, sweep) {
            if let trim { extent.withLock { $0.trim(through: trim.through, trim.base) } }
            if let base = rows.base { extent.withLock { $0.trim(through: base.slot, base) } }
        }
        let reach = log.extent
        extent.withLock { $0.follow(reach) }
        return outcome
    }

    /// Of a group for which there is no room, what may be trimmed goes first; if nothing may, since the checkpoint that
    /// it rests on is in the group, then with the group as little of it as goes without room; and at last the
    /// group in parts.
    private func commitOrTrim(
        _ rows: WriteRows,
        _ trim: LogWriter.Trim?,
        _ sweep: LogWriter.Sweep?
    ) -> LogWriter.Outcome {
        let outcome = commit(rows, trim, sweep)
        guard case .noRoom = outcome else { return outcome }
        // What is deleted may make the room, at the next try. More of it than is asked for now: no more will be
        // before the receipt of this group.
        let most = max(trim?.through ?? .zero, rows.trimmable ?? .zero)
        var left = Self.trimsAtOnce
        while left > 0, sweepAlone() || trimAlone(through: most, rows.cursors) { left -= 1 }
        guard left == Self.trimsAtOnce, !hasFailed else { return outcome }
        var (rows, trim) = (rows, trim)
        if let asked = trim, asked.bytes > LogWriter.trimBytesWithoutRoom {
            trim = log.planTrim(through: asked.through, bytes: LogWriter.trimBytesWithoutRoom)
            rows.trimmed = trim?.through
            let outcome = commit(rows, trim)
            guard case .noRoom = outcome else { return outcome }
        }
        return commitInParts(rows, trim)
    }

    /// A group for which the end of the file is too short: rows first, and with the last of them the rest. A crash
    /// in between leaves rows that nobody was told of.
    private func commitInParts(_ rows: WriteRows, _ plan: LogWriter.Trim?) -> LogWriter.Outcome {
        var (rest, trim) = (rows, plan)
        rest.accepted = rows.accepted.split(at: heldEntries).rest
        while true {
            let outcome = commit(rest, trim)
            guard case .noRoom(inFile: true) = outcome, let cut = log.part(of: rest) else {
                return outcome
            }
            let written = commit(cut.part, nil)
            guard case .committed(let nanoseconds) = written else { return written }
            count(.nanoseconds(nanoseconds), rows: WriteRows())
            heldEntries += cut.part.accepted.reduce(0) { $0 + $1.run.entries.count }
            rest = cut.rest
            // What was read for it was of the pages before this part.
            trim = log.planTrim(through: rest.trimmed, bytes: LogWriter.trimBytesWithoutRoom)
            rest.trimmed = trim?.through
        }
    }

    /// Of a group for which there is no room, what it trims: no more than what is on the disk allows. False if
    /// nothing is left of that, or it needs room itself.
    private func trimAlone(through asked: Slot?, _ cursors: [CursorRecord]?) -> Bool {
        var rows = WriteRows()
        // The trim rests on where they stand, and the group may never get there.
        rows.cursors = cursors?.map { cursor in
            CursorRecord(name: cursor.name, slot: min(cursor.slot, log.committed))
        }
        let through = asked.map { min($0, log.committed, log.checkpoint) }
        guard let trim = log.planTrim(through: through, bytes: LogWriter.trimBytesWithoutRoom)
        else { return false }
        rows.trimmed = trim.through
        return commitAlone(rows, trim)
    }

    /// Rows that a base has left behind, as many as go with one transaction. False if none are left, or for want of room.
    private func sweepAlone(bytes: Int = LogWriter.trimBytesWithoutRoom) -> Bool {
        guard !hasFailed, let sweep = log.planSweep(bytes: bytes) else { return false }
        return commitAlone(WriteRows(), nil, sweep)
    }

    /// One transaction beside those of the groups. False if there is no room for it.
    private func commitAlone(
        _ rows: WriteRows,
        _ trim: LogWriter.Trim?,
        _ sweep: LogWriter.Sweep? = nil
    ) -> Bool {
        switch commit(rows, trim, sweep) {
        case .committed(let nanoseconds):
            count(.nanoseconds(nanoseconds), rows: rows)
            confirmAt = MonotonicClock.now().advanced(by: Self.confirmingDelay)
            return true
        case .noRoom: return false
        case .failed(let failure):
            latch(failure)
            return false
        }
    }

    /// Nothing waits: some of what a base has left behind goes. A full store begins with what goes without room, or
    /// it would stay full of what nobody reads. False if none is left, or it needs room itself.
    private func sweepIdle() -> Bool {
        guard log.leftFrom != nil else { return false }
        let most = isFull ? LogWriter.trimBytesWithoutRoom : Self.sweepBytes
        guard sweepAlone(bytes: most) else { return false }
        reportRoom()
        return true
    }

    /// Marks the last transaction as flushed: nothing is written for a while, or any more.
    private func mark() {
        confirmAt = nil
        do throws(LMDBError) {
            guard try log.confirm() else { return }
        } catch {
            return latch(StoreFailure("confirm", error))
        }
        counters.withLock { $0.confirmingFlushes += 1 }
    }

    /// The only place where testimony is let go: the flush that covers it has returned (`R28`).
    private func acknowledge(_ batch: consuming WriteBatch) {
        let receipt = batch.markedDurable(
            written: log.lastWrite,
            trimmed: log.trimmed,
            liveBytes: log.room.live
        )
        observer?.durable(receipt)
    }

    // MARK: - Room

    private func keepAhead() {
        do throws(PosixError) {
            try log.room.keepAhead()
        } catch {
            return latch(StoreFailure(error))
        }
        reportRoom()
    }

    /// Nothing waits: looks for room, fills the runway, or sleeps.
    private func rest() {
        let parker = writeQueue.parker
        if hasFailed || observer == nil { return parker.park() }
        if let confirmAt, MonotonicClock.now() >= confirmAt { return mark() }
        if sweepIdle() { return }
        if isFull {
            parker.park(until: min(retryAt, lookAt))
        } else if log.room.wantsFilling() {
            if !parker.park(timeout: Self.idleDelay) { fill() }
        } else {
            parker.park(until: min(lookAt, log.noteAt ?? lookAt, confirmAt ?? lookAt))
        }
    }

    /// By the clock and not by idleness: what is in flight may keep the store busy.
    private func retry() {
        retryAt = MonotonicClock.now().advanced(by: Self.retryInterval)
        do throws(PosixError) {
            try log.room.retry()
        } catch {
            return latch(StoreFailure(error))
        }
        write()
        if !hasFailed { reportRoom() }
    }

    /// One step, flushed at once: left dirty, its zeros would be flushed by the next commit.
    private func fill() {
        do throws(PosixError) {
            guard try log.room.fillStep() == .done else { return reportRoom() }
        } catch {
            return latch(StoreFailure(error))
        }
        do throws(LMDBError) {
            try log.sync()
        } catch {
            return latch(StoreFailure("flush", error))
        }
        counters.withLock { $0.runwayFlushes += 1 }
        reportRoom()
    }

    private func reportRoom() {
        let full = held != nil || log.room.isFull
        counters.withLock { counters in
            counters.mapUsedBytes = log.room.live
            counters.runwayBytes = log.room.runwayLeft
            counters.runwayBytesWritten = log.room.written
            counters.extensions = log.room.extensions
            counters.isFull = full
        }
        guard full != isFull else { return }
        isFull = full
        retryAt = MonotonicClock.now().advanced(by: Self.retryInterval)
        observer?.full(full)
    }

    // MARK: - Failing

    /// Says so once, and nothing more (`R30`).
    private func latch(_ failure: StoreFailure) {
        hasFailed = true
        held.take()?.abandon()
        writeQueue.fail(failure)
        observer?.failed(failure)
    }

    private func count(_ time: Duration, rows: WriteRows) {
        let written = rows.accepted.reduce(0) { $0 + $1.run.entries.count }
        let payload = rows.payloadBytes
        counters.withLock { counters in
            counters.commits += 1
            counters.flushes += 1
            counters.flushTime += time
            counters.lastFlushTime = time
            counters.rows += UInt64(written)
            counters.payloadBytes += UInt64(payload)
        }
    }
}

extension StoreFailure {
    init(_ operation: String, _ error: LMDBError) {
        self.init(operation: operation, code: error.code, detail: "\(error)")
    }

    init(_ error: PosixError) {
        self.init(operation: error.operation, code: error.code, detail: error.description)
    }
}

extension LMDBError {
    /// The disk or its quota is full, as the operating system says.
    var isFull: Bool { PosixError(code: code, operation: "", path: "").isFull }

    /// There is no room in the address space.
    var isNoMemory: Bool { PosixError(code: code, operation: "", path: "").isNoMemory }
}
