import LMDB
import TestSupport
import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

@Suite(.shared) struct CopyTests {
    let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    @Test(arguments: [false, true])
    func aCopyIsTakenWhileReadersAndTheFileAreLive(compacting: Bool) throws {
        let environment = try directory.open()
        let table = try environment.openDatabase("t", keys: UInt64.self)
        try environment.withWrite { (txn) throws in
            for key: UInt64 in 0..<5_000 {
                try txn.put(bytes(key), for: key, in: table, mode: .append)
            }
        }
        try environment.withWrite { (txn) throws in
            #expect(try txn.deleteRange(in: table, below: 4_000) == 4_000)
        }
        let used = environment.info.usedBytes
        try environment.withRead { (_) throws in
            try environment.copy(to: directory.path + "/copy", compacting: compacting)
        }
        try environment.withWrite { txn in try txn.put([1], for: 9_999, in: table) }
        let again = failure { () throws(LMDBError) in
            try environment.copy(to: directory.path + "/copy", compacting: compacting)
        }
        #expect(again == LMDBError(code: EEXIST))

        let copy = try directory.open("copy")
        let same = try copy.openDatabase("t", keys: UInt64.self, create: false)
        try copy.withRead { (txn) throws in
            #expect(try txn.count(in: same) == 1_000)
            #expect(try txn.firstKey(in: same) == 4_000)
            #expect(try txn.lastKey(in: same) == 4_999)
        }
        #expect(compacting ? copy.info.usedBytes < used : copy.info.usedBytes == used)
    }

    @Test func theSizesAreThoseOfTheFile() throws {
        let environment = try directory.open(mapSize: (64 << 20) + 1)
        let table = try environment.openDatabase("t", keys: UInt64.self)
        let before = environment.info
        try environment.withWrite { (txn) throws in
            #expect(txn.id == before.lastTransaction + 1)
            for key: UInt64 in 0..<5_000 {
                try txn.put(bytes(key), for: key, in: table, mode: .append)
            }
        }
        let after = environment.info
        #expect(after.lastTransaction == before.lastTransaction + 1)
        #expect(after.mapSize > 64 << 20 && after.mapSize % after.pageSize == 0)
        #expect(after.usedBytes > before.usedBytes)
        var status = stat()
        #expect(fstat(environment.dataFileDescriptor, &status) == 0)
        #expect(Int(status.st_size) == after.usedBytes)
        #expect(after.maxReaders == 126)
    }

    /// A file shorter than its pages in use can be sound: pages taken and freed in one transaction
    /// are never written. A check at open that took a short file for a truncated one refused good
    /// files; it is right only for files extended ahead of their pages.
    @Test func aShortFileCanBeSound() throws {
        var generator = Xorshift(state: 88_172_645_463_325_252)
        var short = 0
        for round in 0..<40 {
            // Nothing here is to survive, and flushing 1,600 commits takes its time.
            let environment = try Environment.open(
                path: directory.path + "/\(round)",
                options: .init(mapSize: 64 << 20, noSync: true)
            )
            let table = try environment.openDatabase("t", keys: UInt64.self)
            for _ in 0..<40 {
                try change(table, in: environment, with: &generator)
                var status = stat()
                #expect(fstat(environment.dataFileDescriptor, &status) == 0)
                guard Int(status.st_size) < environment.info.usedBytes else { continue }
                short += 1
                // Every row is there: reading a missing page would end the process.
                try environment.withRead { txn in
                    try txn.forEachRow(in: table) { _, value in value.array.allSatisfy { $0 == 1 } }
                }
            }
        }
        #expect(short > 0)
    }

    /// Puts and deletes a few rows of up to 30,000 bytes in one transaction.
    private func change(
        _ table: IntegerDatabase,
        in environment: borrowing Environment,
        with generator: inout Xorshift
    ) throws {
        try environment.withWrite { txn in
            for _ in 0...generator.next(below: 12) {
                let key = generator.next(below: 30)
                let size = Int(generator.next(below: 30_000))
                if generator.next(below: 2) == 0 {
                    try txn.delete(key, in: table)
                } else {
                    try txn.put([UInt8](repeating: 1, count: size), for: key, in: table)
                }
            }
        }
    }
}

/// Numbers that are the same on every run.
struct Xorshift {
    var state: UInt64

    mutating func next(below bound: UInt64) -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state % bound
    }
}
