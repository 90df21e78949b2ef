import DiskShim
import Platform
import TestSupport
import Testing

@testable import LMDB

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Copies of environments whose commits are sealed.
@Suite(.shared, .serialized) struct SealedCopyTests {
    let directory: SealDirectory

    init() throws { directory = try SealDirectory() }

    private func bytes(of copy: String) throws -> [UInt8] {
        try FileSystem.read(copy, at: 0, count: Int(try FileSystem.fileLength(copy)))
    }

    /// Of an environment with so many rows.
    private func check(_ copy: String, rows: ClosedRange<Int>, compacting: Bool) throws {
        let bytes = try bytes(of: copy)
        let state = try SealedState(of: BytesSource(bytes: bytes))
        if compacting {
            #expect(state.outcome == .unsealed)
        } else {
            guard case .whole(let place, let runs) = state.outcome else {
                Issue.record("it is whole")
                return
            }
            #expect(runs.isEmpty)
            #expect(state.sectors[1 - place].seal != nil)
            // What it holds does not hang on pages of the one before.
            #expect(try rows.contains(ImageTree(bytes, place: place).rows.count))
        }
        let opened = try Environment.open(
            path: copy,
            options: .init(mapSize: 64 << 20, sealed: true)
        )
        try directory.put(1_000_000, in: opened)
        let table = try opened.openDatabase("t", keys: UInt64.self)
        let count = try opened.withRead { txn in try txn.count(in: table) }
        #expect(rows.contains(Int(count) - 1))
    }

    @Test(arguments: [false, true]) func aCopyIsSealedAnew(compacting: Bool) throws {
        let environment = try directory.open()
        for number in 1...60 as ClosedRange<UInt64> {
            try directory.put(number, in: environment)
            let copy = directory.path + "/copy\(number).mdb"
            try environment.copy(to: copy, compacting: compacting)
            try check(copy, rows: Int(number)...Int(number), compacting: compacting)
            try FileSystem.removeFile(copy)
        }
    }

    /// Of a state between two commits, made while a third waits between its meta page and its seal, or its flush.
    @Test(arguments: [DiskOperation.sealWrite, .flush], [false, true])
    func aCopyIsMadeBesideAWriter(_ operation: DiskOperation, compacting: Bool) async throws {
        let shared = SharedSealed(try directory.open())
        for number in 1...7 as ClosedRange<UInt64> {
            try await shared.put(number).end()
        }
        for number in 8...20 as ClosedRange<UInt64> {
            let gate = DiskFault(operation, below: directory.data, .gate)
            let written = try shared.put(number)
            let isThere = gate.awaitArrival()
            #expect(isThere)
            let copy = directory.path + "/copy\(number).mdb"
            let copied = try shared.copy(to: copy, compacting: compacting)
            try await eventually("the copy is begun") { FileSystem.exists(copy) }
            // Most have copied by then, and wait for the writer's turn.
            _ = await eventually(within: .milliseconds(5)) { copied.isOver }
            gate.release()
            try await written.end()
            try await copied.end()
            try check(copy, rows: Int(number) - 1...Int(number), compacting: compacting)
            try FileSystem.removeFile(copy)
        }
    }

    /// After a kill the cache may hold more than the disk: what a copy holds is on the disk of its source too, so
    /// that no other transaction has its number after a power cut.
    @Test(arguments: [false, true]) func aCopyMakesWhatItHoldsDurable(compacting: Bool) throws {
        do { try directory.put(1, in: try directory.open()) }
        let environment = try directory.open()
        let counter = DiskCounter(below: directory.data)
        try environment.copy(to: directory.path + "/copy.mdb", compacting: compacting)
        #expect(counter.calls(.flush) == 1 && counter.calls(.write) > 0)
    }

    /// It cannot tell which seal belongs to what it copies.
    @Test func anObserverCopiesCompactingAlone() async throws {
        do { try directory.put(1, in: try directory.open()) }
        let data = directory.data
        await #expect(processExitsWith: .exitCode(42)) { [data = data as String] in
            let observer = try Environment.open(
                path: data,
                options: .init(mapSize: 64 << 20, access: .observe)
            )
            let error = failure { () throws(LMDBError) in
                try observer.copy(to: data + ".raw", compacting: false)
            }
            guard error == LMDBError(code: EACCES), !FileSystem.exists(data + ".raw") else {
                exit(1)
            }
            try observer.copy(to: data + ".compact", compacting: true)
            exit(42)
        }
        #expect(FileSystem.exists(data + ".compact"))
    }
}
