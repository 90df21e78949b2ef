import LMDB
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

/// Every page of a small log is damaged in every way, and whoever reads it is told the truth: no entry that
/// was not written, none twice, none passed over in silence, and no end by a signal. In processes of
/// their own, which LMDB might end; each says what it does, so that the last line names the culprit.
///
/// Bounded in time: what is left out is other damage of the same kinds. `SWEEP_TIMES=200` leaves nothing out.
@Suite(.computing, .serialized, .tags(.slow)) struct StoreSweepTests {
    @Test(arguments: [false, true])
    func atRest(isKilled: Bool) async throws {
        let account = try Account()
        await #expect(processExitsWith: .success) {
            [isKilled = isKilled as Bool, path = account.path as String] in
            Account.begin(path)
            let sweep = try Sweep(isKilled: isKilled)
            sweep.forEachDamage(seconds: 2) { damage in
                try sweep.directory.overwrite(damage.apply(to: sweep.image))
                sweep.lookAtRest()
            }
            sweep.forEachDamage(seconds: 2) { damage in
                try sweep.directory.overwrite(damage.apply(to: sweep.image))
                try sweep.openAndUse()
            }
            Account.say("done")
        }
        account.check()
    }

    /// The newest transaction passes for the one before the older, and others for others: the mark of an orderly
    /// end, or of an idle store, tells (`R96`).
    @Test(arguments: [false, true])
    func theNumberOfATransaction(isKilled: Bool) async throws {
        let account = try Account()
        await #expect(processExitsWith: .success) {
            [isKilled = isKilled as Bool, path = account.path as String] in
            Account.begin(path)
            let sweep = try Sweep(isKilled: isKilled)
            for damage in DamageCatalogue(image: sweep.image).transactionNumbers {
                Account.say("\(damage)")
                let image = damage.apply(to: sweep.image)
                try sweep.directory.overwrite(image)
                sweep.lookAtRest()
                try sweep.directory.overwrite(image)
                try sweep.openAndUse()
            }
            Account.say("done")
        }
        account.check()
    }

    @Test func readUnderARunningStore() async throws {
        let account = try Account()
        await #expect(processExitsWith: .success) { [path = account.path as String] in
            Account.begin(path)
            let sweep = try Sweep(isKilled: false)
            let store = try sweep.open()
            let listener = Listener()
            store.start(observer: listener)
            let image = try sweep.imageNow()
            DamageCatalogue(image: image).mixed.forEach(seconds: 2) { damage in
                for (place, bytes) in damage.writes {
                    try sweep.directory.overwrite(bytes, at: place)
                }
                sweep.check(reading: store)
                for (place, bytes) in damage.writes {
                    let whole = Array(image[place..<place + bytes.count])
                    try sweep.directory.overwrite(whole, at: place)
                }
            }
            precondition(sweep.read(store).count == Int(Sweep.last), "the file is whole again")
            store.closeAndWait()
            Account.say("done")
        }
        account.check()
    }

    /// Rows are put behind the last one, or also in the place of earlier ones, as a new leader has it done.
    @Test(arguments: [false, true])
    func writtenUnderARunningStore(isReplacing: Bool) async throws {
        let account = try Account()
        await #expect(processExitsWith: .success) {
            [isReplacing = isReplacing as Bool, path = account.path as String] in
            Account.begin(path)
            let sweep = try Sweep(isKilled: false, above: isReplacing ? 40 : 0)
            sweep.forEachDamage(seconds: 4) { damage in
                try sweep.write(under: damage, isReplacing: isReplacing)
            }
            Account.say("done")
        }
        account.check()
    }

    /// LMDB puts another table in the place of one that it does not find. Story: one bit in the name of a table
    /// ended the process at the next commit, and one in the count of its pages.
    @Test func theNamesOfTables() async throws {
        let account = try Account()
        await #expect(processExitsWith: .success) { [path = account.path as String] in
            Account.begin(path)
            let sweep = try Sweep(isKilled: false)
            for damage in DamageCatalogue(image: sweep.image).tableNames {
                Account.say("\(damage)")
                try sweep.write(under: damage, isReplacing: false)
            }
            Account.say("done")
        }
        account.check()
    }
}

/// A small log with something of everything, and what must be read of it.
private struct Sweep {
    static let last: UInt64 = 60
    private static let ineffective: [Slot] = [3, 7, 8, 31, 32, 33, 50]
    private static let promised = Ballot(round: 4, node: 2)

    static var appended: AcceptedRun { .commands(last + 1...last + 9, bytes: 300) }
    /// Of forty rows above the watermark, under the promised ballot; the last run goes beyond them.
    static var replaced: [AcceptedRun] {
        [1...4, 5...9, 22...22, 38...43].map {
            .commands(last + $0.lowerBound...last + $0.upperBound, bytes: 300, ballot: promised)
        }
    }

    let directory: StoreDirectory
    /// The file, to the end of its last page.
    let image: [UInt8]

    /// - Parameter above: So many rows lie above the watermark.
    init(isKilled: Bool, above: UInt64 = 0) throws {
        directory = try StoreDirectory()
        try directory.create(storage: Self.storage)
        let store = try LMDBStore.open(
            at: directory.path,
            expecting: nil,
            storage: Self.storage,
            limits: .small
        )
        let listener = Listener()
        store.start(observer: listener)
        // Several transactions, so that there are free pages.
        for number in 1...6 as ClosedRange<UInt64> {
            let slots = number * 10 - 9...number * 10
            store.submit(number) { rows in
                rows.accepted = slots.map { .commands($0...$0, bytes: Self.bytes(of: $0)) }
                rows.promised = Self.promised
                rows.committed = Slot(rawValue: slots.upperBound)
                rows.ineffective = Self.ineffective.filter { slots.contains($0.rawValue) }
                if number == 6 {
                    rows.checkpoint = Checkpoint(slot: 55, digest: .empty, state: LogState())
                }
            }
            precondition(listener.wait(through: number), "a write is receipted")
        }
        if above > 0 {
            store.append(7, Self.last + 1...Self.last + above, bytes: 400)
            precondition(listener.wait(through: 7), "a write is receipted")
        }
        if isKilled {
            // Rot that comes sooner than the mark passes for a crash in the flush.
            let pause = Parker()
            while store.counters.confirmingFlushes == 0 { pause.park(timeout: .milliseconds(50)) }
        } else {
            store.closeAndWait()
        }
        let used = try DataFile.inspect(directory.file).usedBytes
        image = try FileSystem.read(directory.file, at: 0, count: used)
        if isKilled { store.closeAndWait() }
    }

    private static var storage: StorageOptions {
        var storage = StorageOptions.small
        storage.runwayBytes = 64 << 10
        return storage
    }

    /// Some are large enough for pages of their own.
    private static func bytes(of slot: UInt64) -> Int { slot % 13 == 5 ? 5_000 : 400 }

    private static func entry(_ slot: Slot) -> Entry {
        .testCommand(slot.rawValue, bytes: bytes(of: slot.rawValue))
    }

    func imageNow() throws -> [UInt8] {
        try FileSystem.read(
            directory.file,
            at: 0,
            count: try DataFile.inspect(directory.file).usedBytes
        )
    }

    func forEachDamage(seconds: Int, _ body: (PageDamage) throws -> Void) {
        DamageCatalogue(image: image).mixed.forEach(seconds: seconds, body)
    }

    /// Writes under a store that is running when the damage comes.
    func write(under damage: PageDamage, isReplacing: Bool) throws {
        try directory.overwrite(image)
        let store = try open()
        let listener = Listener()
        store.start(observer: listener)
        for (place, bytes) in damage.writes {
            try directory.overwrite(bytes, at: place)
        }
        store.submit(1) { rows in
            rows.accepted = isReplacing ? Self.replaced : [Self.appended]
            rows.ineffective = [Slot(rawValue: Self.last + 1)]
        }
        let isOver = listener.wait {
            !$0.failures.isEmpty || $0.through.last == WriteID(1)
        }
        precondition(isOver, "neither a receipt nor a failure")
        if listener.now.failures.isEmpty { check(reading: store) }
        store.closeAndWait()
    }

    func open() throws(LogOpenError) -> LMDBStore {
        try LMDBStore.open(
            at: directory.path,
            expecting: nil,
            storage: Self.storage,
            limits: .small
        )
    }

    // MARK: - Reading

    /// As `dump` and `verify` do.
    func lookAtRest() {
        do throws(LogOpenError) {
            try look(DirectoryReader(at: directory.path))
        } catch {
            // Refused, in words.
        }
    }

    private func look(_ reader: borrowing DirectoryReader) throws(LogOpenError) {
        let state = try reader.state()
        precondition(state.promised == Self.promised, "a promise is forgotten")
        precondition(state.committed == Slot(rawValue: Self.last), "the watermark has fallen")
        var isNoticed = false
        var next = Slot.first
        try reader.scanRows(damaged: { _ in isNoticed = true }) { row in
            guard case .row(let row, _) = row else {
                isNoticed = true
                return true
            }
            precondition(row.slot >= next, "slot \(row.slot) twice, or out of order")
            precondition(row.entry == Self.entry(row.slot), "slot \(row.slot) is another")
            // A slot without a row up to the watermark is noticed by whoever counts.
            if row.slot > next { isNoticed = true }
            next = row.slot.next
            return true
        }
        precondition(next <= state.committed.next, "rows that were never written")
        isNoticed = false
        let found = try reader.scanIneffective { _ in isNoticed = true }
        let isWhole = found == Self.ineffective
        precondition(isNoticed || isWhole, "slots without effect are missing")
    }

    /// Opens, reads everything, and appends.
    func openAndUse() throws {
        let store: LMDBStore
        do throws(LogOpenError) {
            store = try open()
        } catch {
            return
        }
        let state = store.recover()
        precondition(state.promised == Self.promised, "a promise is forgotten")
        precondition(state.committed == Slot(rawValue: Self.last), "the watermark has fallen")
        let listener = Listener()
        store.start(observer: listener)
        check(reading: store)
        store.append(1, Self.last + 1...Self.last + 3, bytes: 100)
        let isOver = listener.wait { !$0.failures.isEmpty || $0.through.last == WriteID(1) }
        precondition(isOver, "neither a receipt nor a failure")
        if listener.now.failures.isEmpty { check(reading: store) }
        store.closeAndWait()
    }

    /// Everything before the first slot that cannot be read, as it was written.
    @discardableResult
    func check(reading store: LMDBStore) -> [Slot] {
        let slots = read(store)
        let expected = (1...Self.last).prefix(slots.count).map { Slot(rawValue: $0) }
        precondition(slots == expected, "rows in another order")
        return slots
    }

    func read(_ store: LMDBStore) -> [Slot] {
        var slots: [Slot] = []
        var next: UInt64 = 1
        while next <= Self.last {
            switch store.page(next...Self.last, maxBytes: 3_000) {
            case .failure(.unreadable(let slot)):
                precondition(slot == Slot(rawValue: next), "the slot that is named is another")
                return slots
            case .failure(let failure):
                preconditionFailure("\(failure)")
            case .success(let page):
                for row in page.rows {
                    precondition(row.entry == Self.entry(row.slot), "slot \(row.slot) is another")
                    slots.append(row.slot)
                }
                precondition(page.through.rawValue >= next, "a page makes no way")
                let covered = Slot(rawValue: next)...page.through
                precondition(
                    page.ineffective == Self.ineffective.filter(covered.contains),
                    "slots without effect are missing of \(covered)"
                )
                next = page.through.next.rawValue
            }
        }
        return slots
    }
}

/// What a process says of itself, in a file: kept when a signal ends it.
private struct Account {
    let directory: StoreDirectory
    var path: String { directory.root + "/account" }

    init() throws { directory = try StoreDirectory() }

    /// In the process: what goes to standard error goes there.
    static func begin(_ path: String) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        dup2(descriptor, STDERR_FILENO)
    }

    static func say(_ line: String) {
        var line = "- \(line)\n"
        _ = line.withUTF8 { write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }

    /// The end of it, if it has not ended well.
    func check() {
        guard let bytes = try? FileSystem.read(path, at: 0, count: 64 << 20) else { return }
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
        let said = lines.filter { $0.hasPrefix("- ") }
        if said.last != "- done" {
            // The sentence of a trap, or where a signal met it.
            let why = lines.drop { $0 != said.last }.dropFirst().filter { line in
                ["recondition", "atal", "StoreSweep", "Thread", "ReplicatedLog"].contains {
                    line.contains($0)
                }
            }.prefix(12)
            Issue.record("after \(said.count) damages: \(said.last ?? ""): \(why)")
        }
    }
}

extension [PageDamage] {
    /// Until the time is up, and at least a few.
    fileprivate func forEach(seconds: Int, _ body: (PageDamage) throws -> Void) {
        let times = getenv("SWEEP_TIMES").flatMap { Int(String(cString: $0)) } ?? 1
        let end = MonotonicClock.now().advanced(by: .seconds(seconds * times))
        for (number, damage) in enumerated() where number < 50 || MonotonicClock.now() < end {
            // The last line of a process that has ended says of what.
            Account.say("\(damage)")
            do {
                try body(damage)
            } catch {
                preconditionFailure("\(damage): \(error)")
            }
        }
    }
}
