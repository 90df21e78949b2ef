import LMDB
import TestSupport
import Testing

@Suite(.shared) struct CursorTests {
    let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    /// Rows of even keys 0, 2, 4 … below `2 * count`.
    private func fill(
        _ environment: borrowing Environment,
        count: UInt64
    ) throws -> IntegerDatabase {
        let table = try environment.openDatabase("t", keys: UInt64.self)
        try environment.withWrite { (txn) throws in
            for number in 0..<count {
                try txn.put(
                    bytes(2 * number),
                    for: 2 * number,
                    in: table,
                    mode: .append
                )
            }
        }
        return table
    }

    @Test func aCursorMovesBothWaysAndSeeks() throws {
        let environment = try directory.open()
        let table = try fill(environment, count: 1_000)
        try environment.withRead { (txn) throws in
            try txn.withCursor(in: table) { (cursor) throws(LMDBError) in
                #expect(try cursor.key == nil)
                #expect(cursor.withValue { _ in true } == nil)
                #expect(try cursor.next())
                #expect(try cursor.key == 0)
                #expect(try cursor.seek(501))
                #expect(try cursor.key == 502)
                #expect(cursor.withValue { $0.array } == bytes(502))
                #expect(try cursor.previous())
                #expect(try cursor.key == 500)
                #expect(try cursor.last())
                #expect(try cursor.key == 1_998)
                #expect(try !cursor.next())
                #expect(try cursor.key == nil)
                #expect(try cursor.previous())
                #expect(try cursor.key == 1_998)
                #expect(try cursor.first())
                #expect(try !cursor.previous())
                #expect(try !cursor.seek(1_999))
            }
            #expect(try txn.firstKey(in: table) == 0)
            #expect(try txn.lastKey(in: table) == 1_998)
        }
    }

    @Test func anEmptyTableHasNoRows() throws {
        let environment = try directory.open()
        let table = try fill(environment, count: 0)
        try environment.withRead { (txn) throws in
            #expect(try txn.firstKey(in: table) == nil)
            #expect(try txn.lastKey(in: table) == nil)
            try txn.forEachRow(in: table) { _, _ in
                Issue.record("a row in an empty table")
                return true
            }
        }
    }

    @Test func rowsComeFromTheKeyUntilTheBodyStops() throws {
        let environment = try directory.open()
        let table = try fill(environment, count: 1_000)
        let keys = try environment.withRead { (txn) throws in
            var keys: [UInt64] = []
            try txn.forEachRow(in: table, from: 995) { key, _ in
                keys.append(key)
                return keys.count < 4
            }
            return keys
        }
        #expect(keys == [996, 998, 1_000, 1_002])
    }

    /// Every start, end and limit against a set; the sizes cross leaf pages.
    @Test func aRangeIsDeletedLikeInAModel() throws {
        let environment = try directory.open()
        let table = try fill(environment, count: 1_500)
        var model = Set((0..<1_500).map { UInt64(2 * $0) })
        let ranges: [(from: UInt64?, below: UInt64, limit: Int)] = [
            (nil, 0, .max), (nil, 7, .max), (nil, 900, 100), (11, 11, .max), (700, 1_301, .max),
            (1_301, 1_400, 7), (2_990, .max, .max), (5_000, .max, .max), (40, 30, .max),
            (nil, .max, 0), (nil, 2_000, .max), (nil, .max, .max), (nil, .max, .max),
        ]
        for range in ranges {
            let doomed = model.filter { $0 >= (range.from ?? 0) && $0 < range.below }
                .sorted().prefix(range.limit)
            model.subtract(doomed)
            let deleted = try environment.withWrite { (txn) throws in
                try txn.deleteRange(
                    in: table,
                    from: range.from,
                    below: range.below,
                    limit: range.limit
                )
            }
            #expect(deleted == doomed.count)
            let left = try environment.withRead { (txn) throws in
                var left: [UInt64] = []
                try txn.forEachRow(in: table) { key, value in
                    #expect(value.array == bytes(key))
                    left.append(key)
                    return true
                }
                return left
            }
            #expect(left == model.sorted())
        }
        #expect(model.isEmpty)
    }
}
