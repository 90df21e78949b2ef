import TestSupport
import Testing

@testable import LogStorage
@testable import PaxosCore
@testable import Platform

@Suite(.shared) struct StoreGroupTests {
    let directory: StoreDirectory

    init() throws {
        directory = try StoreDirectory()
        try directory.create()
    }

    @Test func whatWaitsIsOneTransaction() throws {
        let store = try directory.open()
        for id in 1...100 as ClosedRange<UInt64> { store.append(id, id...id) }
        let listener = Listener()
        store.start(observer: listener)
        #expect(listener.wait(through: 100))
        let counters = store.counters
        #expect(listener.now.through == [WriteID(100)])
        #expect(counters.commits == 1)
        #expect(counters.largestGroup == 100)
        #expect(counters.batches == 100)
        #expect(counters.rows == 100)
        #expect(counters.payloadBytes == 1600)
        #expect(counters.queuedBytes == 0)
        #expect(counters.lastFlushTime > .zero)
        #expect(try store.page(1...100).get().rows.count == 100)
        store.closeAndWait()
    }

    @Test func receiptsComeInOrderAndAfterTheRowsAreThere() throws {
        let store = try directory.open()
        let listener = Listener()
        store.start(observer: listener)
        for id in 1...200 as ClosedRange<UInt64> {
            store.append(id, id...id)
            if id % 20 == 0 {
                #expect(listener.wait(through: id))
                #expect(try store.page(id...id).get().rows.map(\.slot.rawValue) == [id])
            }
        }
        let through = listener.now.through
        #expect(through == through.sorted())
        #expect(through.last == WriteID(200))
        store.closeAndWait()
    }

    @Test func aBatchWithoutRowsCostsNoFlush() throws {
        let store = try directory.open()
        let listener = Listener()
        store.start(observer: listener)
        store.submit(1) { _ in }
        #expect(listener.wait(through: 1))
        #expect(store.counters.commits == 0)
        #expect(store.counters.unwritten == 1)
        store.closeAndWait()
    }

    @Test func whatCameWithoutAFlushGoesWithTheNextOne() throws {
        var store = try directory.open()
        let listener = Listener()
        store.start(observer: listener)
        store.append(1, 1...3)
        #expect(listener.wait(through: 1))
        store.submit(2) { rows in
            rows.committed = 2
            rows.ineffective = [1]
        }
        #expect(listener.wait(through: 2))
        store.append(3, 4...4)
        #expect(listener.wait(through: 3))
        #expect(store.counters.commits == 2)
        store.closeAndWait()
        store = try directory.open()
        #expect(store.recover().committed == 2)
        #expect(try store.page(1...4).get().ineffective == [1])
        store.closeAndWait()
    }

    @Test func slotsAreReplacedAndFilledInAnyOrder() throws {
        let store = try directory.open()
        let listener = Listener()
        store.start(observer: listener)
        let later = Ballot(round: 2, node: 2)
        store.append(1, 5...8)
        store.append(2, 1...2)
        store.submit(3) { $0.accepted = [.commands(6...7, bytes: 3000, ballot: later)] }
        #expect(listener.wait(through: 3))
        let rows = try store.page(1...8).get().rows
        #expect(rows.map(\.slot.rawValue) == [1, 2, 5, 6, 7, 8])
        #expect(rows.map(\.ballot.round) == [1, 1, 1, 2, 2, 1])
        #expect(rows[3].entry == .testCommand(6, bytes: 3000))
        store.closeAndWait()
    }

    @Test func aReadIsBoundedInBytesAndGoesOnFromItsEnd() throws {
        let store = try directory.open()
        let listener = Listener()
        store.start(observer: listener)
        store.append(1, 1...20, bytes: 1000)
        #expect(listener.wait(through: 1))
        var from: UInt64 = 1
        var slots: [UInt64] = []
        while from <= 20 {
            let page = try store.page(from...20, maxBytes: 3000).get()
            #expect((1...3).contains(page.rows.count))
            slots += page.rows.map(\.slot.rawValue)
            from = page.through.rawValue + 1
        }
        #expect(slots == Array(1...20))
        #expect(try store.page(7...9, maxBytes: 1).get().rows.map(\.slot) == [7])
        #expect(try store.page(30...40).get() == RowPage(rows: [], through: 40))
        store.closeAndWait()
    }

    @Test func anIdleStoreNeitherWritesNorFlushes() throws {
        let store = try directory.open()
        let listener = Listener()
        store.start(observer: listener)
        store.append(1, 1...50)
        #expect(listener.wait(through: 1))
        // The runway is whole, and the last transaction marked, when two looks, further apart than the steps,
        // see the same.
        var before = store.counters
        let pause = Parker()
        for _ in 0..<600 {
            pause.park(timeout: .milliseconds(100))
            let now = store.counters
            if now == before, now.confirmingFlushes == 1 { break }
            before = now
        }
        pause.park(timeout: .milliseconds(300))
        #expect(store.counters == before)
        #expect(before.runwayBytes >= 3 << 18)
        store.closeAndWait()
    }

    @Test func theBytesThatLMDBWroteAreCounted() throws {
        // The opening has a runway to fill, which is none of them.
        var storage = StorageOptions.small
        storage.runwayBytes = 6 << 20
        let store = try directory.open(storage: storage)
        let listener = Listener()
        store.start(observer: listener)
        store.append(1, 1...200, bytes: 1000)
        #expect(listener.wait(through: 1))
        let counters = store.counters
        #if os(Linux)
        let written = try #require(counters.bytesWritten)
        #expect(written > 200_000 && written < 400_000, "\(written)")
        #endif
        #expect(counters.flushes == 1)
        store.closeAndWait()
    }

    /// The writer checks the way to each row that it puts in the place of another, and no way twice.
    @Test func theSlotsBelowTheLastRowAreTold() {
        func below(_ highest: UInt64, _ runs: [ClosedRange<UInt64>]) -> [ClosedRange<UInt64>] {
            runs.map { Slot(rawValue: $0.lowerBound)...Slot(rawValue: $0.upperBound) }
                .below(Slot(rawValue: highest))
                .map { $0.lowerBound.rawValue...$0.upperBound.rawValue }
        }
        #expect(below(0, [1...5]) == [])
        #expect(below(9, [10...12, 13...13]) == [])
        #expect(below(9, [9...9]) == [9...9])
        #expect(below(9, [8...12, 13...14]) == [8...9])
        #expect(below(9, [1...2, 3...4, 6...6, 7...20]) == [1...4, 6...9])
        // Written again within the group, and before what came first.
        #expect(below(9, [4...6, 5...8, 4...4]) == [4...8])
        #expect(below(9, [4...6, 1...3]) == [4...6, 1...3])
        for highest in 0...7 as ClosedRange<UInt64> {
            for first in 1...7 as ClosedRange<UInt64> {
                for last in first...7 {
                    for second in 1...7 as ClosedRange<UInt64> {
                        let runs = [first...last, second...7]
                        let told = Set(below(highest, runs).flatMap { Array($0) })
                        let put = Set(runs.flatMap { Array($0) }.filter { $0 <= highest })
                        #expect(told == put)
                    }
                }
            }
        }
    }
}
