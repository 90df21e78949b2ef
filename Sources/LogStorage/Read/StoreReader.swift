internal import LMDB
internal import LogWire
internal import PaxosCore
internal import Platform

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
    private let writeQueue: WriteQueue
    private let counters: Locked<StoreCounters>
    private let extent: Locked<LogExtent>
    private var unreadable = UnreadableSlots()

    init(
        slot: consuming ReadSlot,
        file: PageFile,
        cluster: ClusterID,
        queue: ReadQueue,
        writeQueue: WriteQueue,
        counters: Locked<StoreCounters>,
        extent: Locked<LogExtent>
    ) {
        self.slot = consume slot
        self.file = file
        coding = RowCoding(cluster: cluster)
        ineffective = IneffectiveCoding(cluster: cluster)
        self.queue = queue
        self.writeQueue = writeQueue
        self.counters = counters
        self.extent = extent
    }

    /// The reader thread.
    func run() {
        while true {
            let (request, isClosed) = queue.take()
            if let request {
                if isClosed { request.fail(.closed) } else { serve(request) }
            } else if isClosed {
                slot = nil
                return
            } else {
                queue.parker.park()
            }
        }
    }

    private func serve(_ request: ReadQueue.Request) {
        switch request.answer {
        case .rows(let answer): answer(read(request, as: AcceptedEntry.self))
        case .payloads(let answer): answer(read(request, as: HeldPayload.self))
        }
    }

    private func read<Row: ScannedRow>(
        _ request: ReadQueue.Request,
        as row: Row.Type
    ) -> Result<Row.Page, ReadFailure> {
        if let failure = writeQueue.failure { return .failure(.storeFailed(failure)) }
        var found = RowScan<Row>(request, extent: extent.withLock { $0 })
        do throws(TransactionError<Never>) {
            try scan(request, &found)
            // Again: what is met once may be the system's passing trouble.
            for _ in 0..<2 where found.unreadable != nil {
                found = RowScan<Row>(request, extent: extent.withLock { $0 })
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
        // Said before the rows are gone, so whoever has missed some finds it here.
        let (trimmed, base) = extent.withLock { ($0.trimmed, $0.base) }
        if request.slots.lowerBound <= trimmed {
            return .failure(.trimmed(through: trimmed, base: base))
        }
        let page = found.page
        unreadable.forget(through: trimmed)
        unreadable.note(found, withEffect: request.withEffect)
        counters.withLock { counters in
            counters.reads += 1
            counters.rowsRead += UInt64(page == nil ? 0 : found.count)
            if found.unreadable != nil { counters.unreadableReads += 1 }
            counters.unreadableSlot = unreadable.lowest
        }
        if let page { return .success(page) }
        return .failure(.unreadable(found.unreadable ?? request.slots.lowerBound))
    }

    private func scan<Row: ScannedRow>(
        _ request: ReadQueue.Request,
        _ found: inout RowScan<Row>
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
