import LMDB
import TestSupport
import Testing

@Suite(.shared) struct DatabaseTests {
    let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    @Test func aTableThatIsNotThereIsNotOpenedAndLeavesNoHandle() throws {
        let environment = try directory.open()
        let error = failure { () throws(TransactionError<LMDBError>) in
            _ = try environment.openDatabase("none", keys: UInt64.self, create: false)
        }
        #expect(error == .body(.notFound))
        let first = try environment.openDatabase("first", keys: UInt64.self)
        let second = try environment.openDatabase("second", keys: UInt64.self)
        #expect(first != second)
        #expect(try environment.openDatabase("first", keys: UInt64.self) == first)
        try environment.withWrite { (txn) throws in
            try txn.put([1], for: 1, in: first)
            try txn.put([2], for: 1, in: second)
        }
        #expect(try environment.withRead { txn in try txn.get(1, in: first) { $0.array } } == [1])
    }

    /// LMDB alone would open it and order the keys as the file says.
    @Test func aTableOfOtherKeysIsRefused() throws {
        let environment = try directory.open()
        _ = try environment.openDatabase("numbers", keys: UInt64.self)
        for reopened in [false, true] {
            let error = failure { () throws(TransactionError<LMDBError>) in
                _ = try environment.openDatabase("numbers", keys: [UInt8].self)
            }
            #expect(error == .body(.incompatible), "reopened: \(reopened)")
        }
        let numbers = try environment.openDatabase("numbers", keys: UInt64.self)
        try environment.withWrite { txn in try txn.put([1], for: 1, in: numbers) }
    }

    @Test func tablesAreBounded() throws {
        let environment = try Environment.open(
            path: directory.data,
            options: .init(mapSize: 1 << 20, maxDatabases: 1)
        )
        _ = try environment.openDatabase("one", keys: UInt64.self)
        let error = failure { () throws(TransactionError<LMDBError>) in
            _ = try environment.openDatabase("two", keys: UInt64.self)
        }
        #expect(error == .body(.dbsFull))
    }

    @Test func tablesOpenForInspection() throws {
        let writer = try directory.open()
        let table = try writer.openDatabase("t", keys: UInt64.self)
        try writer.withWrite { txn in try txn.put([5], for: 5, in: table) }
        writer.close()

        let reader = try directory.open(access: .inspect)
        let same = try reader.openDatabase("t", keys: UInt64.self)
        #expect(try reader.withRead { txn in try txn.get(5, in: same) { $0.array } } == [5])
        let missing = failure { () throws(TransactionError<LMDBError>) in
            _ = try reader.openDatabase("none", keys: UInt64.self)
        }
        #expect(missing == .body(.notFound))
        let refused = failure { () throws(TransactionError<LMDBError>) in
            try reader.withWrite { (_) throws(LMDBError) in }
        }
        guard case .begin(let error) = refused else {
            Issue.record("a reader wrote")
            return
        }
        #expect(error.isErrno)
    }
}
