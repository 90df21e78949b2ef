import LMDB
import LogWire
import TestSupport
import Testing

@testable import LogStorage
@testable import PaxosCore
@testable import Platform

/// A list of free pages that names pages in use: LMDB would write the next rows over them.
@Suite(.shared) struct StoreFreePagesTests {
    let directory: StoreDirectory

    /// Slots 1 to 9, in a transaction each, so that there are free pages; the last has pages of its own.
    init() throws {
        directory = try StoreDirectory()
        try directory.fill(1...9) { slot, rows in
            rows.accepted = [.commands(slot...slot, bytes: slot == 9 ? 20_000 : 100)]
        }
    }

    /// The places in the file of the lists of free pages, with what they name, the oldest first.
    private func lists() throws -> [(place: Int, pages: [UInt64])] {
        let tree = try PageTree(path: directory.file)
        try #require(tree.free.depth == 1)
        let root = try #require(tree.free.root)
        let page = try tree.page(root, isLeaf: true)
        return try (0..<page.nodeCount).map { index in
            let node = try #require(page.node(index, isLeaf: true))
            try #require(!node.isLarge)
            let count = Int(try #require(page.uint64(node.data.lowerBound)))
            let pages = (0..<count).compactMap {
                page.uint64(node.data.lowerBound + 8 + 8 * $0)
            }
            return (Int(root) * 4096 + node.data.lowerBound, pages)
        }
    }

    /// Has a list name one page and no other.
    private func name(_ page: UInt64, in list: Int) throws {
        var bytes: [UInt8] = []
        bytes.append(littleEndian: 1 as UInt64)
        bytes.append(littleEndian: page)
        try directory.overwrite(bytes, at: list)
    }

    /// Damages the running store, and expects that it ends before it writes.
    private func expectFailure(
        _ damage: () throws -> Void,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let store = try directory.open()
        let listener = Listener()
        store.start(observer: listener)
        try damage()
        store.append(1, 10...10)
        #expect(
            listener.wait { !$0.failures.isEmpty || !$0.through.isEmpty },
            sourceLocation: sourceLocation
        )
        #expect(
            listener.now.failures.map(\.operation) == ["check"],
            sourceLocation: sourceLocation
        )
        store.closeAndWait()
    }

    /// Of a value only the first page was looked at, and the list might name the others.
    @Test func aListThatNamesAPageOfALargeValueRefusesTheDirectory() throws {
        let leaf = try #require(try directory.leaves(of: Schema.accepted).last)
        let page = Page(bytes: try directory.bytes(of: leaf.page))
        let node = try #require(page.node(page.nodeCount - 1, isLeaf: true))
        try #require(node.isLarge)
        let first = try #require(page.uint64(node.data.lowerBound))
        let list = try #require(try lists().first)
        try name(first + 2, in: list.place)
        let refusal = directory.refusal()
        guard case .corrupt = refusal else {
            Issue.record("\(String(describing: refusal))")
            return
        }
    }

    /// The table of tables would have been written over.
    @Test func aListThatNamesAPageInUseEndsTheStore() throws {
        try expectFailure {
            let root = try #require(try PageTree(path: directory.file).main.root)
            try name(root, in: try #require(try lists().first).place)
        }
    }

    @Test func aPageThatIsListedTwiceEndsTheStore() throws {
        try expectFailure {
            let lists = try lists().filter { !$0.pages.isEmpty }
            try #require(lists.count > 1)
            try name(lists[0].pages[0], in: lists[1].place)
        }
    }

    /// LMDB answered that the key exists, which says nothing of damage; downward it would have put rows
    /// between others.
    @Test(arguments: [1, 64] as [UInt8])
    func aBitInTheKeyOfTheLastRowEndsTheStore(bit: UInt8) throws {
        try expectFailure {
            let leaf = try #require(try directory.leaves(of: Schema.accepted).last)
            let page = Page(bytes: try directory.bytes(of: leaf.page))
            let node = try #require(page.node(page.nodeCount - 1, isLeaf: true))
            let flipped = page.bytes[node.key.lowerBound] ^ bit
            try directory.overwrite(
                [flipped],
                at: Int(leaf.page) * 4096 + node.key.lowerBound
            )
        }
    }
}
