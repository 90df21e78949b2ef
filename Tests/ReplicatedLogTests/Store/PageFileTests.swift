import LogWire
import TestSupport
import Testing

@testable import LMDB
@testable import LogStorage
@testable import PaxosCore
@testable import Platform

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// What is read of the file itself: its meta pages beside a transaction, an end that is gone, and numbers
/// that say how much there is to read.
@Suite(.shared) struct PageFileTests {
    let directory: StoreDirectory

    /// Slots 1 to 5, in a transaction each.
    init() throws {
        directory = try StoreDirectory()
        try directory.fill(1...5) { slot, rows in
            rows.accepted = [.commands(slot...slot, bytes: slot == 5 ? 20_000 : 100)]
            rows.committed = Slot(rawValue: slot)
        }
    }

    /// In KiB on Linux.
    private static var mostResident: Int {
        var usage = rusage()
        getrusage(0, &usage)
        return Int(usage.ru_maxrss)
    }

    /// LMDB copies a meta page out of its map before anybody can look: the process ended by SIGBUS.
    @Test func aFileCutShortUnderAReaderIsUnreadable() async throws {
        await #expect(processExitsWith: .success) {
            let tests = try PageFileTests()
            let store = try tests.directory.open()
            let before = try store.page(1...5).get()
            precondition(before.rows.count == 5)
            for length in [3 * 4096, 4096, 100, 0] {
                precondition(truncate(tests.directory.file, length) == 0)
                precondition(store.page(1...5) == .failure(.unreadable(1)))
            }
            store.closeAndWait()
        }
    }

    /// Pages that only an older state reaches may be overwritten while they are read.
    @Test func anOlderStateThanThatOfTheTransactionIsNotRead() throws {
        let store = try directory.open()
        let listener = Listener()
        store.start(observer: listener)
        let tree = try PageTree(path: directory.file)
        let place = Int(tree.state.transaction % 2) * 4096
        let old = try FileSystem.read(directory.file, at: place, count: 512)
        store.append(1, 6...6)
        store.append(2, 7...7)
        #expect(listener.wait(through: 2))
        #expect(try store.page(1...7).get().rows.count == 7)
        let now = try PageTree(path: directory.file).state.transaction
        let newest = Int(now % 2) * 4096
        let whole = try FileSystem.read(directory.file, at: newest, count: 512)
        // As if the last one had never been written.
        var older = old
        older.replaceSubrange(0..<8, with: whole[0..<8])
        let transaction = now - 2
        for index in 0..<8 {
            older[144 + index] = UInt8(truncatingIfNeeded: transaction >> (8 * UInt64(index)))
        }
        try directory.overwrite(older, at: newest)
        #expect(store.page(1...1) == .failure(.unreadable(1)))
        try directory.overwrite(whole, at: newest)
        #expect(try store.page(1...7).get().rows.count == 7)
        store.closeAndWait()
    }

    /// `EIO` was "damaged", and its cause gone (`R87`).
    @Test func anErrorOfTheSystemKeepsItsName() throws {
        let state = try PageTree(path: directory.file).state
        // Reading a directory fails as a bad sector does, with another number.
        let file = try PageFile(path: directory.path, pageSize: 4096)
        let expected = FileFailure(code: EISDIR, operation: "pread", path: directory.path)
        let found = try #require(
            failure { () throws(PageTree.Damage) in _ = try file.newest(isAtRest: true) }
        )
        #expect(found.cause == expected)
        let tree = PageTree(file: file, state: state)
        let damage = try #require(
            failure { () throws(PageTree.Damage) in _ = try tree.checkValues() }
        )
        #expect(damage.cause == expected)
        #expect(
            LogOpenError(damage, path: directory.file)
                == .system(code: EISDIR, operation: "pread", path: directory.path)
        )
        #expect("\(damage)".contains("pread"))
    }

    /// The length of a value stands in its leaf, and in the header of its pages, and nothing is made room for
    /// before both were seen (`R39`).
    @Test func aLengthIsNotBelievedBeforeItsHeader() async throws {
        await #expect(processExitsWith: .success) {
            let tests = try PageFileTests()
            let file = tests.directory.file
            let state = try PageTree(path: file).state
            let leaf = try #require(try tests.directory.leaves(of: Schema.accepted).last)
            let page = Page(bytes: try tests.directory.bytes(of: leaf.page))
            let node = try #require(page.node(page.nodeCount - 1, isLeaf: true))
            precondition(node.isLarge)
            // The file claims 2.4 GB of pages, and the row 2.1.
            precondition(truncate(file, 650_000 * 4096) == 0)
            let last: [UInt8] = [0xC0, 0x27, 0x09, 0, 0, 0, 0, 0]
            try tests.directory.overwrite(last, at: Int(state.transaction % 2) * 4096 + 136)
            let length = Int(leaf.page) * 4096 + node.key.lowerBound - 8 + 3
            try tests.directory.overwrite([0x7F], at: length)
            let tree = try PageTree(path: file)
            precondition(tree.lastPage == 600_000)
            let table = try #require(try tree.table(Schema.accepted))
            let before = Self.mostResident
            var damages = 0
            tree.walk(
                table,
                order: .number,
                damaged: { _ in
                    damages += 1
                    return true
                }
            ) { _, _ in true }
            precondition(damages == 1)
            precondition(Self.mostResident - before < 1 << 20)
        }
    }
}
