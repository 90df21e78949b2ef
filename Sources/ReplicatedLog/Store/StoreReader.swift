internal import LMDB
internal import PaxosCore
internal import Platform

typealias ReadAnswer = @Sendable (Result<RowPage, ReadFailure>) -> Void

/// What waits for the reader thread.
final class ReadQueue: Sendable {
    struct Request: Sendable {
        let slots: ClosedRange<Slot>
        let maxBytes: Int
        let answer: ReadAnswer
    }

    private struct State {
        var waiting = FIFO<Request>()
        var isClosed = false
    }

    private let state = Locked(State())
    let parker = Parker()

    func submit(_ request: Request) {
        let isTaken = state.withLock { state in
            guard !state.isClosed else { return false }
            state.waiting.append(request)
            return true
        }
        if isTaken { parker.unpark() } else { request.answer(.failure(.closed)) }
    }

    func take() -> (request: Request?, isClosed: Bool) {
        state.withLock { ($0.waiting.popFirst(), $0.isClosed) }
    }

    func close() {
        state.withLock { $0.isClosed = true }
        parker.unpark()
    }
}

/// Serves reads: one renewed read transaction a request, so that no reader ever holds back pages
/// of the file for long. Used by the reader thread alone.
final class StoreReader: @unchecked Sendable {
    private var slot: ReadSlot?
    private let tables: Schema.Tables
    private let coding: RowCoding
    private let queue: ReadQueue
    private let mailbox: Mailbox
    private let counters: Locked<StoreCounters>

    init(
        slot: consuming ReadSlot,
        tables: Schema.Tables,
        coding: RowCoding,
        queue: ReadQueue,
        mailbox: Mailbox,
        counters: Locked<StoreCounters>
    ) {
        self.slot = consume slot
        self.tables = tables
        self.coding = coding
        self.queue = queue
        self.mailbox = mailbox
        self.counters = counters
    }

    /// The reader thread.
    func run() {
        while true {
            let (request, isClosed) = queue.take()
            if let request {
                request.answer(isClosed ? .failure(.closed) : read(request))
            } else if isClosed {
                slot = nil
                return
            } else {
                queue.parker.park()
            }
        }
    }

    private func read(_ request: ReadQueue.Request) -> Result<RowPage, ReadFailure> {
        if let failure = mailbox.failure { return .failure(.storeFailed(failure)) }
        var found = RowScan(slots: request.slots, maxBytes: request.maxBytes)
        do throws(TransactionError<LMDBError>) {
            try slot?.withRead { (txn: borrowing ReadTransaction) throws(LMDBError) in
                try found.read(txn, tables, coding)
            }
        } catch {
            switch error.error {
            case .corrupted, .pageNotFound, .cursorFull:
                // A page of the tree is not what was written: so is whatever row lay behind it.
                return .failure(.unreadable(found.next))
            default:
                return .failure(.storeFailed(StoreFailure("read", error.error)))
            }
        }
        if let unreadable = found.unreadable { return .failure(.unreadable(unreadable)) }
        let page = found.page
        counters.withLock { counters in
            counters.reads += 1
            counters.rowsRead += UInt64(page.rows.count)
        }
        return .success(page)
    }
}

/// Reads the rows of a range, bounded in bytes. A row takes its length on disk, so that a page of
/// no-ops is bounded too.
struct RowScan {
    let slots: ClosedRange<Slot>
    let maxBytes: Int
    private var rows: [AcceptedEntry] = []
    private var bytes = 0
    private var through: Slot
    private var ineffective: [Slot] = []
    /// The first row that is not what was written: then nothing of the page is given out, since who
    /// reads on from its end would have to be told apart from who counts it as absent (`R35`).
    private(set) var unreadable: Slot?
    /// The lowest slot not looked at yet.
    private(set) var next: Slot

    init(slots: ClosedRange<Slot>, maxBytes: Int) {
        self.slots = slots
        self.maxBytes = maxBytes
        through = slots.upperBound
        next = slots.lowerBound
    }

    var page: RowPage { RowPage(rows: rows, through: through, ineffective: ineffective) }

    mutating func read<Access>(
        _ txn: borrowing Transaction<Access>,
        _ tables: Schema.Tables,
        _ coding: RowCoding
    ) throws(LMDBError) {
        let first = slots.lowerBound.rawValue
        let last = slots.upperBound.rawValue
        try txn.forEachRow(in: tables.accepted, from: first) { key, value in
            guard key <= last else { return false }
            let slot = Slot(rawValue: key)
            guard let row = value.withUnsafeBytes({ coding.decode($0, slot: slot) }) else {
                unreadable = slot
                return false
            }
            rows.append(row)
            bytes += value.byteCount
            next = slot.next
            guard bytes < maxBytes else {
                through = slot
                return false
            }
            return true
        }
        let end = through.rawValue
        try txn.forEachRow(in: tables.ineffective, from: first) { key, _ in
            guard key <= end else { return false }
            ineffective.append(Slot(rawValue: key))
            return true
        }
    }
}
