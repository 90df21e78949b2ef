internal import CoreMetrics
internal import LogStorage
internal import PaxosCore
internal import Platform

/// What a node tells swift-metrics (`NodeMetric`).
///
/// Recorded when the node begins, when a write is found durable, and once a second while anything happens, what
/// facts count with their step: by the driver's thread alone, but for the time of an append, which its caller's
/// task records.
struct EngineMetrics {
    /// Where the values go, and whose they are.
    struct Backend: Sendable {
        let factory: any MetricsFactory
        let dimensions: [(String, String)]

        /// Tells of appends how long they took.
        var appendDuration: Timer { timer(.appendDuration) }

        fileprivate func gauge(
            _ metric: NodeMetric,
            _ more: [(String, String)] = []
        ) -> Gauge {
            Gauge(label: metric.label, dimensions: dimensions + more, factory: factory)
        }

        fileprivate func counter(
            _ metric: NodeMetric,
            _ more: [(String, String)] = []
        ) -> Counter {
            Counter(label: metric.label, dimensions: dimensions + more, factory: factory)
        }

        fileprivate func timer(_ metric: NodeMetric) -> Timer {
            Timer(label: metric.label, dimensions: dimensions, factory: factory)
        }

        fileprivate func recorder(_ metric: NodeMetric) -> Recorder {
            Recorder(
                label: metric.label,
                dimensions: dimensions,
                aggregate: true,
                factory: factory
            )
        }
    }

    /// What is read beside facts.
    struct Reading {
        let status: CoreStatus
        let store: StoreCounters
        let inboxBytes: Int
        /// Messages for which the inbox had no room.
        let droppedMessages: UInt64
    }

    /// A counter of what is read as a sum.
    private struct Sum {
        let counter: Counter
        private var told: UInt64 = 0

        init(_ counter: Counter) {
            self.counter = counter
        }

        mutating func tell(_ sum: UInt64) {
            guard sum > told else { return }
            counter.increment(by: sum - told)
            told = sum
        }
    }

    private let backend: Backend
    private let role: Gauge
    private let leaderChanges: Counter
    private let elections: Counter
    private let flush: Timer
    private let group: Recorder
    private let queue: Gauge
    private let inbox: Gauge
    private let trimmed: Gauge
    private let mapUsed: Gauge
    private let map: Gauge
    private let runway: Gauge
    private var written: Sum
    private var catchUp: Sum
    /// By reason.
    private var dropped: [String: Sum] = [:]
    /// Of the other members, while this node leads: who does not cannot know.
    private var lags: [NodeID: Gauge] = [:]
    private var last = StoreCounters()

    /// The backend of the process, or `nil` if none was bootstrapped.
    static var bootstrapped: (any MetricsFactory)? {
        let factory = MetricsSystem.factory
        return factory is NOOPMetricsHandler ? nil : factory
    }

    init(_ backend: Backend) {
        self.backend = backend
        role = backend.gauge(.role)
        leaderChanges = backend.counter(.leaderChanges)
        elections = backend.counter(.elections)
        flush = backend.timer(.flushDuration)
        group = backend.recorder(.groupRows)
        queue = backend.gauge(.queueBytes)
        inbox = backend.gauge(.inboxBytes)
        trimmed = backend.gauge(.trimmedSlot)
        mapUsed = backend.gauge(.mapUsedBytes)
        map = backend.gauge(.mapBytes)
        runway = backend.gauge(.runwayBytes)
        written = Sum(backend.counter(.writtenBytes))
        catchUp = Sum(backend.counter(.catchUpBytes))
    }

    /// Counts what has happened.
    mutating func note(_ facts: [NodeFact]) {
        for fact in facts {
            switch fact {
            case .campaigned: elections.increment()
            case .becameLeader, .foundLeader: leaderChanges.increment()
            case .lostLeadership: forgetLags()
            default: break
            }
        }
    }

    /// Records what was done since the last call, and how things stand.
    mutating func record(_ reading: Reading) {
        record(reading.store)
        let core = reading.status
        role.record(core.role.number)
        if core.role == .leader { recordLags(core) }
        catchUp.tell(core.fetchedBytes)
        trimmed.record(core.trimmed.rawValue)
        for (reason, count) in core.counters.reasons { tell(UInt64(count), droppedFor: reason) }
        tell(reading.droppedMessages, droppedFor: "no-room")
        inbox.record(reading.inboxBytes)
    }

    private mutating func record(_ counters: StoreCounters) {
        let commits = counters.commits - last.commits
        if commits > 0 {
            let time = (counters.flushTime - last.flushTime) / commits
            let rows = counters.rows - last.rows
            for number in 0..<commits {
                flush.recordNanoseconds(time.wholeNanoseconds)
                group.record(rows / commits + (number < rows % commits ? 1 : 0))
            }
        }
        if let total = counters.bytesWritten { written.tell(UInt64(total)) }
        queue.record(counters.queuedBytes)
        mapUsed.record(counters.mapUsedBytes)
        map.record(counters.mapBytes)
        runway.record(counters.runwayBytes)
        last = counters
    }

    private mutating func tell(_ sum: UInt64, droppedFor reason: String) {
        var dropped =
            dropped[reason] ?? Sum(backend.counter(.droppedMessages, [("reason", reason)]))
        dropped.tell(sum)
        self.dropped[reason] = dropped
    }

    private mutating func recordLags(_ core: CoreStatus) {
        for peer in core.peerCommitted {
            let gauge =
                lags[peer.node] ?? backend.gauge(.memberLag, [("member", "\(peer.node)")])
            lags[peer.node] = gauge
            gauge.record(core.committed.count(after: peer.committed))
        }
    }

    private mutating func forgetLags() {
        for gauge in lags.values { gauge.destroy() }
        lags = [:]
    }

    /// Gives the handlers back to the backend.
    mutating func destroy() {
        forgetLags()
        for counter in [leaderChanges, elections, written.counter, catchUp.counter] {
            counter.destroy()
        }
        for sum in dropped.values { sum.counter.destroy() }
        flush.destroy()
        group.destroy()
        for gauge in [role, queue, inbox, trimmed, mapUsed, map, runway] { gauge.destroy() }
    }
}
