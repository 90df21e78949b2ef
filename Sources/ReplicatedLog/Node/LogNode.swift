internal import CoreMetrics
internal import LogStorage
internal import Logging
internal import PaxosCore
internal import Platform

/// One member of a replicated log: append and subscribe.
///
/// ```swift
/// let node = try await LogNode.open(configuration, directory: "data/n1")
/// try await withThrowingTaskGroup(of: Void.self) { group in
///     group.addTask { try await node.run() }
///     let slot = try await node.append("hello".utf8)
///     for try await event in node.subscribe(from: slot) {
///         if case .entry(let slot, let payload, _) = event { print(slot, payload) }
///         break
///     }
///     await node.shutdown()
///     try await group.waitForAll()
/// }
/// ```
///
/// Calls made before `run()` wait for it; calls made after its end throw `closed`. Every method may be
/// called from any task.
public final class LogNode: Sendable {
    /// What the node was opened with.
    public let configuration: Configuration
    /// The number made when the data directory was formatted.
    public let incarnation: Incarnation
    /// Where the node's data lies.
    public let directory: String

    let store: any NodeStore
    let snapshots: SnapshotFolder
    let courier: SnapshotCourier
    let transport: (any LogTransport)?
    let inbox: Inbox
    let tail: Tail
    let driver: Driver
    let clock: TickClock
    let life: Lifecycle
    /// What the node has to say, on its way to its logger.
    let lines: LogQueue
    /// What happens to it, on its way to those who iterate over it.
    let eventHub: EventHub
    /// Where it is told how long appends take, if anywhere.
    let appendDuration: CoreMetrics.Timer?
    /// Spans around calls.
    let tracing: CallTracing

    init(
        configuration: Configuration,
        directory: String,
        store: any NodeStore,
        snapshots: SnapshotFolder,
        transport: (any LogTransport)?,
        logger: Logger,
        metrics: (any MetricsFactory)?,
        clock: TickClock
    ) {
        let parker = Parker()
        clock.wake(parker)
        let inbox = Inbox(limits: configuration.limits, clock: clock, parker: parker)
        snapshots.observe { inbox.keep($0) }
        var recovered = store.recover()
        recovered.begun = snapshots.begun
        let tail = Tail(recovered: recovered, limits: configuration.limits)
        self.configuration = configuration
        self.directory = directory
        self.store = store
        self.snapshots = snapshots
        self.transport = transport
        self.inbox = inbox
        self.tail = tail
        self.clock = clock
        let lines = LogQueue(
            logger,
            common: ["node": "\(configuration.node.rawValue)"]
        )
        self.lines = lines
        let courier = SnapshotCourier(snapshots) {
            lines.add(.warning, "a snapshot does not travel", ["what": "\($0)"])
        }
        self.courier = courier
        let events = EventHub()
        eventHub = events
        tracing = CallTracing(cluster: configuration.cluster, node: configuration.node)
        let backend = metrics.map {
            EngineMetrics.Backend(
                factory: $0,
                dimensions: [
                    ("cluster", configuration.cluster.description),
                    ("node", configuration.node.description),
                ]
            )
        }
        appendDuration = backend?.appendDuration
        incarnation = recovered.incarnation
        life = Lifecycle()
        driver = Driver(
            limits: configuration.limits,
            policy: configuration.trimming,
            place: LeadershipPlace(
                priority: configuration.priority,
                address: configuration.address
            ),
            store: store,
            recovered: recovered,
            noteTrimmed: { snapshots.noteTrimmed(through: $0) },
            courier: courier,
            transport: transport,
            inbox: inbox,
            tail: tail,
            clock: clock,
            parker: parker,
            lines: lines,
            events: events,
            metrics: backend
        )
    }

    deinit {
        // A node that was opened and dropped still holds its directory.
        if life.claimEnd() {
            store.close {}
            appendDuration?.destroy()
        }
        lines.end()
        eventHub.end()
    }
}
