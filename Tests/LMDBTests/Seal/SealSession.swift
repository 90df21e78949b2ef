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

/// The life of a process that writes to a file with sealed commits, recorded: what it wrote and flushed, and
/// what it was told.
struct SealSession: Sendable {
    static let submitted: UInt64 = 1
    static let receipted: UInt64 = 2
    static let opened: UInt64 = 3

    /// What transactions are made of.
    enum Style: CaseIterable, Sendable {
        /// One small row: every subset of its sectors can be tried.
        case tiny
        /// Rows that are appended, trimmed and written over.
        case rows
        /// Values with pages of their own.
        case large
        /// Long keys, so that few rows make and unmake heights of a tree.
        case deep
    }

    let before: [UInt8]
    let events: [DiskEvent]
    /// A hash of all rows: as it was opened, and after each commit, the failed one included.
    let contents: [Int]
    /// Numbers of the last transactions of the same.
    let numbers: [UInt64]
    /// It ended with an error.
    let failure: TransactionError<LMDBError>?
    /// The file as a process finds it that comes after.
    let after: [UInt8]

    static let file = "data.mdb"

    /// Opens the file that holds these bytes (nil: a new one) in a directory of its own, and commits so many
    /// transactions.
    init(
        on bytes: [UInt8]?,
        _ style: Style,
        transactions: Int,
        seed: UInt64,
        confirms: Bool = false,
        fault: (DiskOperation, nth: UInt64, DiskFaultEffect)? = nil
    ) throws {
        let directory = try SealDirectory()
        if let bytes { try FileSystem.write(bytes, to: directory.data) }
        let recorder = try DiskRecorder(directory: directory.path)
        var generator = Xorshift(state: seed | 1)
        var contents: [Int] = []
        var numbers: [UInt64] = []
        var failure: TransactionError<LMDBError>?
        do {
            let environment = try Environment.open(
                path: directory.data,
                options: .init(mapSize: 64 << 20, sealed: true)
            )
            recorder.mark(kind: Self.opened, value: 0)
            func note() throws {
                numbers.append(environment.info.lastTransaction)
                let bytes = try directory.bytes()
                let place = Int(numbers[numbers.count - 1] % 2)
                contents.append(try ImageTree(bytes, place: place).content)
            }
            try note()
            let armed = DiskFault(
                fault?.0 ?? .rename,
                below: directory.path,
                nth: fault?.nth ?? .max,
                fault?.2 ?? .skip
            )
            defer { withExtendedLifetime(armed.hits) {} }
            do throws(TransactionError<LMDBError>) {
                let table = try environment.openDatabase(
                    "t",
                    keys: [UInt8].self,
                    create: bytes == nil
                )
                if bytes == nil {
                    // It has a table now.
                    (contents, numbers) = ([], [])
                    try? note()
                }
                for number in 0..<transactions {
                    recorder.mark(kind: Self.submitted, value: UInt64(number + 1))
                    try environment.withWrite { (txn: inout WriteTransaction) throws(LMDBError) in
                        try Self.fill(&txn, table, style, &generator, number)
                    }
                    recorder.mark(kind: Self.receipted, value: UInt64(number + 1))
                    try? note()
                    if confirms, number % 3 == 2 {
                        do { try environment.confirm() } catch { throw .commit(error) }
                    }
                }
            } catch {
                failure = error
                try? note()
            }
        }
        after = try directory.bytes()
        let recording = recorder.finish()
        before = recording.files[Self.file] ?? []
        events = recording.events.map { Self.isOfFile($0) ? $0 : .mark(kind: 0, value: 0) }
        self.contents = contents
        self.numbers = numbers
        self.failure = failure
    }

    private static func isOfFile(_ event: DiskEvent) -> Bool {
        switch event {
        case .write(let path, _, _), .synchronousWriteBegan(let path, _, _),
            .synchronousWriteEnded(let path, _, _), .flushBegan(let path, _),
            .flushEnded(let path, _, _, _), .truncate(let path, _):
            path == file
        default: true
        }
    }

    static func fill(
        _ txn: inout WriteTransaction,
        _ table: BytesDatabase,
        _ style: Style,
        _ generator: inout Xorshift,
        _ number: Int
    ) throws(LMDBError) {
        func key(_ number: UInt64, _ length: Int = 8) -> [UInt8] {
            LMDBTests.bytes(number) + [UInt8](repeating: 7, count: length - 8)
        }
        func value(_ count: Int) -> [UInt8] {
            [UInt8](repeating: UInt8(generator.next(below: 255)) + 1, count: count)
        }
        let step = UInt64(number)
        switch style {
        case .tiny:
            try txn.put(value(16), for: key(generator.next(below: 4)), in: table)
        case .rows:
            for index in 0...generator.next(below: 20) {
                try txn.put(value(200), for: key(1000 + step * 32 + index), in: table)
            }
            if number % 4 == 3 {
                _ = try txn.deleteRange(in: table, below: key(1000 + (step - 2) * 32), limit: 40)
            }
            let old = key(1000 + generator.next(below: step * 32 + 1))
            try txn.put(value(200), for: old, in: table)
        case .large:
            let lengths: [Int] = [16, 2_500, 5_000, 40_000]
            for _ in 0...generator.next(below: 3) {
                let row = key(generator.next(below: 12))
                if generator.next(below: 3) == 0 {
                    try txn.delete(row, in: table)
                } else {
                    try txn.put(value(lengths[Int(generator.next(below: 4))]), for: row, in: table)
                    // Written over within the transaction: it keeps the pages of the longer one.
                    if generator.next(below: 4) == 0 {
                        try txn.put(value(2_500), for: row, in: table)
                    }
                }
            }
        case .deep:
            // Up to a height, and down again.
            let isGrowing = number % 12 < 8
            for _ in 0..<(isGrowing ? 5 : 12) {
                let row = key(generator.next(below: 60), 500)
                if isGrowing {
                    try txn.put(value(900), for: row, in: table)
                } else {
                    _ = try txn.deleteRange(in: table, from: row, below: key(61, 500), limit: 4)
                }
            }
            try txn.put(value(8), for: key(100), in: table)
        }
    }
}

/// A directory for sealed environments.
final class SealDirectory: Sendable {
    private let scratch: Scratch
    var path: String { scratch.path }
    var data: String { path + "/" + SealSession.file }

    init() throws { scratch = try Scratch("seal") }

    func bytes() throws -> [UInt8] {
        try FileSystem.read(data, at: 0, count: Int(try FileSystem.fileLength(data)))
    }

    func open(
        sealed: Bool = true,
        access: Environment.Access = .write
    ) throws(EnvironmentOpenError) -> Environment {
        try Environment.open(
            path: data,
            options: .init(mapSize: 64 << 20, access: access, sealed: sealed)
        )
    }

    func put(_ number: UInt64, in environment: borrowing Environment) throws {
        let table = try environment.openDatabase("t", keys: UInt64.self)
        try environment.withWrite { txn in
            try txn.put(LMDBTests.bytes(number), for: number, in: table)
        }
    }

    func state() throws -> SealedState {
        try SealedState(of: BytesSource(bytes: try bytes()))
    }

    /// A page of the last transaction is spoiled as a crash in its flush may.
    func loseLast() throws {
        guard case .whole(_, let runs) = try state().outcome else {
            Issue.record("it is whole")
            return
        }
        let descriptor = Glibc.open(data, O_WRONLY)
        defer { Glibc.close(descriptor) }
        let zeros = [UInt8](repeating: 0, count: 512)
        #expect(pwrite(descriptor, zeros, 512, Int(runs[0].page) * 4096) == 512)
    }
}

struct BytesSource: PageSource {
    let bytes: [UInt8]

    func read(at place: Int, into room: UnsafeMutableRawBufferPointer) -> Int {
        let count = max(0, min(room.count, bytes.count - place))
        guard count > 0 else { return 0 }
        bytes.withUnsafeBytes {
            room.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[place..<place + count]))
        }
        return count
    }
}
