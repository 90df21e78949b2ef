import LMDB
import TestSupport
import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// The lock between processes, with real ones: each body of an exit test runs in a child process.
@Suite(.shared) struct ProcessTests {
    let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    @Test func aWriterExcludesOtherProcesses() async throws {
        let environment = try directory.open()
        let data = directory.data
        #expect(link(data, directory.path + "/hard") == 0)
        await #expect(processExitsWith: .exitCode(42)) { [data = data as String] in
            exit(openingIsRefused(data, .write) && openingIsRefused(data, .inspect) ? 42 : 1)
        }
        let hard = directory.path + "/hard"
        await #expect(processExitsWith: .exitCode(42)) { [hard = hard as String] in
            exit(openingIsRefused(hard, .write) ? 42 : 1)
        }
        // The child's attempts took nothing from us.
        await #expect(processExitsWith: .exitCode(42)) { [data = data as String] in
            exit(openingIsRefused(data, .write) ? 42 : 1)
        }
        try environment.withWrite { _ in }
        environment.close()
        await #expect(processExitsWith: .exitCode(43)) { [data = data as String] in
            exit(openingIsRefused(data, .write) ? 1 : 43)
        }
    }

    @Test func inspectionsShareAndExcludeAWriter() async throws {
        try directory.open().close()
        let environment = try directory.open(access: .inspect)
        let data = directory.data
        await #expect(processExitsWith: .exitCode(42)) { [data = data as String] in
            exit(!openingIsRefused(data, .inspect) && openingIsRefused(data, .write) ? 42 : 1)
        }
        environment.close()
    }

    @Test func aLiveFileIsObservedAndCopiedFromAnotherProcess() async throws {
        let environment = try directory.open()
        let table = try environment.openDatabase("t", keys: UInt64.self)
        try environment.withWrite { txn in try txn.put([5], for: 5, in: table) }
        let data = directory.data
        await #expect(processExitsWith: .exitCode(42)) { [data = data as String] in
            let observer = try Environment.open(
                path: data,
                options: .init(mapSize: 64 << 20, access: .observe)
            )
            let table = try observer.openDatabase("t", keys: UInt64.self)
            let value = try observer.withRead { txn in try txn.get(5, in: table) { $0.array } }
            try observer.copy(to: data + ".copy", compacting: true)
            exit(value == [5] ? 42 : 1)
        }
        try environment.withWrite { txn in try txn.put([6], for: 6, in: table) }
        let copy = try directory.open("data.mdb.copy")
        let same = try copy.openDatabase("t", keys: UInt64.self, create: false)
        #expect(try copy.withRead { txn in try txn.lastKey(in: same) } == 5)
    }
}

private func openingIsRefused(_ path: String, _ access: Environment.Access) -> Bool {
    let error = failure { () throws(EnvironmentOpenError) in
        _ = try Environment.open(path: path, options: .init(mapSize: 64 << 20, access: access))
    }
    if case .lockedByAnotherProcess = error { return true }
    return false
}
