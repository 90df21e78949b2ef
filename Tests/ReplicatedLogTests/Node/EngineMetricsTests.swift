import CoreMetrics
import Logging
import Testing

@testable import LogStorage
@testable import PaxosCore
@testable import Platform
@testable import ReplicatedLog

/// What a node tells a metrics backend.
@Suite struct EngineMetricsTests {
    @Test func aNodeTellsOfItsFlushesAndItsRoom() async throws {
        let directory = try NodeDirectory()
        try await directory.create()
        let backend = MemoryMetrics()
        let node = LogNode(
            configuration: directory.configuration,
            directory: directory.path,
            store: try directory.openStore(),
            snapshots: try .open(directory.path, cluster: directory.configuration.cluster),
            transport: nil,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            metrics: backend,
            clock: TickClock()
        )
        try await running(node) { node in
            for number in 0..<20 { try await node.append(payload(number)) }
            _ = try await node.append(contentsOf: [[UInt8]](repeating: [1], count: 100))
        }
        let counters = await node.status.storage
        let seen = backend.values
        let name = { "replicated_log_" + $0 + " cluster=tests node=n1" }
        #expect(seen[name("flush_duration")]?.count == Int(counters.commits))
        #expect(seen[name("flush_duration")]?.allSatisfy { $0 > 0 } == true)
        #expect(seen[name("group_rows")]?.reduce(0, +) == 120)
        #expect(seen[name("group_rows")]?.contains(100) == true)
        #if os(Linux)
        let written = try #require(seen[name("written_bytes")]).reduce(0, +)
        #expect(written > 0 && written <= Int64(counters.bytesWritten ?? 0))
        #endif
        #expect(seen[name("map_used_bytes")]?.last ?? 0 > 0)
        #expect(seen[name("map_bytes")]?.last == 1 << 30)
        #expect(seen[name("runway_bytes")]?.last ?? 0 > 0)
        #expect(seen[name("queue_bytes")]?.isEmpty == false)
        #expect(seen[name("inbox_bytes")]?.isEmpty == false)
        #expect(backend.destroyed == seen.count)
    }

    /// A member that waits for the others has written nothing yet, and has gauges all the same.
    @Test func aNodeThatWritesNothingHasGauges() async throws {
        let world = try await ClusterWorld()
        let backend = MemoryMetrics()
        let node = LogNode(
            configuration: try world.configuration(1),
            directory: world.path(1),
            store: try LMDBStore.open(
                at: world.path(1),
                expecting: (try ClusterID("tests"), 1, try Membership(world.members)),
                storage: .small,
                limits: .small
            ),
            snapshots: try .open(world.path(1), cluster: try ClusterID("tests")),
            transport: world.network.transport(for: 1),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            metrics: backend,
            clock: TickClock()
        )
        try await running(node) { _ in
            try await eventually("the gauges are told") {
                let seen = backend.values
                return ["map_bytes", "map_used_bytes", "runway_bytes"].allSatisfy {
                    seen["replicated_log_\($0) cluster=tests node=n1"]?.last ?? 0 > 0
                }
            }
        }
    }

    /// Nothing was bootstrapped in this process, so nothing is recorded at all.
    @Test func withoutABackendNothingIsRecorded() {
        #expect(EngineMetrics.backend == nil)
    }
}

/// Keeps every value under label and dimensions.
private final class MemoryMetrics: MetricsFactory {
    private let seen = Locked<[String: [Int64]]>([:])
    private let gone = Locked(0)

    var values: [String: [Int64]] { seen.withLock { $0 } }
    var destroyed: Int { gone.withLock { $0 } }

    private func handler(_ label: String, _ dimensions: [(String, String)]) -> Handler {
        let name = label + dimensions.map { " \($0)=\($1)" }.joined()
        return Handler { value in self.seen.withLock { $0[name, default: []].append(value) } }
    }

    func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        handler(label, dimensions)
    }

    func makeRecorder(
        label: String,
        dimensions: [(String, String)],
        aggregate: Bool
    ) -> any RecorderHandler {
        handler(label, dimensions)
    }

    func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        handler(label, dimensions)
    }

    func destroyCounter(_ handler: any CounterHandler) { gone.withLock { $0 += 1 } }
    func destroyRecorder(_ handler: any RecorderHandler) { gone.withLock { $0 += 1 } }
    func destroyTimer(_ handler: any TimerHandler) { gone.withLock { $0 += 1 } }
}

private final class Handler: CounterHandler, RecorderHandler, TimerHandler {
    private let keep: @Sendable (Int64) -> Void

    init(_ keep: @escaping @Sendable (Int64) -> Void) {
        self.keep = keep
    }

    func increment(by amount: Int64) { keep(amount) }
    func reset() {}
    func record(_ value: Int64) { keep(value) }
    func record(_ value: Double) { keep(Int64(value)) }
    func recordNanoseconds(_ duration: Int64) { keep(duration) }
}
