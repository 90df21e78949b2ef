import FailingDisks
import TestSupport
import Testing

@testable import LogStorage
@testable import PaxosCore
@testable import Platform

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

@Suite(.shared) struct StoreRoomTests {
    let directory: StoreDirectory

    init() throws { directory = try StoreDirectory() }

    @Test(arguments: [1, 4, 64])
    func aFullMapIsSaidAndReadsGoOn(mebibytes: Int) throws {
        var storage = StorageOptions.small
        storage.mapSize = mebibytes << 20
        try directory.create(storage: storage)
        let store = try directory.open(storage: storage)
        let listener = Listener()
        store.start(observer: listener)
        var id: UInt64 = 0
        while listener.now.fulls.isEmpty, id < 100_000 {
            id += 1
            store.append(id, id * 8 - 7...id * 8, bytes: 4000)
            #expect(listener.wait { !$0.fulls.isEmpty || $0.through.last?.rawValue == id })
        }
        #expect(listener.now.fulls == [true])
        // Most of the map was used, and what is in flight is still taken.
        #expect(store.counters.mapUsedBytes > storage.mapSize / 2)
        #expect(store.counters.isFull)
        store.append(id + 1, id * 8 + 1...id * 8 + 8, bytes: 1000)
        #expect(listener.wait(through: id + 1))
        #expect(try store.page(1...8).get().rows.count == 8)
        #expect(listener.now.failures.isEmpty)
        store.closeAndWait()

        // It opens full, and says so; a larger map has room.
        let again = try directory.open(storage: storage)
        let second = Listener()
        again.start(observer: second)
        #expect(second.wait { $0.fulls == [true] })
        again.closeAndWait()
        storage.mapSize *= 2
        let wider = try directory.open(storage: storage)
        let third = Listener()
        wider.start(observer: third)
        wider.append(1, id * 8 + 9...id * 8 + 16)
        #expect(third.wait(through: 1))
        #expect(third.now.fulls.isEmpty)
        wider.closeAndWait()
    }

    @Test func aBatchBeyondTheMapIsHeldAndNotLost() throws {
        var storage = StorageOptions.small
        storage.mapSize = 1 << 20
        try directory.create(storage: storage)
        let store = try directory.open(storage: storage)
        let listener = Listener()
        store.start(observer: listener)
        store.append(1, 1...4, bytes: 1000)
        store.append(2, 5...24, bytes: 60_000)
        #expect(listener.wait { $0.fulls == [true] })
        #expect(listener.now.failures.isEmpty)
        #expect(try store.page(1...24).get().rows.count <= 4)
        store.closeAndWait()
        let again = try directory.open(storage: storage)
        #expect(again.recover().last <= 4)
        again.closeAndWait()
    }

    @Test(arguments: [0, 1, 5000])
    func aSmallRunwayWorks(bytes: Int) throws {
        var storage = StorageOptions.small
        storage.runwayBytes = bytes
        try directory.create(storage: storage)
        let store = try directory.open(storage: storage)
        let listener = Listener()
        store.start(observer: listener)
        for id in 1...30 as ClosedRange<UInt64> {
            store.append(id, id...id, bytes: 10_000)
            #expect(listener.wait(through: id))
        }
        #expect(listener.now.fulls.isEmpty)
        #expect(try store.page(1...30).get().rows.count == 30)
        store.closeAndWait()
        try directory.open(storage: storage).closeAndWait()
    }

    private static var withoutRunway: StorageOptions {
        var storage = StorageOptions.small
        storage.runwayBytes = 0
        return storage
    }

    private func openWithoutRunway() throws -> (LMDBStore, Listener) {
        try directory.create(storage: Self.withoutRunway)
        let store = try directory.open(storage: Self.withoutRunway)
        let listener = Listener()
        store.start(observer: listener)
        return (store, listener)
    }

    /// Room asserts after every commit that the file reached as far as the transaction did.
    @Test func noTransactionGoesBeyondWhatWasCovered() throws {
        let (store, listener) = try openWithoutRunway()
        var generator = SystemRandomNumberGenerator()
        let sizes = [0, 10, 300, 1000, 1300, 1966, 1967, 2100, 4000, 4010, 9000, 30_000]
        for id in 1...200 as ClosedRange<UInt64> {
            store.submit(id) { rows in
                for _ in 0..<Int.random(in: 1...8, using: &generator) {
                    let first = UInt64.random(in: 1...2000, using: &generator)
                    let last = first + .random(in: 0...30, using: &generator)
                    let bytes = sizes.randomElement(using: &generator) ?? 0
                    rows.accepted.append(.commands(first...last, bytes: bytes))
                }
            }
            #expect(listener.wait(through: id))
        }
        store.closeAndWait()
        let reader = try DirectoryReader(at: directory.path)
        try reader.scanRows { row in
            if case .unreadable(let slot) = row { Issue.record("slot \(slot)") }
            return true
        }
    }

    /// Story: a follower that had been away fetched a thousand rows at once, each a run of its own, and
    /// 32 KiB were asked of a small disk for every one of them: it stayed full for ever.
    @Test func manyRunsTakeNoMoreThanTheirRows() throws {
        let (store, listener) = try openWithoutRunway()
        // Every other slot, and then those between, each of which has to find its place.
        for first in 1...2 as ClosedRange<UInt64> {
            store.submit(first) { rows in
                rows.accepted = stride(from: 3 - first, to: 4_000, by: 2).map {
                    .commands($0...$0, bytes: 10)
                }
            }
            #expect(listener.wait(through: first))
        }
        let before = try FileSystem.fileLength(directory.path + "/log.mdb")
        store.submit(3) { rows in
            rows.accepted = (20_000..<22_000).map { .commands($0...$0, bytes: 10) }
        }
        #expect(listener.wait(through: 3))
        store.closeAndWait()
        let after = try FileSystem.fileLength(directory.path + "/log.mdb")
        #expect(before < 8 << 20)
        #expect(after - before < 2 << 20)
    }

    /// A session with many gaps in its sequences is long.
    @Test func aLongCheckpointIsCovered() throws {
        let (store, listener) = try openWithoutRunway()
        let ranges = (1...60_000 as ClosedRange<UInt64>).map { 3 * $0...3 * $0 }
        let session = LogState.Session(
            node: 1,
            boot: Boot(1),
            delivered: try #require(NumberRanges(sorted: ranges))
        )
        let state = try #require(LogState(sessions: [session]))
        store.submit(1) { rows in
            rows.accepted = [.commands(1...2)]
            rows.committed = 2
            rows.checkpoint = Checkpoint(slot: 1, digest: .empty, state: state)
        }
        #expect(listener.wait(through: 1))
        store.closeAndWait()
        let again = try directory.open(storage: Self.withoutRunway)
        #expect(again.recover().checkpoint.state == state)
        again.closeAndWait()
    }

    @Test func aFullDiskIsSaidAndGoesAway() throws {
        guard let disk = SmallDisk(below: directory.root, mebibytes: 24) else { return }
        let path = disk.mountPoint + "/n1"
        var storage = StorageOptions.small
        storage.runwayBytes = 4 << 20
        let membership = directory.membership
        try LMDBStore.create(
            at: path,
            cluster: directory.cluster,
            node: 1,
            membership: membership,
            storage: storage
        )
        let store = try LMDBStore.open(
            at: path,
            expecting: nil,
            storage: storage,
            limits: .small
        )
        let listener = Listener()
        store.start(observer: listener)
        // Somebody else takes the disk.
        disk.fill()
        var id: UInt64 = 0
        while listener.now.fulls.isEmpty, id < 10_000 {
            id += 1
            store.append(id, id * 8 - 7...id * 8, bytes: 4000)
            #expect(listener.wait { !$0.fulls.isEmpty || $0.through.last?.rawValue == id })
        }
        #expect(listener.now.fulls == [true])
        // All that may be in flight is still taken, twice.
        for _ in 0..<2 * Limits.small.pipelineBytes / 32_000 {
            id += 1
            store.append(id, id * 8 - 7...id * 8, bytes: 4000)
            #expect(listener.wait(through: id))
        }
        #expect(listener.now.failures.isEmpty)
        #expect(try store.page(1...8).get().rows.count == 8)
        try disk.free()
        #expect(listener.wait { $0.fulls == [true, false] })
        store.append(id + 1, id * 8 + 1...id * 8 + 8)
        #expect(listener.wait(through: id + 1))
        // And once more, with what is far more than the reserve: it waits, and is written in the end.
        disk.fill()
        store.append(id + 2, id * 8 + 9...id * 8 + 208, bytes: 40_000)
        #expect(listener.wait { $0.fulls.last == true })
        #expect(listener.now.through.last == WriteID(id + 1))
        try disk.free()
        #expect(listener.wait(through: id + 2))
        #expect(listener.wait { $0.fulls == [true, false, true, false] })
        #expect(listener.now.failures.isEmpty)
        store.closeAndWait()
    }
}
