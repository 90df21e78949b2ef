import LMDB
import LogWire
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

@Suite(.shared) struct StoreDamageTests {
    let directory: StoreDirectory

    /// Slots 1 to 30, committed to 20, checkpoint at 10.
    init() throws {
        directory = try StoreDirectory()
        try directory.fill { _, rows in
            rows.accepted = [.commands(1...30, bytes: 100)]
            rows.committed = 20
            rows.checkpoint = Checkpoint(slot: 10, digest: .empty, state: LogState())
        }
    }

    /// Changes the row of a slot, or deletes it, behind the store's back.
    private func spoil(_ slot: UInt64, _ change: ([UInt8]) -> [UInt8]?) throws {
        let environment = try Environment.open(
            path: directory.file,
            options: .init(mapSize: 64 << 20)
        )
        let table = try environment.openDatabase("accepted", keys: UInt64.self)
        try environment.withWrite { (txn: inout WriteTransaction) throws(LMDBError) in
            let row = try txn.get(slot, in: table) { [UInt8](copying: $0) } ?? []
            if let changed = change(row) {
                try txn.put(changed, for: slot, in: table)
            } else {
                try txn.delete(slot, in: table)
            }
        }
    }

    private static func flip(_ row: [UInt8]) -> [UInt8] {
        var row = row
        row[row.count - 1] ^= 4
        return row
    }

    @Test(arguments: [11, 20, 25, 30] as [UInt64])
    func aRottenRowAboveTheCheckpointRefusesTheDirectory(slot: UInt64) throws {
        try spoil(slot, Self.flip)
        let expected = LogOpenError.unreadableRow(
            path: directory.file,
            slot: Slot(rawValue: slot)
        )
        #expect(directory.refusal() == expected)
    }

    @Test func aRottenRowBelowTheCheckpointFailsItsReadAndNoOther() throws {
        try spoil(5, Self.flip)
        let store = try directory.open()
        #expect(store.counters.unreadableSlot == nil)
        let before = try store.page(1...10).get()
        #expect(before.rows.map(\.slot) == [1, 2, 3, 4])
        #expect(before.through == 4)
        #expect(store.page(5...10) == .failure(.unreadable(5)))
        #expect(store.page(5...5) == .failure(.unreadable(5)))
        #expect(store.counters.unreadableSlot == 5)
        #expect(store.counters.unreadableReads == 3)
        #expect(try store.page(1...4).get().rows.count == 4)
        #expect(try store.page(6...30).get().rows.count == 25)
        store.closeAndWait()
        let reader = try DirectoryReader(at: directory.path)
        var rows = 0
        var unreadable: [Slot] = []
        try reader.scanRows { row in
            switch row {
            case .row: rows += 1
            case .unreadable(let slot): unreadable.append(slot)
            }
            return true
        }
        #expect(rows == 29)
        #expect(unreadable == [5])
    }

    /// Bits flipped anywhere in the pages: the directory is refused, or opens and takes an append. In a
    /// process of its own, which LMDB might end.
    @Test(.tags(.slow)) func noFlippedBitEndsTheProcess() async throws {
        await #expect(processExitsWith: .success) {
            let tests = try StoreDamageTests()
            let file = try DataFile.inspect(tests.directory.file)
            let whole = try FileSystem.read(
                tests.directory.file,
                at: 0,
                count: file.usedBytes
            )
            var refused = 0
            for number in 1...400 {
                let place = number &* 2_654_435_761 % whole.count
                // Half of them in the first bytes of a page, where its header and places are.
                let near = place / file.pageSize * file.pageSize + place % 64
                let flipped = number % 2 == 0 ? place : near
                var bytes = whole
                bytes[flipped] ^= 1 << UInt8(number / 2 % 8)
                try tests.directory.overwrite(bytes)
                print("bit \(number / 2 % 8) of byte \(flipped)")
                do throws(LogOpenError) {
                    let store = try tests.directory.open()
                    let listener = Listener()
                    store.start(observer: listener)
                    let next = store.recover().last.rawValue + 1
                    store.submit(1) { $0.accepted = [.commands(next...next + 2, bytes: 100)] }
                    _ = listener.wait(through: 1)
                    store.closeAndWait()
                } catch {
                    refused += 1
                }
            }
            precondition(refused > 50, "only \(refused) of 400 were refused")
        }
    }

    /// The kind of any page, with more slots without effect than a leaf holds: their first one is asked for too.
    @Test func noKindOfAPageEndsTheProcess() async throws {
        await #expect(processExitsWith: .success) {
            let directory = try StoreDirectory()
            try directory.create()
            let store = try directory.open()
            let listener = Listener()
            store.start(observer: listener)
            store.append(1, 1...400)
            _ = listener.wait(through: 1)
            store.submit(2) { rows in
                rows.committed = 400
                rows.checkpoint = Checkpoint(slot: 400, digest: .empty, state: LogState())
                rows.ineffective = (1...390).map { Slot(rawValue: $0) }
            }
            _ = listener.wait(through: 2)
            store.closeAndWait()
            let file = try DataFile.inspect(directory.file)
            let whole = try FileSystem.read(directory.file, at: 0, count: file.usedBytes)
            let pages = whole.count / file.pageSize
            var refused = 0
            for number in 0..<2 * pages {
                var bytes = whole
                bytes[number / 2 * file.pageSize + 10] ^= number.isMultiple(of: 2) ? 1 : 2
                try directory.overwrite(bytes)
                print("page \(number / 2)")
                do throws(LogOpenError) {
                    try directory.open().closeAndWait()
                } catch {
                    refused += 1
                }
            }
            precondition(refused > 10, "only \(refused) of \(2 * pages) were refused")
        }
    }

    /// Whatever LMDB leaves of trees and lists of free pages after puts and deletions of all lengths.
    @Test(.tags(.slow)) func whatLMDBWritesIsSound() throws {
        let environment = try Environment.open(
            path: directory.file,
            options: .init(mapSize: 256 << 20, sealed: true)
        )
        let table = try environment.openDatabase("accepted", keys: UInt64.self)
        var generator = SystemRandomNumberGenerator()
        for number in 1...600 {
            try environment.withWrite { (txn: inout WriteTransaction) throws(LMDBError) in
                for _ in 0..<Int.random(in: 1...60, using: &generator) {
                    let slot = UInt64.random(in: 1...900, using: &generator)
                    if number % 40 > 25 {
                        _ = try txn.deleteRange(in: table, from: slot, below: slot + 40)
                    } else {
                        let lengths = [24, 100, 400, 1_900, 2_100, 9_000, 70_000]
                        let length = lengths.randomElement(using: &generator) ?? 0
                        try txn.put([UInt8](repeating: 1, count: length), for: slot, in: table)
                    }
                }
            }
            let place = LogDirectory(path: directory.path)
            let refusal = failure { () throws(LogOpenError) in
                try place.checkPages(.values)
                try place.checkPages(.rows(from: .first))
            }
            #expect(refusal == nil, "after transaction \(number)")
        }
    }

    /// It keeps the pages of the longer one, which is no damage.
    @Test func aShorterRowInThePlaceOfALongerIsSound() throws {
        let store = try directory.open()
        let listener = Listener()
        store.start(observer: listener)
        store.submit(1) { $0.accepted = [.commands(31...31, bytes: 20_000)] }
        store.submit(2) { $0.accepted = [.commands(31...31, bytes: 9_000)] }
        #expect(listener.wait(through: 2))
        store.closeAndWait()
        let again = try directory.open()
        #expect(again.recover().last == 31)
        again.closeAndWait()
        var damaged: [String] = []
        var rows = 0
        try DirectoryReader(at: directory.path).scanRows(damaged: { damaged.append($0) }) { _ in
            rows += 1
            return true
        }
        #expect(damaged == [])
        #expect(rows == 31)
    }

    @Test func aMissingCommittedRowRefusesTheDirectory() throws {
        try spoil(15) { _ in nil }
        #expect(directory.refusal() == .unreadableRow(path: directory.file, slot: 15))
    }

    @Test func aHoleAboveTheWatermarkIsLegal() throws {
        try spoil(25) { _ in nil }
        let store = try directory.open()
        #expect(try store.page(21...30).get().rows.count == 9)
        store.closeAndWait()
    }

    @Test func aRowOfAnotherSlotIsUnreadable() throws {
        var copied: [UInt8] = []
        try spoil(22) { row in
            copied = row
            return row
        }
        try spoil(23) { _ in copied }
        #expect(directory.refusal() == .unreadableRow(path: directory.file, slot: 23))
    }

    @Test func aTruncatedFileIsRefusedBeforeItIsMapped() throws {
        let file = try DataFile.inspect(directory.file)
        for length in [file.usedBytes - 1, 3 * file.pageSize, 2 * file.pageSize, 100, 0] {
            #expect(truncate(directory.file, length) == 0)
            guard case .truncated(_, length, _) = directory.refusal() else {
                Issue.record("\(length): \(String(describing: directory.refusal()))")
                continue
            }
        }
        // Nothing was made of the empty file.
        #expect(try FileSystem.fileLength(directory.file) == 0)
    }

    @Test func anUnreadableMetaPageIsNamed() throws {
        let file = try DataFile.inspect(directory.file)
        let descriptor = Glibc.open(directory.file, O_RDWR)
        defer { close(descriptor) }
        var zeros = [UInt8](repeating: 0, count: 64)
        #expect(pwrite(descriptor, &zeros, 64, file.pageSize) == 64)
        guard case .corrupt = directory.refusal() else {
            return #expect(Bool(false), "\(String(describing: directory.refusal()))")
        }
        #expect(pwrite(descriptor, &zeros, 64, 0) == 64)
        #expect(directory.refusal() == .notALog(path: directory.file))
    }

    @Test func theReaderShowsWhatIsThere() throws {
        let reader = try DirectoryReader(at: directory.path)
        // It shares the directory with others who read.
        #expect(try DirectoryReader(at: directory.path).identity == reader.identity)
        #expect(reader.identity.node == 1)
        let state = try reader.state()
        #expect(state.boot == Boot(1))
        #expect(state.committed == 20 && state.checkpoint.slot == 10)
        #expect(reader.lastSlot() == 30)
        let usage = try reader.usage()
        #expect(usage.rows == 30)
        #expect(usage.liveBytes <= usage.usedBytes && usage.usedBytes <= usage.fileBytes)
        #expect(directory.refusal() == .directoryInUse(path: directory.path))
        var slots: [UInt64] = []
        try reader.scanRows(in: 4...6) { row in
            if case .row(let entry, let bytes) = row {
                slots.append(entry.slot.rawValue)
                #expect(bytes == 156)
            }
            return true
        }
        #expect(slots == [4, 5, 6])
    }

    @Test func aFailedCommitIsFinal() throws {
        let store = try directory.open()
        let listener = Listener()
        store.start(observer: listener)
        store.append(2, 31...31)
        #expect(listener.wait(through: 2))
        // Under LMDB's descriptors comes one of the same file that cannot be written.
        let readOnly = Glibc.open(directory.file, O_RDONLY)
        defer { close(readOnly) }
        for descriptor in try descriptors(of: directory.file) where descriptor != readOnly {
            #expect(dup2(readOnly, descriptor) == descriptor)
        }
        store.append(3, 32...32)
        store.append(4, 33...33)
        #expect(listener.wait { !$0.failures.isEmpty })
        store.append(5, 34...34)
        let failed = listener.now
        #expect(failed.failures.map(\.code) == [EBADF])
        #expect(failed.through.last == WriteID(2))
        #expect(store.page(1...1) == .failure(.storeFailed(failed.failures[0])))
        store.closeAndWait()
        #expect(listener.now.failures.count == 1)
        #expect(listener.now.through == failed.through)
        #expect(store.page(1...1) == .failure(.closed))
        let again = try directory.open()
        #expect(again.recover().last == 31)
        again.closeAndWait()
    }

    private func descriptors(of path: String) throws -> [Int32] {
        var wanted = stat()
        #expect(stat(path, &wanted) == 0)
        return try FileSystem.listDirectory("/proc/self/fd").compactMap { Int32($0) }.filter {
            var found = stat()
            return fstat($0, &found) == 0 && found.st_ino == wanted.st_ino
                && found.st_dev == wanted.st_dev
        }
    }

    @Test func closingFinishesWhatWasSubmittedAndAnswersEveryRead() throws {
        let store = try directory.open()
        let listener = Listener()
        store.start(observer: listener)
        for id in 2...50 as ClosedRange<UInt64> { store.append(id, 30 + id...30 + id) }
        let answers = Locked(0)
        for _ in 0..<100 {
            store.read(1...30, maxBytes: 1 << 20) { _ in answers.withLock { $0 += 1 } }
        }
        store.closeAndWait()
        #expect(listener.now.through.last == WriteID(50))
        #expect(answers.withLock { $0 } == 100)
        store.append(51, 81...81)
        store.closeAndWait()
        let again = try directory.open()
        #expect(again.recover().last == 80)
        again.append(1, 81...81)
        // Never started: what was submitted is given up.
        again.closeAndWait()
    }
}
