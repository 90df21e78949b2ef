import PaxosCore
import PaxosSimulator
import Platform
import TestSupport
import Testing

@testable import LogStorage
@testable import ReplicatedLog
@testable import ReplicatedLogTestKit

/// Every store keeps the one contract, and a store that does not is found out.
@Suite(.shared, .serialized) struct StoreConformanceTests {
    @Test func theLMDBStoreConforms() async throws {
        let violations = await StoreConformance.violations(of: try LMDBFixture())
        #expect(violations == [])
    }

    @Test func theFaultyStoreConforms() async throws {
        let fixture = try LMDBFixture { FaultyStore($0) }
        #expect(await StoreConformance.violations(of: fixture) == [])
    }

    @Test func theSimulatedStoreConforms() async throws {
        let violations = await StoreConformance.violations(of: try SimulatedFixture())
        #expect(violations == [])
    }

    @Test(arguments: FlawedStore.Flaw.allCases)
    func aFlawedStoreIsFound(flaw: FlawedStore.Flaw) async throws {
        let fixture = try LMDBFixture { FlawedStore($0, flaw) }
        let violations = await StoreConformance.violations(
            of: fixture,
            patience: .milliseconds(500)
        )
        #expect(violations.contains { $0.hasPrefix(flaw.check) }, "\(violations)")
    }
}

/// Real directories.
private struct LMDBFixture: StoreFixture {
    private let scratch: Scratch
    private let membership: Membership
    private let cluster: ClusterID
    private let wrap: @Sendable (any NodeStore) -> any LogStore

    init(wrap: @escaping @Sendable (any NodeStore) -> any LogStore = { $0 }) throws {
        scratch = try Scratch("kit")
        cluster = try ClusterID("conformance")
        membership = try Membership([1, 2, 3])
        self.wrap = wrap
    }

    func open(_ medium: String) async throws -> any LogStore {
        let path = scratch.path + "/" + medium
        var storage = StorageOptions()
        storage.mapSize = 1 << 30
        storage.runwayBytes = 1 << 20
        if !FileSystem.exists(path) {
            _ = try LMDBStore.create(
                at: path,
                cluster: cluster,
                node: 1,
                membership: membership,
                storage: storage
            )
        }
        return wrap(
            try LMDBStore.open(
                at: path,
                expecting: (cluster, 1, membership),
                storage: storage
            )
        )
    }

    func failNextFlush(of store: any LogStore) async -> Bool {
        if let store = store as? FaultyStore {
            store.failNextFlush()
            return true
        }
        if let store = store as? FlawedStore { return store.failNext() }
        // DurabilityTests fail the flushes of the real one.
        return false
    }
}

private struct SimulatedFixture: StoreFixture {
    private let stores = Locked<[String: SimulatedLogStore]>([:])
    private let membership: Membership
    private let cluster: ClusterID

    init() throws {
        cluster = try ClusterID("conformance")
        membership = try Membership([1, 2, 3])
    }

    func open(_ medium: String) async throws -> any LogStore {
        let earlier = stores.withLock { $0[medium] }
        let disk = earlier?.disk ?? SimulatedDisk(incarnation: Incarnation(high: 1, low: 1))
        let store = try SimulatedLogStore(disk, cluster: cluster, membership: membership)
        stores.withLock { $0[medium] = store }
        return store
    }

    func failNextFlush(of store: any LogStore) async -> Bool {
        guard let store = store as? SimulatedLogStore else { return false }
        store.failNext()
        return true
    }
}

/// A store that breaks the contract in one way.
final class FlawedStore: NodeStore {
    enum Flaw: CaseIterable {
        /// Receipts what it never writes.
        case forgets
        /// Says of every page that it reaches to the end.
        case skips
        /// Goes on after a failure.
        case goesOn
        /// Loses what is under way when it is closed.
        case hurries

        var check: String {
            switch self {
            case .forgets: "reopening"
            case .skips: "reading"
            case .goesOn: "failure"
            case .hurries: "end"
            }
        }
    }

    private let store: any NodeStore
    private let flaw: Flaw
    private let observer = Locked<(any StoreObserver)?>(nil)
    private let fails = Locked(false)
    private let submitted = Locked(0)

    init(_ store: any NodeStore, _ flaw: Flaw) {
        self.store = store
        self.flaw = flaw
    }

    var counters: StoreCounters { store.counters }

    var base: Base { store.base }

    func beginBackup(
        through committed: Slot,
        promised: Ballot,
        at destination: String,
        storage: StorageOptions,
        isCancelled: @escaping @Sendable () -> Bool
    ) throws(LogCopyError) -> LogCopy {
        try store.beginBackup(
            through: committed,
            promised: promised,
            at: destination,
            storage: storage,
            isCancelled: isCancelled
        )
    }

    func recover() -> RecoveredState { store.recover() }

    func start(observer: any StoreObserver) {
        self.observer.withLock { $0 = observer }
        store.start(observer: observer)
    }

    func failNext() -> Bool {
        guard flaw == .goesOn else { return false }
        fails.withLock { $0 = true }
        return true
    }

    func submit(_ batch: consuming WriteBatch) {
        let count = submitted.withLock { count in
            count += 1
            return count
        }
        let observer = observer.withLock { $0 }
        if flaw == .forgets {
            observer?.durable(batch.markedDurable(written: WriteNumber(1)))
        } else if flaw == .hurries, count > 40 {
            batch.abandon()
        } else {
            store.submit(batch)
        }
        let isFailing = fails.withLock { fails in
            defer { fails = false }
            return fails
        }
        if isFailing {
            observer?.failed(StoreFailure(operation: "flush", code: 5, detail: "flawed"))
        }
    }

    func read(
        _ slots: ClosedRange<Slot>,
        maxBytes: Int,
        withEffect: Bool,
        completion: @escaping @Sendable (Result<RowPage, ReadFailure>) -> Void
    ) {
        guard flaw == .skips else {
            return store.read(slots, maxBytes: maxBytes, completion: completion)
        }
        store.read(slots, maxBytes: maxBytes) { result in
            completion(result.map { RowPage(rows: $0.rows, through: slots.upperBound) })
        }
    }

    func close(completion: @escaping @Sendable () -> Void) {
        store.close(completion: completion)
    }
}
