internal import LMDB
internal import LogWire
internal import PaxosCore
internal import Platform

typealias ReadAnswer = @Sendable (Result<RowPage, ReadFailure>) -> Void

/// What waits for the reader thread.
final class ReadQueue: Sendable {
    struct Request: Sendable {
        let slots: ClosedRange<Slot>
        let maxBytes: Int
        let withEffect: Bool
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
///
/// The transaction keeps the pages from being overwritten, and LMDB follows none of them for a reader: the
/// trees are walked by `pread`, each page checked before it is followed (PageTree.swift).
final class StoreReader: @unchecked Sendable {
    private var slot: ReadSlot?
    private let file: PageFile
    private let coding: RowCoding
    private let ineffective: IneffectiveCoding
    private let queue: ReadQueue
    private let mailbox: Mailbox
    private let counters: Locked<StoreCounters>
    private let extent: Locked<LogExtent>
    private var unreadable = UnreadableSlots()

    init(
        slot: consuming ReadSlot,
        file: PageFile,
        cluster: ClusterID,
        queue: ReadQueue,
        mailbox: Mailbox,
        counters: Locked<StoreCounters>,
        extent: Locked<LogExtent>
    ) {
        self.slot = consume slot
        self.file = file
        coding = RowCoding(cluster: cluster)
        ineffective = IneffectiveCoding(cluster: cluster)
        self.queue = queue
        self.mailbox = mailbox
        self.counters = counters
        self.extent = extent
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
        var found = RowScan(request, extent: extent.withLock { $0 })
        do throws(TransactionError<Never>) {
            try scan(request, &found)
            // Again: what is met once may be the system's passing trouble.
            for _ in 0..<2 where found.unreadable != nil {
                found = RowScan(request, extent: extent.withLock { $0 })
                try scan(request, &found)
            }
        } catch {
            guard case .begin(let error) = error else { return .failure(.closed) }
            // A meta page that claims more pages than the map has.
            guard error == .mapResized else {
                return .failure(.storeFailed(StoreFailure("read", error)))
            }
            found.noteAll()
        }
        let page = found.page
        unreadable.note(found, withEffect: request.withEffect)
        counters.withLock { counters in
            counters.reads += 1
            counters.rowsRead += UInt64(page?.rows.count ?? 0)
            if found.unreadable != nil { counters.unreadableReads += 1 }
            counters.unreadableSlot = unreadable.lowest
        }
        if let page { return .success(page) }
        return .failure(.unreadable(found.unreadable ?? request.slots.lowerBound))
    }

    private func scan(
        _ request: ReadQueue.Request,
        _ found: inout RowScan
    ) throws(TransactionError<Never>) {
        // LMDB copies a meta page out of its map when a transaction begins: in a file that was cut short
        // under the node that would be a SIGBUS.
        guard (try? file.newest(isAtRest: false)) != nil else { return found.noteAll() }
        try slot?.withRead { (txn: borrowing ReadTransaction) throws(Never) in
            // Of this transaction or a later one: the pages of both are kept from being overwritten, those of
            // an older one are not.
            guard let state = try? file.newest(isAtRest: false), state.transaction >= txn.id else {
                return found.noteAll()
            }
            found.read(
                PageTree(file: file, state: state),
                coding,
                request.withEffect ? ineffective : nil
            )
        }
    }
}

/// What must be there, whatever a page of the file says.
struct LogExtent: Sendable {
    /// Every slot above the trim point up to here has a row.
    var present: Slot
    var trimmed: Slot
    /// The highest slot that is known to be without effect.
    var ineffective: Slot
}

/// Reads the rows of a range, bounded in bytes. A row takes its length on disk, so that a page of
/// no-ops is bounded too.
///
/// What is not what was written is met in its place: a row with a wrong checksum, a slot that must have a
/// row and has none, a page that cannot be followed. The rows before it are given out, and nothing
/// behind it: the next page begins there and is refused.
struct RowScan {
    let slots: ClosedRange<Slot>
    let maxBytes: Int
    private let extent: LogExtent
    private var rows: [AcceptedEntry] = []
    private var bytes = 0
    private var through: Slot
    private var ineffective: [Slot] = []
    /// The first slot that is not what was written, or, of a row that is, whose effect cannot be told.
    private(set) var unreadable: Slot?
    private(set) var isOfEffect = false
    /// The lowest slot not looked at yet.
    private var next: Slot

    init(_ request: ReadQueue.Request, extent: LogExtent) {
        slots = request.slots
        maxBytes = request.maxBytes
        self.extent = extent
        through = slots.upperBound
        next = slots.lowerBound
    }

    /// What was read; nil if not even the first slot can be told.
    var page: RowPage? {
        guard let unreadable else {
            return RowPage(rows: rows, through: through, ineffective: ineffective)
        }
        guard unreadable > slots.lowerBound else { return nil }
        return RowPage(
            rows: rows.filter { $0.slot < unreadable },
            through: unreadable.previous,
            ineffective: ineffective.filter { $0 < unreadable }
        )
    }

    mutating func read(
        _ tree: PageTree,
        _ coding: RowCoding,
        _ ineffectiveCoding: IneffectiveCoding?
    ) {
        guard let tables = try? tree.tables() else { return note(next) }
        func table(_ name: String) -> TableRecord? {
            tables.first { $0.name == Array(name.utf8) }?.record
        }
        guard let accepted = table(Schema.accepted) else { return note(next) }
        readRows(tree, accepted, coding)
        guard let ineffectiveCoding else { return }
        guard let ineffective = table(Schema.ineffective) else {
            return note(slots.lowerBound, isOfEffect: true)
        }
        readIneffective(tree, ineffective, ineffectiveCoding)
    }

    /// Nothing of it can be read.
    mutating func noteAll() { note(slots.lowerBound) }

    private mutating func note(_ slot: Slot, isOfEffect: Bool = false) {
        if let unreadable, unreadable <= slot { return }
        unreadable = slot
        self.isOfEffect = isOfEffect
    }

    /// The lowest slot from here on that must have a row.
    private var expected: Slot? {
        let slot = max(next, extent.trimmed.next)
        return slot <= min(through, extent.present) ? slot : nil
    }

    private mutating func readRows(
        _ tree: PageTree,
        _ table: TableRecord,
        _ coding: RowCoding
    ) {
        var isDamaged = false
        tree.walk(
            table,
            order: .number,
            from: .number(slots.lowerBound.rawValue),
            damaged: { _ in
                isDamaged = true
                return false
            }
        ) { key, value in
            guard case .number(let number) = key, number <= slots.upperBound.rawValue else {
                return false
            }
            let slot = Slot(rawValue: number)
            if let expected, expected < slot { return false }
            guard let row = coding.decode(value, slot: slot) else {
                isDamaged = true
                next = slot
                return false
            }
            rows.append(row)
            bytes += value.count
            next = slot.next
            guard bytes < maxBytes else {
                through = slot
                return false
            }
            return slot < slots.upperBound
        }
        if let slot = expected ?? (isDamaged ? next : nil) { note(slot) }
    }

    private mutating func readIneffective(
        _ tree: PageTree,
        _ table: TableRecord,
        _ coding: IneffectiveCoding
    ) {
        let first = slots.lowerBound
        /// The row met last, and whether what follows it is known.
        var last: Slot?
        var isKnown = false
        tree.walk(
            table,
            order: .number,
            from: .number(first.rawValue),
            damaged: { _ in
                isKnown = false
                return false
            }
        ) { key, row in
            guard case .number(let number) = key,
                let previous = coding.end(before: row, of: Slot(rawValue: number))?.slot,
                last.map({ $0 == previous }) ?? (previous < first)
            else {
                isKnown = false
                return false
            }
            isKnown = true
            let slot = Slot(rawValue: number)
            // The first row beyond tells that none before it is missing.
            guard slot <= through else { return false }
            ineffective.append(slot)
            last = slot
            // Unless it is the last of all.
            isKnown = slot >= extent.ineffective
            return true
        }
        // Whether what comes after has an effect is not known.
        let after = last?.next ?? first
        if !isKnown, last != nil || extent.ineffective >= first, after <= through {
            note(after, isOfEffect: true)
        }
    }
}
