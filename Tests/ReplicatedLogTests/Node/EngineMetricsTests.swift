import CoreMetrics
import Logging
import TestSupport
import Testing

@testable import LogStorage
@testable import PaxosCore
@testable import Platform
@testable import ReplicatedLog

/// What a node tells a metrics backend.
@Suite(.shared) struct EngineMetricsTests {
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
        let counters = node.status.storage
        let seen = backend.values
        let name = { "replicated_log_" + $0 + " cluster=tests node=n1" }
        #expect(seen[name("flush_duration_seconds")]?.count == Int(counters.commits))
        #expect(seen[name("flush_duration_seconds")]?.allSatisfy { $0 > 0 } == true)
        #expect(seen[name("group_rows")]?.reduce(0, +) == 120)
        // Of commits that were found durable at once each gets its share.
        #expect(seen[name("group_rows")]?.max() ?? 0 >= 25)
        #if os(Linux)
        let written = try #require(seen[name("written_bytes_total")]).reduce(0, +)
        #expect(written > 0 && written <= Int64(counters.bytesWritten ?? 0))
        #endif
        #expect(seen[name("map_used_bytes")]?.last ?? 0 > 0)
        #expect(seen[name("map_bytes")]?.last == 1 << 30)
        #expect(seen[name("runway_bytes")]?.last ?? 0 > 0)
        #expect(seen[name("queue_bytes")]?.isEmpty == false)
        #expect(seen[name("inbox_bytes")]?.isEmpty == false)
        #expect(seen[name("append_duration_seconds")]?.count == 21)
        #expect(seen[name("append_duration_seconds")]?.allSatisfy { $0 > 0 } == true)
        #expect(seen[name("role")]?.last == 2)
        #expect(seen[name("elections_total")] == [1])
        #expect(seen[name("leader_changes_total")] == [1])
        #expect(backend.made == backend.destroyed)
        // Of every metric but those that need other members, which this node has not.
        let labels = Set(seen.keys.map { String($0.prefix { $0 != " " }) })
        let others: Set<NodeMetric> = [.memberLag, .droppedMessages, .catchUpBytes]
        #if os(Linux)
        #expect(labels == Set(NodeMetric.allCases.filter { !others.contains($0) }.map(\.label)))
        #endif
    }

    /// A leader knows how far the others are, and gives that back when it leads no more.
    @Test func lagsAreALeadersToTell() {
        let backend = MemoryMetrics()
        var metrics = EngineMetrics(.init(factory: backend, dimensions: []))
        var status = Quiet.idle
        status.peerCommitted = [PeerStatus(node: 2, committed: 3)]
        func record() {
            metrics.record(
                EngineMetrics.Reading(
                    status: status,
                    store: StoreCounters(),
                    inboxBytes: 0,
                    droppedMessages: 4
                )
            )
        }
        record()
        let lag = "replicated_log_member_lag_slots member=n2"
        #expect(backend.values[lag] == nil)
        let ballot = Ballot(round: 1, node: 1)
        metrics.note([.campaigned(ballot), .becameLeader(ballot)])
        status.role = .leader
        status.committed = 10
        status.counters.foreign = 2
        status.fetchedBytes = 7
        record()
        #expect(backend.values[lag] == [7])
        status.counters.foreign = 3
        metrics.note([.lostLeadership(ballot, .lostQuorum)])
        #expect(backend.destroyed == [lag])
        status.role = .follower
        record()
        let seen = backend.values
        #expect(seen["replicated_log_dropped_messages_total reason=foreign"] == [2, 1])
        #expect(seen["replicated_log_dropped_messages_total reason=no-room"] == [4])
        #expect(seen["replicated_log_catch_up_bytes_total"] == [7])
        #expect(seen["replicated_log_role"] == [0, 2, 0])
        metrics.destroy()
        #expect(backend.made == backend.destroyed)
    }

    /// No cause is left out of the sums, nor of what is told by reason.
    @Test func everyCountHasAReason() {
        var one = MessageCounters()
        one.foreign = 1
        one.refused = 2
        one.impossible = 3
        one.disagreeing = 4
        one.unbacked = 5
        one.unvouched = 6
        one.invented = 7
        one.contradicted = 8
        let fields = Mirror(reflecting: one).children.compactMap(\.label)
        #expect(one.reasons.map(\.reason) == fields)
        #expect(one.reasons.map(\.count) == Array(1...fields.count))
        #expect((one + one).reasons.map(\.count) == one.reasons.map { 2 * $0.count })
    }

    /// docs/OPERATIONS.md has a row for each, and no other.
    @Test func theTableIsTheCode() throws {
        let rows = try Documents.operations().filter { $0.contains("`replicated_log_") }
        let table = rows.map { row in
            let cells = row.split(separator: "|").map { $0.filter { $0 != " " && $0 != "`" } }
            return "\(cells[0]) \(cells[1])"
        }
        #expect(table == NodeMetric.allCases.map { "\($0.label) \($0.kind.rawValue)" })
    }

    /// A factory that is given is used, though nothing was bootstrapped.
    @Test func aFactoryCanBeGiven() async throws {
        let directory = try NodeDirectory()
        try await directory.create()
        let backend = MemoryMetrics()
        let node = try await LogNode.open(
            directory.configuration,
            directory: directory.path,
            metrics: backend
        )
        try await running(node) { node in _ = try await node.append([1]) }
        let label = "replicated_log_append_duration_seconds cluster=tests node=n1"
        #expect(backend.values[label]?.count == 1)
        #expect(backend.made == backend.destroyed)
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
        #expect(EngineMetrics.bootstrapped == nil)
    }
}

/// Keeps every value under label and dimensions.
private final class MemoryMetrics: MetricsFactory {
    private let seen = Locked<[String: [Int64]]>([:])
    private let begun = Locked<Set<String>>([])
    private let gone = Locked<Set<String>>([])

    var values: [String: [Int64]] { seen.withLock { $0 } }
    /// Names of the handlers that were made, and of those that were given back.
    var made: Set<String> { begun.withLock { $0 } }
    var destroyed: Set<String> { gone.withLock { $0 } }

    private func handler(_ label: String, _ dimensions: [(String, String)]) -> Handler {
        let name = label + dimensions.map { " \($0)=\($1)" }.joined()
        begun.withLock { _ = $0.insert(name) }
        return Handler(name) { value in
            self.seen.withLock { $0[name, default: []].append(value) }
        }
    }

    private func destroy(_ handler: Any) {
        guard let handler = handler as? Handler else { return }
        gone.withLock { _ = $0.insert(handler.name) }
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

    func destroyCounter(_ handler: any CounterHandler) { destroy(handler) }
    func destroyRecorder(_ handler: any RecorderHandler) { destroy(handler) }
    func destroyTimer(_ handler: any TimerHandler) { destroy(handler) }
}

private final class Handler: CounterHandler, RecorderHandler, TimerHandler {
    let name: String
    private let keep: @Sendable (Int64) -> Void

    init(_ name: String, _ keep: @escaping @Sendable (Int64) -> Void) {
        self.name = name
        self.keep = keep
    }

    func increment(by amount: Int64) { keep(amount) }
    func reset() {}
    func record(_ value: Int64) { keep(value) }
    func record(_ value: Double) { keep(Int64(value)) }
    func recordNanoseconds(_ duration: Int64) { keep(duration) }
}
