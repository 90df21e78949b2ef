import LMDB
import LogWire
import TestSupport
import Testing

@testable import LogStorage
@testable import PaxosCore
@testable import Platform

/// Rot below the checkpoint, which no opening looks at. A subscription from 1 once went over twelve
/// committed entries without a word: a page of the tree had been written over another. Between the trim
/// point and the watermark every slot has a row, and whoever reads is told where that ends.
@Suite(.shared) struct StoreRotTests {
    private static let last: UInt64 = 60
    let directory: StoreDirectory

    /// Slots 1 to 60, committed and checkpointed to 60; 7 and 31 without effect. In the last transaction but one:
    /// rot in the pages of the last refuses the directory.
    init() throws {
        directory = try StoreDirectory()
        try directory.fill(1...2) { write, rows in
            guard write == 1 else { return rows.promised = Ballot(round: 8, node: 2) }
            rows.accepted = [.commands(1...Self.last, bytes: 400)]
            rows.committed = 60
            rows.checkpoint = Checkpoint(slot: 60, digest: .empty, state: LogState())
            rows.ineffective = [7, 31]
        }
    }

    /// Every row that a reader is given in pages, and where it ends.
    private func readAll(_ store: LMDBStore) -> (slots: [UInt64], end: ReadFailure?) {
        var slots: [UInt64] = []
        var next: UInt64 = 1
        while next <= Self.last {
            switch store.page(next...Self.last, maxBytes: 2_000) {
            case .failure(let failure): return (slots, failure)
            case .success(let page):
                for row in page.rows {
                    #expect(row.entry == .testCommand(row.slot.rawValue, bytes: 400))
                    slots.append(row.slot.rawValue)
                }
                next = page.through.next.rawValue
            }
        }
        return (slots, nil)
    }

    /// What is intact comes first and in order; then the reader is told where it ends.
    private func expectEnd(before slot: UInt64, sourceLocation: SourceLocation = #_sourceLocation)
        throws
    {
        let store = try directory.open()
        let (slots, end) = readAll(store)
        #expect(slots == Array(1..<slot), sourceLocation: sourceLocation)
        #expect(end == .unreadable(Slot(rawValue: slot)), sourceLocation: sourceLocation)
        #expect(store.counters.unreadableSlot == Slot(rawValue: slot))
        store.closeAndWait()
    }

    /// What the writer has looked at it looks at again after a while.
    @Test func rotBetweenTwoWritesEndsTheStore() throws {
        let store = try directory.open()
        let listener = Listener()
        store.start(observer: listener)
        store.append(2, Self.last + 1...Self.last + 3)
        #expect(listener.wait(through: 2))
        let tree = try PageTree(path: directory.file)
        let root = try #require(try tree.table(Schema.state)?.root)
        var number: [UInt8] = []
        number.append(littleEndian: root ^ 1 << 40)
        try directory.overwrite(number, at: Int(root) * 4096)
        // Until then it trusts itself; what it has just written nobody reads from the disk.
        let end = MonotonicClock.now().advanced(by: LogWriter.trust)
        let parker = Parker()
        while MonotonicClock.now() < end { parker.park(until: end) }
        store.append(3, Self.last + 4...Self.last + 6)
        #expect(listener.wait { !$0.failures.isEmpty || $0.through.last == WriteID(3) })
        #expect(listener.now.failures.first?.operation == "check")
        store.closeAndWait()
    }

    /// What is pruned changes a value that other writes do not: its way is looked at each time.
    @Test func rotIsMetBeforeTheLineageIsPruned() throws {
        let store = try directory.open()
        let listener = Listener()
        store.start(observer: listener)
        store.append(2, Self.last + 1...Self.last + 3)
        #expect(listener.wait(through: 2))
        let tree = try PageTree(path: directory.file)
        let root = try #require(try tree.table(Schema.state)?.root)
        var number: [UInt8] = []
        number.append(littleEndian: root ^ 1 << 40)
        try directory.overwrite(number, at: Int(root) * 4096)
        // Also at once, while the store still trusts what it looked at.
        store.submit(3) { rows in
            rows.prunesBelow = Boot(1)
            rows.promised = Ballot(round: 9, node: 2)
        }
        #expect(listener.wait { !$0.failures.isEmpty || $0.through.last == WriteID(3) })
        #expect(listener.now.failures.first?.operation == "check")
        store.closeAndWait()
    }

    @Test func aLeafWrittenOverAnotherIsMetInItsPlace() throws {
        let leaves = try directory.leaves(of: Schema.accepted)
        try #require(leaves.count > 4)
        let copied = try directory.bytes(of: leaves[1].page)
        try directory.overwrite(copied, at: Int(leaves[3].page) * 4096)
        try expectEnd(before: leaves[3].slots.lowerBound)
        // Also if it claims to be the other.
        var number: [UInt8] = []
        number.append(littleEndian: leaves[3].page)
        try directory.overwrite(number, at: Int(leaves[3].page) * 4096)
        try expectEnd(before: leaves[3].slots.lowerBound)
    }

    @Test func exchangedLeavesAreMetInTheirPlace() throws {
        let leaves = try directory.leaves(of: Schema.accepted)
        let pair = (
            try directory.bytes(of: leaves[2].page), try directory.bytes(of: leaves[4].page)
        )
        try directory.overwrite(pair.1, at: Int(leaves[2].page) * 4096)
        try directory.overwrite(pair.0, at: Int(leaves[4].page) * 4096)
        try expectEnd(before: leaves[2].slots.lowerBound)
    }

    @Test(arguments: [0, 1, 4, 7])
    func aBitInTheKeyOfARowIsMetInItsPlace(byte: Int) throws {
        let leaf = try directory.leaves(of: Schema.accepted)[2]
        var page = try directory.bytes(of: leaf.page)
        let node = try #require(Page(bytes: page).node(1, isLeaf: true))
        page[node.key.lowerBound + byte] ^= 64
        try directory.overwrite(page, at: Int(leaf.page) * 4096)
        try expectEnd(before: leaf.slots.lowerBound + 1)
    }

    /// LMDB would leave out the rows whose places lie beyond.
    @Test func aLeafThatHasLostARowIsMetInItsPlace() throws {
        let leaf = try directory.leaves(of: Schema.accepted)[2]
        var page = try directory.bytes(of: leaf.page)
        page[12] -= 2
        try directory.overwrite(page, at: Int(leaf.page) * 4096)
        try expectEnd(before: leaf.slots.lowerBound)
    }

    @Test func aRowThatIsGoneIsMetInItsPlace() throws {
        do {
            let environment = try Environment.open(
                path: directory.file,
                options: .init(mapSize: 64 << 20)
            )
            let table = try environment.openDatabase("accepted", keys: UInt64.self)
            try environment.withWrite { (txn: inout WriteTransaction) throws(LMDBError) in
                for slot in [20, 40, 60] as [UInt64] { try txn.delete(slot, in: table) }
            }
        }
        try expectEnd(before: 20)
        let store = try directory.open()
        #expect(try store.page(21...50).get().through == 39)
        #expect(try store.page(41...60).get().through == 59)
        #expect(store.page(60...60) == .failure(.unreadable(60)))
        // Above what is known to be there a hole is none.
        #expect(try store.page(61...70).get() == RowPage(rows: [], through: 70))
        store.closeAndWait()
    }

    /// Whether a row has an effect is not known where that table cannot be read.
    @Test func whereTheTableWithoutEffectIsDamagedNothingIsGivenOut() throws {
        let leaf = try directory.leaves(of: Schema.ineffective)[0]
        try directory.overwrite([UInt8](repeating: 0, count: 4096), at: Int(leaf.page) * 4096)
        let store = try? directory.open()
        // An opening writes beside it: refused, or read as unreadable.
        if let store {
            #expect(store.page(1...60) == .failure(.unreadable(1)))
            store.closeAndWait()
        }
    }

    /// Peers and a replay decide the effect themselves, and were refused rows that are whole: a node that
    /// replays ended.
    @Test func whoDoesNotAskForEffectIsServedWithoutItsTable() throws {
        let store = try directory.open()
        let leaf = try directory.leaves(of: Schema.ineffective)[0]
        let whole = try directory.bytes(of: leaf.page)
        try directory.overwrite([UInt8](repeating: 0, count: 4096), at: Int(leaf.page) * 4096)
        #expect(store.page(1...60) == .failure(.unreadable(1)))
        let page = try store.page(1...60, withEffect: false).get()
        #expect(page.rows.map(\.slot.rawValue) == Array(1...60))
        #expect(page.ineffective == [])
        // The rows alone do not tell that their effect is known again.
        #expect(store.counters.unreadableSlot == 1)
        try directory.overwrite(whole, at: Int(leaf.page) * 4096)
        #expect(try store.page(1...60).get().ineffective == [7, 31])
        #expect(store.counters.unreadableSlot == nil)
        store.closeAndWait()
    }

    /// Damage that comes while the node runs: no page is followed unseen.
    @Test func rotUnderARunningStoreIsMetInItsPlace() throws {
        let leaves = try directory.leaves(of: Schema.accepted)
        let store = try directory.open()
        #expect(readAll(store).end == nil)
        let page = leaves[2]
        let whole = try directory.bytes(of: page.page)
        try directory.overwrite([UInt8](repeating: 0, count: 4096), at: Int(page.page) * 4096)
        let (slots, end) = readAll(store)
        #expect(slots == Array(1..<page.slots.lowerBound))
        #expect(end == .unreadable(Slot(rawValue: page.slots.lowerBound)))
        // It is `damaged` until the slot is read whole again, and no other read changes that.
        let slot = Slot(rawValue: page.slots.lowerBound)
        #expect(store.counters.unreadableSlot == slot)
        _ = store.page(1...page.slots.lowerBound - 1)
        #expect(store.counters.unreadableSlot == slot)
        try directory.overwrite(whole, at: Int(page.page) * 4096)
        #expect(readAll(store).end == nil)
        #expect(store.counters.unreadableSlot == nil)
        #expect(store.counters.unreadableReads > 0)
        store.closeAndWait()
    }
}
