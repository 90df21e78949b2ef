import LogWire
import Synchronization
import TestSupport
import Testing

@testable import LogStorage
@testable import PaxosCore
@testable import Platform

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// A directory for stores.
final class StoreDirectory: Sendable {
    private let scratch: Scratch
    var root: String { scratch.path }
    let cluster: ClusterID
    let membership: Membership

    init() throws {
        scratch = try Scratch("store")
        cluster = try ClusterID("tests")
        membership = try Membership([1, 2, 3])
    }

    /// The data directory most tests use.
    var path: String { root + "/n1" }
    var file: String { path + "/log.mdb" }

    @discardableResult
    func create(
        storage: StorageOptions = .small,
        limits: Limits = .small
    ) throws(LogCreateError) -> DirectoryIdentity {
        try LMDBStore.create(
            at: path,
            cluster: cluster,
            node: 1,
            membership: membership,
            storage: storage,
            limits: limits
        )
    }

    /// Makes it and writes to it, one durable transaction after the other, and closes it.
    func fill(
        _ writes: ClosedRange<UInt64> = 1...1,
        _ change: (UInt64, inout WriteRows) -> Void
    ) throws {
        try create()
        let store = try open()
        let listener = Listener()
        store.start(observer: listener)
        for write in writes {
            store.submit(write) { change(write, &$0) }
            #expect(listener.wait(through: write))
        }
        store.closeAndWait()
    }

    func open(
        storage: StorageOptions = .small,
        limits: Limits = .small
    ) throws(LogOpenError) -> LMDBStore {
        try LMDBStore.open(
            at: path,
            expecting: (cluster, 1, membership),
            storage: storage,
            limits: limits
        )
    }

    /// Changes the data file in a place, as rot would.
    func overwrite(_ bytes: [UInt8], at place: Int = 0) throws {
        let descriptor = Glibc.open(file, O_WRONLY)
        defer { close(descriptor) }
        try #require(
            bytes.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, place) }
                == bytes.count
        )
    }

    /// Opens, expecting a refusal.
    func refusal(
        cluster: ClusterID? = nil,
        node: NodeID = 1,
        membership: Membership? = nil,
        limits: Limits = .small
    ) -> LogOpenError? {
        failure { () throws(LogOpenError) in
            _ = try LMDBStore.open(
                at: path,
                expecting: (cluster ?? self.cluster, node, membership ?? self.membership),
                storage: .small,
                limits: limits
            )
        }
    }
}

extension StorageOptions {
    /// Quick to fill.
    static var small: StorageOptions {
        var options = StorageOptions()
        options.mapSize = 1 << 30
        options.runwayBytes = 1 << 20
        return options
    }
}

extension Limits {
    static var small: Limits {
        var limits = Limits()
        limits.maxPayloadBytes = 64 << 10
        limits.pipelineBytes = 256 << 10
        limits.pipelineSlots = 256
        // Hundreds of tests share the processors, and a deadline runs from the call on.
        limits.appendTimeout = .seconds(120)
        return limits
    }
}

/// The error `body` throws, or nil.
func failure<E: Error>(_ body: () throws(E) -> Void) -> E? {
    do throws(E) {
        try body()
        return nil
    } catch {
        return error
    }
}

/// Hears what a store says, and lets a test wait for it.
final class Listener: StoreObserver {
    struct Heard: Sendable {
        var through: [WriteID] = []
        var written: [WriteNumber] = []
        var failures: [StoreFailure] = []
        var fulls: [Bool] = []
    }

    private let heard = Locked(Heard())
    private let signal = Parker()

    var now: Heard { heard.withLock { $0 } }

    func durable(_ receipt: consuming DurabilityReceipt) {
        let through = receipt.through
        let written = receipt.written
        heard.withLock {
            $0.through.append(through)
            $0.written.append(written)
        }
        signal.unpark()
    }

    func failed(_ failure: StoreFailure) {
        heard.withLock { $0.failures.append(failure) }
        signal.unpark()
    }

    func full(_ isFull: Bool) {
        heard.withLock { $0.fulls.append(isFull) }
        signal.unpark()
    }

    /// Blocks until the condition holds; false after a minute.
    func wait(until condition: (Heard) -> Bool) -> Bool {
        let deadline = MonotonicClock.now().advanced(by: .seconds(60))
        while !condition(now) {
            guard MonotonicClock.now() < deadline else { return condition(now) }
            signal.park(timeout: .milliseconds(50))
        }
        return true
    }

    func wait(through id: UInt64) -> Bool {
        wait { ($0.through.last?.rawValue ?? 0) >= id }
    }
}

extension LMDBStore {
    /// Submits rows under a number.
    func submit(_ id: UInt64, _ change: (inout WriteRows) -> Void) {
        var rows = WriteRows()
        change(&rows)
        submit(WriteBatch(id: WriteID(id), rows: rows, testimony: []))
    }

    /// Submits a command a slot.
    func append(_ id: UInt64, _ slots: ClosedRange<UInt64>, bytes: Int = 16) {
        submit(id) { $0.accepted = [.commands(slots, bytes: bytes)] }
    }

    func closeAndWait() {
        let parker = Parker()
        close { parker.unpark() }
        parker.park()
    }

    func page(
        _ slots: ClosedRange<UInt64>,
        maxBytes: Int = 1 << 20,
        withEffect: Bool = true
    ) -> Result<RowPage, ReadFailure> {
        let parker = Parker()
        let found = Locked<Result<RowPage, ReadFailure>>(.failure(.closed))
        let first = Slot(rawValue: slots.lowerBound)
        let last = Slot(rawValue: slots.upperBound)
        read(first...last, maxBytes: maxBytes, withEffect: withEffect) { result in
            found.withLock { $0 = result }
            parker.unpark()
        }
        parker.park()
        return found.withLock { $0 }
    }
}

extension AcceptedRun {
    static func commands(
        _ slots: ClosedRange<UInt64>,
        bytes: Int = 16,
        ballot: Ballot = Ballot(round: 1, node: 1)
    ) -> AcceptedRun {
        let entries = slots.map { Entry.testCommand($0, bytes: bytes) }
        return AcceptedRun(
            ballot: ballot,
            run: EntryRun(first: Slot(rawValue: slots.lowerBound), entries: entries)
        )
    }
}

extension Entry {
    /// A command whose payload tells its slot.
    static func testCommand(_ slot: UInt64, bytes: Int = 16) -> Entry {
        let payload = [UInt8](repeating: UInt8(truncatingIfNeeded: slot &* 31), count: bytes)
        return .command(
            Command(token: Token(node: 1, boot: Boot(1), sequence: slot), payload: payload)
        )
    }
}
