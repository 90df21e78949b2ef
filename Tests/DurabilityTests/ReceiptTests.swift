import DiskShim
import Glibc
import PaxosCore
import Platform
import TestSupport
import Testing

@testable import LogStorage
@testable import ReplicatedLog

/// When the store gives out a receipt, to the flush (`R28`). A gate holds the flush of a commit while the next
/// batch arrives, so that the order is always the same.
@Suite(.shared) struct ReceiptTests {
    let scratch: Scratch
    let path: String

    init() throws {
        scratch = try Scratch("receipts")
        path = scratch.path + "/n1"
    }

    private func open(mapSize: Int = 64 << 20) throws -> LMDBStore {
        let membership = try Membership([1, 2, 3])
        let cluster = try ClusterID("receipts")
        // Without a runway an idle store flushes nothing.
        let configuration = try LogNode.Configuration.small(mapSize: mapSize, runwayBytes: 0)
        try LMDBStore.create(
            at: path,
            cluster: cluster,
            node: 1,
            membership: membership,
            storage: configuration.storage,
            limits: configuration.limits
        )
        return try LMDBStore.open(
            at: path,
            expecting: (cluster, 1, membership),
            storage: configuration.storage,
            limits: configuration.limits
        )
    }

    private static func rows(_ slot: UInt64, bytes: Int = 16, count: Int = 1) -> WriteRows {
        var rows = WriteRows()
        let entries = (0..<count).map { index in
            let token = Token(node: 1, boot: Boot(1), sequence: slot + UInt64(index))
            return Entry.command(
                Command(token: token, payload: [UInt8](repeating: 7, count: bytes))
            )
        }
        let run = EntryRun(first: Slot(rawValue: slot), entries: entries)
        rows.accepted = [AcceptedRun(ballot: Ballot(round: 1, node: 1), run: run)]
        return rows
    }

    /// Submits a first batch, and others while the first is being flushed: they are the second commit.
    private func submit(_ store: LMDBStore, others: [WriteRows]) {
        let flush = DiskFault(.flush, below: path, .gate)
        store.submit(WriteBatch(number: 1, rows: Self.rows(1)))
        let isFlushing = flush.awaitArrival()
        #expect(isFlushing)
        for (number, rows) in zip(UInt64(2)..., others) {
            store.submit(WriteBatch(number: number, rows: rows))
        }
        flush.release()
    }

    @Test func aBatchIsDurableWithItsOneFlush() throws {
        let store = try open()
        let listener = Listener(below: path)
        store.start(observer: listener)
        let counter = DiskCounter(below: path)
        let flush = DiskFault(.flush, below: path, .gate)
        store.submit(WriteBatch(number: 1, rows: Self.rows(1)))
        let isFlushing = flush.awaitArrival()
        #expect(isFlushing)
        // All that is written is written before it.
        #expect(counter.calls(.metaWrite) == 1 && counter.calls(.sealWrite) == 1)
        #expect(listener.now.receipts == [])
        flush.release()
        #expect(listener.wait(through: 1))
        #expect(listener.now.receipts == [.init(through: 1, flushes: 1, synchronous: 0)])
        #expect(store.counters.flushes == 1)
        store.closeAndWait()
    }

    /// Whatever came before it, and however much waits.
    @Test func eachCommitWaitsOnce() throws {
        let store = try open()
        let listener = Listener(below: path)
        store.start(observer: listener)
        submit(store, others: [Self.rows(2), Self.rows(3)])
        #expect(listener.wait(through: 3))
        for number in 4...40 as ClosedRange<UInt64> {
            store.submit(WriteBatch(number: number, rows: Self.rows(number)))
            #expect(listener.wait(through: number))
        }
        let receipts = listener.now.receipts
        #expect(receipts.map(\.through) == [1, 3] + Array(4...40))
        for (earlier, later) in zip(receipts, receipts.dropFirst()) {
            #expect(earlier.flushes + 1 == later.flushes, "receipt \(later.through)")
        }
        #expect(receipts.allSatisfy { $0.synchronous == 0 })
        #expect(store.counters.flushes == UInt64(receipts.count))
        store.closeAndWait()
    }

    /// What has no rows, or none that change anything, is no commit: LMDB writes nothing for it. The last
    /// write of a node that has nothing to tell is such a one.
    @Test(arguments: [false, true]) func whatChangesNothingIsNoCommit(isFinal: Bool) throws {
        let store = try open()
        let listener = Listener(below: path)
        store.start(observer: listener)
        var nothing = WriteRows()
        nothing.isFinal = isFinal
        submit(store, others: [nothing])
        #expect(listener.wait(through: 2))
        let expected: [Listener.Receipt] = [
            .init(through: 1, flushes: 1, synchronous: 0),
            .init(through: 2, flushes: 1, synchronous: 0),
        ]
        #expect(listener.now.receipts == expected)
        #expect(store.counters.commits == 1)
        store.closeAndWait()
    }

    @Test func aBatchWithoutRoomHoldsNoReceiptBack() throws {
        let store = try open(mapSize: 1 << 20)
        let listener = Listener(below: path)
        store.start(observer: listener)
        submit(store, others: [Self.rows(2, bytes: 16_000, count: 100)])
        #expect(listener.wait { $0.fulls == [true] })
        #expect(listener.now.receipts == [.init(through: 1, flushes: 1, synchronous: 0)])
        #expect(listener.now.failures == 0)
        store.closeAndWait()
    }

    /// The second has no receipt, wherever between its meta page and its flush it failed.
    @Test(arguments: [DiskOperation.metaWrite, .sealWrite, .flush])
    func aFailureEndsTheReceipts(_ operation: DiskOperation) throws {
        let store = try open()
        let listener = Listener(below: path)
        store.start(observer: listener)
        let fault = DiskFault(operation, below: path, nth: 2, .fail(errno: EIO))
        submit(store, others: [Self.rows(2)])
        #expect(listener.wait { $0.failures > 0 })
        #expect(fault.hits == 1)
        #expect(listener.now.receipts.map(\.through) == [1])
        store.submit(WriteBatch(number: 3, rows: Self.rows(3)))
        store.closeAndWait()
        #expect(listener.now.failures == 1)
        #expect(listener.now.receipts.count == 1)
    }
}

/// What had been flushed when each receipt was given out.
private final class Listener: StoreObserver {
    struct Receipt: Equatable {
        let through: UInt64
        /// Calls of fdatasync, and writes that waited for the disk themselves.
        let flushes: UInt64
        let synchronous: UInt64
    }

    struct Heard {
        var receipts: [Receipt] = []
        var failures = 0
        var fulls: [Bool] = []
    }

    private let counter: DiskCounter
    private let heard = Locked(Heard())
    private let signal = Parker()

    init(below path: String) { counter = DiskCounter(below: path) }

    var now: Heard { heard.withLock { $0 } }

    func durable(_ receipt: consuming DurabilityReceipt) {
        let given = Receipt(
            through: receipt.through.rawValue,
            flushes: counter.calls(.flush),
            synchronous: counter.synchronousWrites
        )
        heard.withLock { $0.receipts.append(given) }
        signal.unpark()
    }

    func failed(_ failure: StoreFailure) {
        heard.withLock { $0.failures += 1 }
        signal.unpark()
    }

    func full(_ isFull: Bool) {
        heard.withLock { $0.fulls.append(isFull) }
        signal.unpark()
    }

    /// Blocks until the condition holds; false after ten seconds.
    func wait(until condition: (Heard) -> Bool) -> Bool {
        let deadline = MonotonicClock.now().advanced(by: .seconds(60))
        while !condition(now) {
            guard MonotonicClock.now() < deadline else { return condition(now) }
            signal.park(timeout: .milliseconds(50))
        }
        return true
    }

    func wait(through number: UInt64) -> Bool {
        wait { ($0.receipts.last?.through ?? 0) >= number }
    }
}

extension LMDBStore {
    fileprivate func closeAndWait() {
        let parker = Parker()
        close { parker.unpark() }
        parker.park()
    }
}
