import FailingDisks
import LogWire
import TestSupport
import Testing

@testable import PaxosCore
@testable import LogStorage

/// Rows that are deleted on purpose: with what they did, behind watermark and checkpoint, and no others.
@Suite(.shared) struct StoreTrimTests {
    let directory: StoreDirectory

    init() throws { directory = try StoreDirectory() }

    /// What the tokens of `testCommand` up to a slot have used up.
    private static func state(through slot: UInt64) -> LogState {
        var state = LogState()
        for sequence in 1...slot {
            state.consume(Token(node: 1, boot: Boot(1), sequence: sequence))
        }
        return state
    }

    /// All that is needed to trim anything up to a slot. An opening asks for the digest where the base is of
    /// the same slot.
    private static func commit(
        _ rows: inout WriteRows,
        through slot: UInt64,
        digest: PrefixDigest = .empty
    ) {
        rows.committed = Slot(rawValue: slot)
        rows.checkpoint = Checkpoint(
            slot: Slot(rawValue: slot),
            digest: digest,
            state: state(through: slot)
        )
    }

    /// A store of ten rows. What goes was durable before: a node trims below the watermark on its disk.
    private func filled() throws -> (LMDBStore, Listener) {
        try directory.create()
        let store = try directory.open()
        let listener = Listener()
        store.start(observer: listener)
        store.append(1, 1...10)
        #expect(listener.wait(through: 1))
        return (store, listener)
    }

    private static func trimmed(_ result: Result<RowPage, ReadFailure>) -> Slot? {
        if case .failure(.trimmed(let slot, _)) = result { slot } else { nil }
    }

    @Test func whatIsTrimmedIsGoneAndSaidSo() throws {
        let (store, listener) = try filled()
        store.submit(2) { rows in
            Self.commit(&rows, through: 10)
            rows.ineffective = [2, 7]
            rows.trimmed = 4
        }
        #expect(listener.wait(through: 2))
        func check(_ store: LMDBStore) throws {
            #expect(Self.trimmed(store.page(1...10)) == 4)
            #expect(Self.trimmed(store.page(4...4)) == 4)
            let page = try store.page(5...20).get()
            #expect(page.rows.map(\.slot) == (5...10).map { Slot(rawValue: $0) })
            #expect(page.ineffective == [7])
            #expect(store.base.slot == 4)
            #expect(store.base.state == Self.state(through: 4))
        }
        try check(store)
        store.closeAndWait()
        let again = try directory.open()
        #expect(again.recover().trimmed == 4)
        #expect(again.recover().base == store.base)
        try check(again)
        again.closeAndWait()
        let reader = try DirectoryReader(at: directory.path)
        #expect(try reader.scanIneffective(trimmed: 4) { Issue.record("\($0)") } == [7])
        #expect(try reader.usage().rows == 6)
    }

    /// Everything can go, and the log goes on behind it; the next base is made of the one before.
    @Test func everythingCanGo() throws {
        let (store, listener) = try filled()
        store.submit(2) { rows in
            Self.commit(&rows, through: 10)
            rows.ineffective = [3]
            rows.trimmed = 10
        }
        store.append(3, 11...20)
        #expect(listener.wait(through: 3))
        store.submit(4) { rows in
            Self.commit(&rows, through: 20)
            rows.trimmed = 15
        }
        store.append(5, 21...21)
        #expect(listener.wait(through: 5))
        #expect(listener.now.failures.isEmpty)
        #expect(store.base.state == Self.state(through: 15))
        store.closeAndWait()
        let again = try directory.open()
        #expect(again.recover().trimmed == 15)
        #expect(try again.page(16...30).get().rows.count == 6)
        again.closeAndWait()
    }

    /// Base and checkpoint are made of the same rows: of one slot they say the same, or one of the two is wrong.
    @Test func aBaseBesideAnotherCheckpointIsRefused() throws {
        let (store, listener) = try filled()
        store.submit(2) { rows in
            Self.commit(&rows, through: 4)
            rows.trimmed = 4
        }
        #expect(listener.wait(through: 2))
        store.closeAndWait()
        guard case .corrupt = directory.refusal() else { return #expect(Bool(false)) }
    }

    /// A base is never within a batch, and the trim point may be: the rest of the batch stays.
    @Test func aTrimWithinABatchKeepsItsEnd() throws {
        let token = Token(node: 1, boot: Boot(1), sequence: 1)
        let entries = (0..<4).map { index in
            Entry.command(Command(token: token, index: UInt32(index), count: 4, payload: [7]))
        }
        var used = LogState()
        used.consume(token)
        try directory.create()
        let store = try directory.open()
        let listener = Listener()
        store.start(observer: listener)
        store.submit(1) { rows in
            rows.accepted = [
                AcceptedRun(
                    ballot: Ballot(round: 1, node: 1),
                    run: EntryRun(first: 1, entries: entries)
                )
            ]
        }
        #expect(listener.wait(through: 1))
        for (write, through) in [(2, 2), (3, 3), (4, 4)] as [(UInt64, UInt64)] {
            store.submit(write) { rows in
                if write == 2 {
                    rows.committed = 4
                    rows.checkpoint = Checkpoint(slot: 4, digest: .empty, state: used)
                }
                rows.trimmed = Slot(rawValue: through)
            }
            #expect(listener.wait(through: write))
            #expect(store.base.slot == 4)
            #expect(store.base.state == used)
            if through < 4 {
                let slot = Slot(rawValue: through + 1)
                #expect(try store.page(through + 1...4).get().rows.first?.slot == slot)
            }
        }
        store.closeAndWait()
    }

    /// Readers see a transaction before its flush has returned: what goes is said to be trimmed before it is gone, or
    /// a read in between would take it for lost.
    @Test func aReadThatMeetsATrimIsToldSo() throws {
        try directory.create()
        let store = try directory.open()
        let listener = Listener()
        store.start(observer: listener)
        store.append(1, 1...600)
        store.submit(2) { Self.commit(&$0, through: 600) }
        #expect(listener.wait(through: 2))
        var write: UInt64 = 2
        for first in stride(from: 1, to: 600, by: 10) as StrideTo<UInt64> {
            let last = Slot(rawValue: first + 9)
            write += 1
            store.submit(write) { $0.trimmed = last }
            repeat {
                switch store.page(first...first + 9) {
                case .success(let page): #expect(page.rows.first?.slot.rawValue == first)
                case .failure(.trimmed(let through, _)): #expect(through == last)
                case .failure(let failure): Issue.record("\(failure)")
                }
            } while listener.now.through.last != WriteID(write) && listener.now.failures.isEmpty
        }
        #expect(listener.now.failures.isEmpty)
        #expect(store.counters.unreadableReads == 0)
        store.closeAndWait()
    }

    /// LMDB fills a leaf that is nearly empty from the next one, which holds none of what goes.
    @Test func theLeafBehindATrimIsLookedAt() throws {
        try directory.create()
        let store = try directory.open()
        let listener = Listener()
        store.start(observer: listener)
        store.append(1, 1...60, bytes: 900)
        store.submit(2) { Self.commit(&$0, through: 60) }
        #expect(listener.wait(through: 2))
        let leaves = try directory.leaves(of: "accepted")
        let (leaf, next) = (leaves[3], leaves[4])
        #expect(leaf.slots.count > 1)
        // It says that it is another page: LMDB looks at the kind of a page and not at that.
        let number = try directory.bytes(of: next.page)[0]
        try directory.overwrite([number ^ 1], at: Int(next.page) * 4096)
        store.submit(3) { $0.trimmed = Slot(rawValue: leaf.slots.upperBound - 1) }
        #expect(listener.wait { !$0.failures.isEmpty })
        #expect(store.base.slot == .zero)
        store.closeAndWait()
    }

    /// The pages of what goes are used for what comes: the file stops growing.
    @Test func roomIsUsedAgain() throws {
        try directory.create()
        let store = try directory.open()
        let listener = Listener()
        store.start(observer: listener)
        var write: UInt64 = 0
        var grown: [Int] = []
        for round in 0..<60 as Range<UInt64> {
            write += 1
            let first = round * 50 + 1
            store.append(write, first...first + 49, bytes: 1_000)
            #expect(listener.wait(through: write))
            write += 1
            store.submit(write) { rows in
                Self.commit(&rows, through: first + 49)
                if round > 1 { rows.trimmed = Slot(rawValue: first - 51) }
            }
            #expect(listener.wait(through: write))
            grown.append(store.counters.mapUsedBytes)
        }
        #expect(grown[59] <= grown[20] + 32 * 4_096)
        store.closeAndWait()
        let used = try DirectoryReader(at: directory.path).usage().usedBytes
        #expect(used < 4 * 50 * 1_100 * 4, "of 60 rounds that would be 3 MB")
    }

    /// A full map gets room again by trimming alone, while the store runs.
    @Test func aFullMapIsTrimmed() throws {
        let (store, listener, filled) = try full()
        var write = filled.write
        for through in stride(from: 500, through: filled.last, by: 500) {
            write += 1
            store.submit(write) { $0.trimmed = Slot(rawValue: through) }
            #expect(listener.wait(through: write))
        }
        #expect(listener.wait { $0.fulls.last == false })
        #expect(listener.now.failures.isEmpty)
        store.closeAndWait()
    }

    /// A group for which there is no room is held until what it trims itself has made some.
    @Test func aGroupWithoutRoomTrimsFirst() throws {
        let (store, listener, filled) = try full()
        store.submit(filled.write + 1) { rows in
            rows.accepted = [.commands(filled.last + 1...filled.last + 2_500, bytes: 1_000)]
            rows.trimmed = Slot(rawValue: filled.last)
        }
        #expect(listener.wait(through: filled.write + 1))
        #expect(listener.now.failures.isEmpty)
        #expect(store.counters.rows == filled.last + 2_500)
        #expect(try store.page(filled.last + 1...filled.last + 2).get().rows.count == 2)
        store.closeAndWait()
        let again = try directory.open(storage: Self.smallMap)
        #expect(again.recover().trimmed.rawValue == filled.last)
        again.closeAndWait()
    }

    /// Nothing more is asked for before such a group is written: what may go goes, and not the piece alone that came
    /// with it.
    @Test func aGroupWithoutRoomTrimsWhatItMay() throws {
        let (store, listener, filled) = try full()
        store.submit(filled.write + 1) { rows in
            rows.accepted = [.commands(filled.last + 1...filled.last + 2_500, bytes: 1_000)]
            rows.trimmed = 10
            rows.trimmable = Slot(rawValue: filled.last)
        }
        #expect(listener.wait(through: filled.write + 1))
        #expect(store.base.slot > 10)
        store.closeAndWait()
    }

    /// What readers were told is gone stays gone for them, also while there is no room for the group with which it
    /// goes: a subscription has skipped it.
    @Test func whatWasSaidToBeTrimmedStaysSo() throws {
        try directory.create(storage: Self.smallMap)
        let store = try directory.open(storage: Self.smallMap)
        let listener = Listener()
        store.start(observer: listener)
        store.append(1, 1...100, bytes: 1_000)
        #expect(listener.wait(through: 1))
        // Never will the map hold it.
        store.submit(2) { rows in
            rows.accepted = [.commands(101...12_000, bytes: 1_000)]
            Self.commit(&rows, through: 100)
            rows.trimmed = 50
        }
        #expect(listener.wait { $0.fulls == [true] })
        for _ in 0..<50 {
            #expect(Self.trimmed(store.page(1...100)) == 50)
            #expect(store.base.slot == 50)
        }
        #expect(listener.now.failures.isEmpty)
        store.closeAndWait()
        let again = try directory.open(storage: Self.smallMap)
        #expect(again.recover().trimmed == .zero)
        again.closeAndWait()
    }

    /// So does a full disk: the file is not longer then, and its pages are used again.
    @Test func aFullDiskIsTrimmed() throws {
        guard let disk = SmallDisk(below: directory.root, mebibytes: 24) else { return }
        let path = disk.mountPoint + "/n1"
        var storage = StorageOptions.small
        storage.runwayBytes = 4 << 20
        try LMDBStore.create(
            at: path,
            cluster: directory.cluster,
            node: 1,
            membership: directory.membership,
            storage: storage
        )
        let store = try LMDBStore.open(at: path, expecting: nil, storage: storage, limits: .small)
        let listener = Listener()
        store.start(observer: listener)
        disk.fill()
        var write: UInt64 = 0
        var last: UInt64 = 0
        func append() -> Bool {
            (write, last) = (write + 1, last + 8)
            store.append(write, last - 7...last, bytes: 4_000)
            return listener.wait(through: write)
        }
        while listener.now.fulls.isEmpty, write < 10_000 { #expect(append()) }
        // What is in flight is taken still.
        for _ in 0..<Limits.small.pipelineBytes / 32_000 { #expect(append()) }
        #expect(listener.now.fulls == [true])
        for _ in 0..<50 {
            write += 1
            // As a node does that has no checkpoint yet: what allows the trim comes with it.
            store.submit(write) { rows in
                Self.commit(&rows, through: last)
                rows.trimmed = Slot(rawValue: last)
            }
            #expect(listener.wait(through: write))
            while store.base.slot.rawValue < last, listener.now.failures.isEmpty, write < 20_000 {
                write += 1
                store.submit(write) { $0.trimmed = Slot(rawValue: last) }
                #expect(listener.wait(through: write))
            }
            #expect(listener.wait { $0.fulls.last == false })
            #expect(append())
        }
        #expect(listener.now.fulls == [true, false])
        // A group larger than what is left at the end of the file has room inside.
        let commits = store.counters.commits
        store.append(write + 1, last + 1...last + 2_500, bytes: 500)
        #expect(listener.wait(through: write + 1))
        #expect(store.counters.commits > commits + 1)
        #expect(try store.page(last + 2_499...last + 2_500).get().rows.count == 2)
        // And where its trim rests on its own checkpoint: the pages it was read from are replaced by the first part.
        store.submit(write + 2) { rows in
            rows.accepted = [.commands(last + 2_501...last + 5_000, bytes: 500)]
            Self.commit(&rows, through: last + 2_500)
            rows.trimmed = Slot(rawValue: last + 2_400)
        }
        #expect(listener.wait(through: write + 2))
        #expect(listener.now.failures.isEmpty)
        store.closeAndWait()
    }

    static var smallMap: StorageOptions {
        var storage = StorageOptions.small
        storage.mapSize = 8 << 20
        return storage
    }

    /// A store whose map is full, of rows that can all be trimmed.
    func full() throws -> (LMDBStore, Listener, (write: UInt64, last: UInt64)) {
        try directory.create(storage: Self.smallMap)
        let store = try directory.open(storage: Self.smallMap)
        let listener = Listener()
        store.start(observer: listener)
        var write: UInt64 = 0
        var last: UInt64 = 0
        while listener.now.fulls.last != true, write < 1_000 {
            write += 1
            store.append(write, last + 1...last + 100, bytes: 1_000)
            last += 100
            #expect(listener.wait(through: write))
        }
        #expect(listener.now.fulls.last == true)
        write += 1
        let end = last
        let digest = (1...end).reduce(PrefixDigest.empty) { digest, slot in
            digest.appending(.testCommand(slot, bytes: 1_000))
        }
        store.submit(write) { Self.commit(&$0, through: end, digest: digest) }
        #expect(listener.wait(through: write))
        return (store, listener, (write, last))
    }
}
