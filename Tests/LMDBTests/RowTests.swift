import LMDB
import TestSupport
import Testing

@Suite(.shared) struct RowTests {
    let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    @Test func rowsAreWrittenReadReplacedAndDeleted() throws {
        let environment = try directory.open()
        let numbers = try environment.openDatabase("numbers", keys: UInt64.self)
        let words = try environment.openDatabase("words", keys: [UInt8].self)
        try environment.withWrite { (txn) throws in
            try txn.put([1, 2, 3], for: 7, in: numbers)
            try txn.put([9], for: [0x61], in: words)
            try txn.put([], for: 8, in: numbers)
            try txn.put([4], for: 7, in: numbers, mode: .upsert)
        }
        try environment.withRead { (txn) throws in
            #expect(try txn.get(7, in: numbers) { $0.array } == [4])
            #expect(try txn.get(8, in: numbers) { $0.array } == [])
            #expect(try txn.get(9, in: numbers) { $0.array } == nil)
            #expect(try txn.get([0x61], in: words) { $0.array } == [9])
            #expect(try txn.contains(8, in: numbers))
            #expect(try !txn.contains([0x62], in: words))
            #expect(try txn.count(in: numbers) == 2)
        }
        try environment.withWrite { (txn) throws in
            #expect(try txn.delete(7, in: numbers))
            #expect(try !txn.delete(7, in: numbers))
            #expect(try txn.count(in: numbers) == 1)
        }
    }

    @Test func insertAndAppendRefuseWhatIsNotNew() throws {
        let environment = try directory.open()
        let table = try environment.openDatabase("t", keys: UInt64.self)
        try environment.withWrite { (txn) throws in
            try txn.put([1], for: 10, in: table, mode: .append)
            for key: UInt64 in [9, 10] {
                let error = failure { () throws(LMDBError) in
                    try txn.put([2], for: key, in: table, mode: .append)
                }
                #expect(error == .keyExist)
            }
            let error = failure { () throws(LMDBError) in
                try txn.put([2], for: 10, in: table, mode: .insert)
            }
            #expect(error == .keyExist)
            try txn.put([3], for: 9, in: table, mode: .insert)
            try txn.put([4], for: 11, in: table, mode: .append)
        }
        let rows = try environment.withRead { (txn) throws in
            var rows: [UInt64: [UInt8]] = [:]
            try txn.forEachRow(in: table) { key, value in
                rows[key] = value.array
                return true
            }
            return rows
        }
        #expect(rows == [9: [3], 10: [1], 11: [4]])
    }

    @Test(arguments: [0, 1, 8, 2_022, 4_080, 4_096, 100_001])
    func aValueIsEncodedInPlace(size: Int) throws {
        let environment = try directory.open()
        let table = try environment.openDatabase("t", keys: UInt64.self)
        try environment.withWrite { (txn) throws in
            try txn.reserve(size, for: 1, in: table, mode: .append) { room in
                #expect(room.byteCount == size)
                for offset in 0..<size {
                    room.storeBytes(
                        of: UInt8(truncatingIfNeeded: offset &* 31),
                        toByteOffset: offset,
                        as: UInt8.self
                    )
                }
            }
        }
        let value = try environment.withRead { txn in try txn.get(1, in: table) { $0.array } }
        #expect(value == (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31) })
    }

    @Test func keysOfBadLengthAreRefused() throws {
        let environment = try directory.open()
        let table = try environment.openDatabase("t", keys: [UInt8].self)
        try environment.withWrite { (txn) throws in
            for length in [0, 512] {
                let error = failure { () throws(LMDBError) in
                    try txn.put(
                        [1],
                        for: [UInt8](repeating: 1, count: length),
                        in: table
                    )
                }
                #expect(error == .badValueSize)
            }
            try txn.put([1], for: [UInt8](repeating: 1, count: 511), in: table)
        }
    }

    @Test func integersAreOrderedAsNumbers() throws {
        let environment = try directory.open()
        let table = try environment.openDatabase("t", keys: UInt64.self)
        let keys: [UInt64] = [256, 1, .max, 255, 1 << 32, 0]
        let seen = try environment.withWrite { (txn) throws in
            for key in keys { try txn.put(bytes(key), for: key, in: table) }
            var seen: [UInt64] = []
            try txn.forEachRow(in: table) { key, value in
                #expect(value.array == bytes(key))
                seen.append(key)
                return true
            }
            return seen
        }
        #expect(seen == keys.sorted())
    }
}
