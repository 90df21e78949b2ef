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

/// Environments whose commits are sealed: what is written for each, and by whom a file may be opened.
@Suite(.shared, .serialized) struct SealedEnvironmentTests {
    let directory: SealDirectory

    init() throws { directory = try SealDirectory() }

    private func open(
        sealed: Bool = true,
        access: Environment.Access = .write
    ) throws(EnvironmentOpenError) -> Environment {
        try directory.open(sealed: sealed, access: access)
    }

    private func put(_ number: UInt64, in environment: borrowing Environment) throws {
        try directory.put(number, in: environment)
    }

    private func state() throws -> SealedState { try directory.state() }

    @Test func eachCommitFlushesOnceAndTheFirstAsLMDBDoes() throws {
        let counter = DiskCounter(below: directory.path)
        let environment = try open()
        let table = try environment.openDatabase("t", keys: UInt64.self)
        // The meta pages that were found, data, meta page by itself, seal.
        #expect(counter.calls(.flush) == 3 && counter.synchronousWrites == 1)
        for number in 1...10 as ClosedRange<UInt64> {
            try environment.withWrite { txn in try txn.put([1], for: number, in: table) }
            #expect(counter.calls(.flush) == 3 + number && counter.synchronousWrites == 1)
            #expect(counter.calls(.sealWrite) == 1 + number)
        }
        // Nothing is written for nothing.
        let bytes = counter.bytes
        try environment.withWrite { _ in }
        #expect(counter.calls(.flush) == 13 && counter.bytes == bytes)
        #expect(try environment.confirm())
        #expect(try !environment.confirm())
        #expect(counter.calls(.flush) == 14)
        try environment.withWrite { (_) throws in
            for error in [
                failure { () throws(LMDBError) in try environment.confirm() },
                failure { () throws(LMDBError) in try environment.sync() },
            ] {
                #expect(error == LMDBError(code: EDEADLK))
            }
        }
    }

    /// Unchanged, and before anything else is written.
    @Test func whatAnOpeningFindsIsWrittenOnceMore() throws {
        do {
            let environment = try open()
            for number in 1...5 as ClosedRange<UInt64> { try put(number, in: environment) }
        }
        let whole = try directory.bytes()
        guard case .whole(let place, let runs) = try state().outcome else {
            Issue.record("it is whole")
            return
        }
        let recorder = try DiskRecorder(directory: directory.path)
        do {
            let environment = try open()
            #expect(environment.recovery == .whole)
            #expect(try directory.bytes() == whole)
            try put(6, in: environment)
        }
        var written: [Int: Int] = [:]
        for event in recorder.finish().events {
            if case .flushEnded(SealSession.file, _, _, _) = event { break }
            guard case .write(SealSession.file, let offset, let bytes) = event else { continue }
            written[offset] = bytes.count
            #expect(bytes == Array(whole[offset..<offset + bytes.count]))
        }
        var expected = [place * 4096: 512]
        for run in runs { expected[Int(run.page) * 4096] = Int(run.pages) * 4096 }
        #expect(written == expected)
    }

    @Test func aDroppedTransactionIsSaidAndItsNumberIsNotGivenOutAgain() throws {
        do {
            let environment = try open()
            for number in 1...5 as ClosedRange<UInt64> { try put(number, in: environment) }
            #expect(environment.info.lastTransaction == 6)
        }
        try directory.loseLast()
        // Who may not write does not see what is not there.
        for access in [Environment.Access.inspect, .observe] {
            let refusal = failure { () throws(EnvironmentOpenError) in
                _ = try open(access: access)
            }
            guard case .damaged? = refusal else {
                Issue.record("it was opened")
                return
            }
        }
        let environment = try open()
        #expect(environment.recovery == .dropped(transaction: 6))
        #expect(environment.info.lastTransaction == 6)
        let table = try environment.openDatabase("t", keys: UInt64.self)
        let count = try environment.withRead { txn in try txn.count(in: table) }
        #expect(count == 4)
        try put(6, in: environment)
        #expect(environment.info.lastTransaction == 7)
    }

    /// What was confirmed is not undone: pages that are not as they were are rot.
    @Test func rotIsNotTakenForACrash() throws {
        do {
            let environment = try open()
            for number in 1...5 as ClosedRange<UInt64> { try put(number, in: environment) }
            try environment.confirm()
        }
        try directory.loseLast()
        guard case .damaged? = failure({ () throws(EnvironmentOpenError) in _ = try open() }) else {
            Issue.record("it was opened")
            return
        }
        // Others may look where.
        #expect(try SealedState.place(at: directory.data) == 0)
    }

    /// LMDB would go on from the number that stands in the lock file.
    @Test func nothingIsUndoneWhileAnotherProcessHasItOpen() async throws {
        do {
            let environment = try open()
            for number in 1...5 as ClosedRange<UInt64> { try put(number, in: environment) }
        }
        try directory.loseLast()
        let lock = Glibc.open(directory.data + "-lock", O_RDWR)
        defer { close(lock) }
        // As each process has that has opened it, to read too.
        var held = flock()
        held.l_type = Int16(F_RDLCK)
        held.l_whence = Int16(SEEK_SET)
        held.l_len = 1
        #expect(fcntl(lock, F_SETLK, &held) == 0)
        let data = directory.data
        let before = try directory.bytes()
        await #expect(processExitsWith: .exitCode(42)) { [data = data as String] in
            let error = failure { () throws(EnvironmentOpenError) in
                _ = try Environment.open(path: data, options: .init(mapSize: 64 << 20))
            }
            guard case .lockedByAnotherProcess = error else { exit(1) }
            exit(42)
        }
        #expect(try directory.bytes() == before)
        held.l_type = Int16(F_UNLCK)
        #expect(fcntl(lock, F_SETLK, &held) == 0)
        #expect(try open().recovery == .dropped(transaction: 6))
    }

    /// By another name it has other lock files. What a writer leaves between two calls looks like the remains of a
    /// crash, and would be written over under it.
    @Test func nothingIsUndoneUnderALiveWriter() async throws {
        let environment = SharedSealed(try open())
        try put(1, in: environment.environment)
        let hard = directory.path + "/hard.mdb"
        #expect(link(directory.data, hard) == 0)
        let gate = DiskFault(.sealWrite, below: directory.path, .gate)
        let done = try environment.put(2)
        let isAtSeal = gate.awaitArrival()
        #expect(isAtSeal)
        let before = try directory.bytes()
        for access in [Environment.Access.write, .inspect] {
            let isWriting = access == .write
            await #expect(processExitsWith: .exitCode(42)) {
                [hard = hard as String, isWriting = isWriting as Bool] in
                let error = failure { () throws(EnvironmentOpenError) in
                    _ = try Environment.open(
                        path: hard,
                        options: .init(mapSize: 64 << 20, access: isWriting ? .write : .inspect)
                    )
                }
                guard case .lockedByAnotherProcess = error else { exit(1) }
                exit(42)
            }
        }
        #expect(try directory.bytes() == before)
        gate.release()
        try await done.end()
        try put(3, in: environment.environment)
    }

    @Test func aFileWithSealsIsAlwaysWrittenSo() throws {
        do { try put(1, in: try open()) }
        do {
            let environment = try open(sealed: false)
            let counter = DiskCounter(below: directory.path)
            try put(2, in: environment)
            #expect(counter.synchronousWrites == 0 && counter.calls(.sealWrite) > 0)
        }
        guard case .whole = try state().outcome else {
            Issue.record("it is whole")
            return
        }
    }

    /// Any program that does not know of seals: its last commit is undone, or the file refused.
    @Test func anotherProgramsCommitsAreNotBelieved() throws {
        do { try put(1, in: try open()) }
        var bytes = try directory.bytes()
        let number: UInt64 = ImageTree.load(bytes, 4096 + 144)
        let other: UInt64 = ImageTree.load(bytes, 144)
        #expect(max(number, other) == 2)
        // Two meta pages that go on without seals.
        for place in 0...1 { bytes[place * 4096 + 144] += 2 }
        try FileSystem.removeFile(directory.data)
        try FileSystem.write(bytes, to: directory.data)
        guard case .damaged? = failure({ () throws(EnvironmentOpenError) in _ = try open() }) else {
            Issue.record("it was opened")
            return
        }
    }

    /// A file of a later LMDB has its commits flushed by LMDB, if that opens it at all.
    @Test func anotherFormatIsLeftToLMDB() throws {
        do { try put(1, in: try open()) }
        var bytes = try directory.bytes()
        for place in 0...1 { bytes[place * 4096 + 20] = 2 }
        for bytes in [bytes, []] {
            #expect(throws: SealedState.Refusal.foreign) {
                try SealedState(of: BytesSource(bytes: bytes))
            }
        }
        try FileSystem.removeFile(directory.data)
        try FileSystem.write(bytes, to: directory.data)
        let refusal = failure { () throws(EnvironmentOpenError) in _ = try open() }
        #expect(refusal == .lmdb(.versionMismatch))
    }

    /// After an error between the commit and its receipt nothing is written any more.
    @Test(arguments: [DiskOperation.flush, .sealWrite, .metaWrite, .write])
    func anErrorPoisons(_ operation: DiskOperation) throws {
        let environment = try open()
        let table = try environment.openDatabase("t", keys: UInt64.self)
        try environment.withWrite { txn in try txn.put([1], for: 1, in: table) }
        do {
            let fault = DiskFault(operation, below: directory.path, .fail(errno: EIO))
            let error = failure { () throws(TransactionError<LMDBError>) in
                try environment.withWrite { (txn: inout WriteTransaction) throws(LMDBError) in
                    try txn.put([2], for: 2, in: table)
                }
            }
            #expect(fault.hits == 1)
            #expect(error?.isFinal == true && error?.error == LMDBError(code: EIO))
        }
        let counter = DiskCounter(below: directory.path)
        let error = failure { () throws(TransactionError<LMDBError>) in
            try environment.withWrite { (txn: inout WriteTransaction) throws(LMDBError) in
                try txn.put([3], for: 3, in: table)
            }
        }
        #expect(error == .confirm(.panic) && error?.isFinal == true)
        for compacting in [false, true] {
            #expect(throws: LMDBError.panic) {
                try environment.copy(to: directory.path + "/copy.mdb", compacting: compacting)
            }
        }
        #expect(throws: LMDBError.panic) { try environment.sync() }
        #expect(counter.calls(.flush) == 0 && counter.calls(.sealWrite) == 0)
    }

    /// The system tells of lost pages once: who asks first must not take it from the commit.
    @Test func aFlushThatFailsBesideACommitPoisons() throws {
        let environment = try open()
        try put(1, in: environment)
        let fault = DiskFault(.flush, below: directory.path, .fail(errno: EIO))
        #expect(throws: LMDBError(code: EIO)) { try environment.sync() }
        #expect(fault.hits == 1)
        let counter = DiskCounter(below: directory.path)
        #expect(throws: TransactionError<LMDBError>.confirm(.panic)) {
            try environment.withWrite { (_) throws(LMDBError) in }
        }
        #expect(counter.calls(.flush) == 0)
    }

    /// Each is final, and nothing is written after it.
    @Test(arguments: [DiskOperation.flush, .metaWrite, .write])
    func whatWasFoundCannotBeConfirmed(_ operation: DiskOperation) throws {
        do { for number in 1...3 as ClosedRange<UInt64> { try put(number, in: try open()) } }
        let whole = try directory.bytes()
        let environment = try open()
        // The sector of the meta page is written with its seal.
        let fault = DiskFault(operation, below: directory.path, .fail(errno: EIO))
        let error = failure { () throws(TransactionError<LMDBError>) in
            try environment.withWrite { (txn: inout WriteTransaction) throws(LMDBError) in }
        }
        #expect(fault.hits == 1)
        #expect(error == .confirm(LMDBError(code: EIO)) && error?.isFinal == true)
        #expect(throws: TransactionError<LMDBError>.confirm(.panic)) {
            try environment.withWrite { (_) throws(LMDBError) in }
        }
        #expect(try directory.bytes() == whole)
    }

    /// A page that cannot be sealed: damage met between the commit and its receipt.
    @Test func aWalkThatFailsPoisons() throws {
        let environment = try open()
        let table = try environment.openDatabase("t", keys: UInt64.self)
        for number in 1...200 as ClosedRange<UInt64> {
            let value = [UInt8](repeating: 1, count: 300)
            try environment.withWrite { txn in try txn.put(value, for: number, in: table) }
        }
        // A branch that the next transaction replaces, under LMDB's feet: its number alone.
        let bytes = try directory.bytes()
        let branch = (2..<bytes.count / 4096).filter { page in
            let (number, flags): (UInt64, UInt16) = (
                ImageTree.load(bytes, page * 4096), ImageTree.load(bytes, page * 4096 + 10)
            )
            return number == UInt64(page) && flags == 1
        }
        let descriptor = Glibc.open(directory.data, O_WRONLY)
        defer { close(descriptor) }
        for page in branch { #expect(pwrite(descriptor, [0xFF], 1, page * 4096 + 5) == 1) }
        let error = failure { () throws(TransactionError<LMDBError>) in
            try environment.withWrite { (txn: inout WriteTransaction) throws(LMDBError) in
                try txn.put([1], for: 201, in: table)
            }
        }
        #expect(error == .seal(.corrupted) && error?.isFinal == true)
    }
}

/// An environment that a test writes to on other threads.
final class SharedSealed: Sendable {
    let environment: Environment

    init(_ environment: consuming Environment) { self.environment = environment }

    /// What a thread of its own is doing, from now on.
    final class Work: Sendable {
        private let result: Locked<Result<Void, any Error>?>
        private let thread: PinnedThread

        fileprivate init(_ body: @escaping @Sendable () throws -> Void) throws {
            let result = Locked<Result<Void, any Error>?>(nil)
            self.result = result
            thread = try PinnedThread(name: "sealed") {
                let done = Result { try body() }
                result.withLock { $0 = done }
            }
        }

        var isOver: Bool { thread.hasEnded }

        func end() async throws {
            await thread.ended()
            try result.withLock { $0 }?.get()
        }
    }

    func put(_ number: UInt64) throws -> Work {
        try Work { [self] in
            let table = try environment.openDatabase("t", keys: UInt64.self)
            try environment.withWrite { txn in try txn.put(bytes(number), for: number, in: table) }
        }
    }

    func copy(to path: String, compacting: Bool) throws -> Work {
        try Work { [self] in try environment.copy(to: path, compacting: compacting) }
    }
}
