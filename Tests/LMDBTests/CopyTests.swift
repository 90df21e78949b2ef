import LMDB
import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

@Suite struct CopyTests {
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

    /// An empty commit changes nothing, and a commit under NOMETASYNC is made durable by a sync.
    @Test func metaSyncIsTurnedOffAndOn() throws {
        let environment = try directory.open()
        let table = try environment.openDatabase("t", keys: UInt64.self)
        let before = environment.info.lastTransaction
        try environment.withWrite { _ in }
        #expect(environment.info.lastTransaction == before)
        for on in [true, false] {
            try environment.setNoMetaSync(on)
            try environment.withWrite { txn in try txn.put([1], for: 1, in: table) }
            try environment.sync()
        }
        try environment.withWrite { (_) throws in
            let error = failure { () throws(LMDBError) in try environment.setNoMetaSync(true) }
            #expect(error == LMDBError(code: EDEADLK))
        }
    }
}
