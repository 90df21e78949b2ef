import LMDB
import Synchronization
import TestSupport
import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

@Suite(.shared) struct TransactionTests {
    struct Refusal: Error, Equatable {}

    let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    @Test func aThrowingBodyLeavesNothing() throws {
        let environment = try directory.open()
        let table = try environment.openDatabase("t", keys: UInt64.self)
        let before = environment.info.lastTransaction
        let error = failure { () throws(TransactionError<any Error>) in
            try environment.withWrite { (txn) throws in
                try txn.put([1], for: 1, in: table)
                throw Refusal()
            }
        }
        guard case .body(let reason) = error else {
            Issue.record("expected the body's error, got \(String(describing: error))")
            return
        }
        #expect(reason is Refusal)
        #expect(error?.isFinal == false)
        #expect(environment.info.lastTransaction == before)
        #expect(try environment.withRead { txn in try txn.count(in: table) } == 0)
    }

    @Test func aFullMapIsToldAndTheEnvironmentGoesOn() throws {
        let environment = try directory.open(mapSize: 256 << 10)
        let table = try environment.openDatabase("t", keys: UInt64.self)
        let page = [UInt8](repeating: 7, count: 4_000)
        try environment.withWrite { txn in try txn.put([1], for: 0, in: table) }
        let error = failure { () throws(TransactionError<LMDBError>) in
            try environment.withWrite { (txn) throws(LMDBError) in
                for key: UInt64 in 1...1_000 {
                    try txn.put(page, for: key, in: table)
                }
            }
        }
        #expect(error == .body(.mapFull))
        #expect(error?.isFinal == false)
        try environment.withWrite { txn in try txn.put(page, for: 1, in: table) }
        #expect(try environment.withRead { txn in try txn.count(in: table) } == 2)
    }

    @Test func aSpoiledTransactionCannotCommit() throws {
        let environment = try directory.open(mapSize: 256 << 10)
        let table = try environment.openDatabase("t", keys: UInt64.self)
        let large = [UInt8](repeating: 7, count: 1 << 20)
        let error = failure { () throws(TransactionError<LMDBError>) in
            try environment.withWrite { (txn) throws(LMDBError) in
                try txn.put([1], for: 1, in: table)
                do throws(LMDBError) {
                    try txn.put(large, for: 2, in: table)
                } catch {
                    #expect(error == .mapFull)
                }
            }
        }
        #expect(error == .commit(.badTransaction))
        #expect(error?.isFinal == false)
        #expect(try environment.withRead { txn in try txn.count(in: table) } == 0)
    }

    /// LMDB alone would hang for ever.
    @Test func aWriterInsideAWriterIsRefused() throws {
        let environment = try directory.open()
        try environment.withWrite { (_) throws in
            let error = failure { () throws(TransactionError<LMDBError>) in
                try environment.withWrite { (_) throws(LMDBError) in }
            }
            #expect(error == .begin(LMDBError(code: EDEADLK)))
        }
        try environment.withWrite { _ in }
    }

    @Test func aReaderKeepsItsState() throws {
        let environment = try directory.open()
        let table = try environment.openDatabase("t", keys: UInt64.self)
        var slot = try environment.makeReadSlot()
        try environment.withRead { (txn) throws in
            try environment.withWrite { txn in try txn.put([1], for: 1, in: table) }
            #expect(try txn.count(in: table) == 0)
        }
        #expect(try slot.withRead { txn in try txn.count(in: table) } == 1)
        try environment.withWrite { txn in try txn.put([1], for: 2, in: table) }
        #expect(try slot.withRead { txn in try txn.count(in: table) } == 2)
        #expect(environment.info.usedReaders == 2)
        #expect(try environment.checkStaleReaders() == 0)
    }

    @Test func readerSlotsAreBounded() throws {
        let environment = try Environment.open(
            path: directory.data,
            options: .init(mapSize: 1 << 20, maxReaders: 1)
        )
        let slot = try environment.makeReadSlot()
        let error = failure { () throws(TransactionError<LMDBError>) in
            try environment.withRead { (_) throws(LMDBError) in }
        }
        #expect(error == .begin(.readersFull))
        _ = consume slot
        try environment.withRead { _ in }
    }

    /// What a reader sees is always one whole commit: both tables hold the same number.
    @Test(arguments: [false, true])
    func aThreadReadsWhileAnotherCommits(sealed: Bool) async throws {
        let environment = try directory.open(sealed: sealed)
        let left = try environment.openDatabase("left", keys: UInt64.self)
        let right = try environment.openDatabase("right", keys: [UInt8].self)
        let shared = SharedEnvironment(environment)
        try await withThrowingTaskGroup(of: UInt64.self) { group in
            group.addTask {
                for number: UInt64 in 1...300 {
                    try shared.environment.withWrite { (txn) throws in
                        try txn.put(bytes(number), for: number, in: left, mode: .append)
                        try txn.put(bytes(number), for: [1], in: right)
                    }
                    shared.committed.store(number, ordering: .releasing)
                }
                try shared.environment.sync()
                return 300
            }
            group.addTask {
                var slot = try shared.environment.makeReadSlot()
                var seen: UInt64 = 0
                while seen < 300, !Task.isCancelled {
                    let committed = shared.committed.load(ordering: .acquiring)
                    let (key, value) = try slot.withRead { (txn) throws in
                        (
                            try txn.lastKey(in: left) ?? 0,
                            try txn.get([1], in: right) { $0.array } ?? bytes(0)
                        )
                    }
                    #expect(value == bytes(key))
                    // What had been committed before it is there. A commit that is going on may be seen, and the next
                    // time not yet: LMDB's reader notes its number before it looks which root page that has.
                    #expect(key >= committed)
                    seen = key
                }
                return seen
            }
            for try await seen in group { #expect(seen == 300) }
        }
    }

    /// Only one writer is inside at a time, whatever thread it came on.
    @Test func writersQueue() async throws {
        let environment = try directory.open()
        let table = try environment.openDatabase("t", keys: UInt64.self)
        let shared = SharedEnvironment(environment)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    for _ in 0..<25 {
                        try shared.environment.withWrite { (txn) throws in
                            let next = (try txn.lastKey(in: table) ?? 0) + 1
                            try txn.put([0], for: next, in: table, mode: .append)
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(try shared.environment.withRead { txn in try txn.lastKey(in: table) } == 100)
    }
}

/// Shares an environment between tasks, and the number of the last transaction that has committed.
final class SharedEnvironment: Sendable {
    let environment: Environment
    let committed = Atomic<UInt64>(0)

    init(_ environment: consuming Environment) { self.environment = environment }
}
