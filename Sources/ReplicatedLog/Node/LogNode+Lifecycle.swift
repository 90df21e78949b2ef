public import CoreMetrics
public import LogStorage
public import Logging
internal import PaxosCore
internal import Platform

extension LogNode {
    /// What `LogNode.open` does with a data directory that is missing or empty.
    public enum IfMissing: Hashable, Sendable {
        /// It is refused.
        case refuse
        /// It is made, as by `LogNode.create`.
        case create
    }

    /// Formats a data directory for a new member of a new cluster.
    ///
    /// ```swift
    /// let configuration = LogNode.Configuration(
    ///     cluster: try ClusterID("orders"), node: 1, membership: try Membership([1, 2, 3]))
    /// try await LogNode.create(configuration, directory: "data/n1")       // once in the member's life
    /// ```
    ///
    /// Returns once the directory is whole and durable: made aside, flushed, renamed into place, its
    /// parent flushed. After a crash it is whole or absent. The directory may be missing or empty;
    /// missing parents are made too.
    ///
    /// - Throws: `LogCreateError` if the configuration makes no sense, something is there already, the
    ///   file system is a network one, or the disk refuses.
    public static func create(
        _ configuration: Configuration,
        directory: String
    ) async throws(LogCreateError) {
        do {
            _ = try configuration.limits.validated()
            _ = try configuration.trimming.validated()
        } catch {
            throw .invalidLimits(error)
        }
        guard configuration.membership.contains(configuration.node) else {
            throw .notAMember(node: configuration.node)
        }
        let result = await offPool { () throws(LogCreateError) in
            _ = try LMDBStore.create(
                at: directory,
                cluster: configuration.cluster,
                node: configuration.node,
                membership: configuration.membership,
                storage: configuration.storage,
                limits: configuration.limits
            )
        }
        try result.get()
    }

    /// Opens a data directory that `create` has made.
    ///
    /// ```swift
    /// let node = try await LogNode.open(
    ///     configuration, directory: "data/n1", transport: transport, logger: logger)
    /// ```
    ///
    /// Returns once the directory's identity, its length and every row above its last checkpoint are
    /// verified and the opening itself is durable in full sync. The cost does not grow with the log.
    /// The node then holds the directory until `run()`, `shutdown()` or `close()` has returned.
    ///
    /// - Parameters:
    ///   - configuration: Must name the cluster, node and members the directory was made for, and those
    ///     limits that shape messages and rows as they were then: `maxPayloadBytes`, `pipelineSlots`,
    ///     `pipelineBytes` and `pageBytes`. All members must have been made with the same.
    ///   - directory: Where `create` made it. A missing one is refused, never made anew.
    ///   - transport: Carries messages to the other members; a cluster of one needs none. The node starts
    ///     and stops it.
    ///   - logger: Silent if not given. Lines are written by a thread of their own: a sink that blocks stops
    ///     nothing, and what it has no room for is dropped and counted (`LogStatus.droppedLogLines`).
    ///   - metrics: Where the node's metrics go; if not given, to the backend that the process has
    ///     bootstrapped before (`MetricsSystem`), if it has.
    ///   - ifMissing: Whether a directory that is missing or empty is made, as by `create`. A member whose
    ///     disk was lost or is not mounted looks the same: made anew it is another incarnation, which
    ///     its peers refuse for good (`R36`). So it is said by who calls and never the default.
    /// - Throws: `LogOpenError`, naming what was found and what was expected.
    public static func open(
        _ configuration: Configuration,
        directory: String,
        transport: (any LogTransport)? = nil,
        logger: Logger? = nil,
        metrics: (any MetricsFactory)? = nil,
        ifMissing: IfMissing = .refuse
    ) async throws(LogOpenError) -> LogNode {
        func open() async throws(LogOpenError) -> LogNode {
            try await Self.open(
                configuration,
                directory: directory,
                transport: transport,
                logger: logger,
                metrics: metrics,
                surroundings: Surroundings()
            )
        }
        let found: LogOpenError
        do throws(LogOpenError) {
            return try await open()
        } catch {
            found = error
        }
        guard ifMissing == .create else { throw found }
        switch found {
        case .missingDirectory, .notALog: break
        default: throw found
        }
        do throws(LogCreateError) {
            try await create(configuration, directory: directory)
        } catch {
            guard case .notEmpty = error else { throw .notCreated(error) }
            // Something else is there, or somebody has made it meanwhile.
            if case .notALog = found { throw found }
        }
        return try await open()
    }

    /// As `open(_:directory:transport:logger:metrics:ifMissing:)`, with another clock or something before the store.
    package static func open(
        _ configuration: Configuration,
        directory: String,
        transport: (any LogTransport)?,
        logger: Logger?,
        metrics: (any MetricsFactory)? = nil,
        surroundings: Surroundings
    ) async throws(LogOpenError) -> LogNode {
        do {
            _ = try configuration.limits.validated()
            _ = try configuration.trimming.validated()
        } catch {
            throw .invalidLimits(error)
        }
        guard configuration.address.count <= Heartbeat.mostAddressBytes else {
            throw .addressTooLong(
                bytes: configuration.address.count,
                limit: Heartbeat.mostAddressBytes
            )
        }
        guard transport != nil || configuration.membership.members.count == 1 else {
            throw .needsTransport(members: configuration.membership.members.count)
        }
        let result = await offPool { () throws(LogOpenError) in
            let store = try LMDBStore.open(
                at: directory,
                expecting: (
                    configuration.cluster, configuration.node, configuration.membership
                ),
                storage: configuration.storage,
                limits: configuration.limits
            )
            let snapshots = try SnapshotFolder.open(
                directory,
                cluster: configuration.cluster,
                beside: store.recover()
            )
            return (store, snapshots)
        }
        let (opened, snapshots) = try result.get()
        let store = surroundings.store(opened)
        let logger = logger ?? Logger(label: "replicated-log") { _ in SwiftLogNoOpLogHandler() }
        let node = LogNode(
            configuration: configuration,
            directory: directory,
            store: store,
            snapshots: snapshots,
            transport: transport,
            logger: logger,
            metrics: metrics ?? EngineMetrics.bootstrapped,
            clock: surroundings.clock
        )
        node.lines.add(
            .info,
            "opened",
            [
                "directory": "\(directory)", "committed_slot": "\(store.recover().committed)",
                "boot": "\(store.recover().boot)",
            ]
        )
        if let transaction = store.counters.droppedTransaction {
            node.lines.add(.notice, "dropped a transaction", ["transaction": "\(transaction)"])
        }
        return node
    }

    /// Runs the node until it is shut down.
    ///
    /// ```swift
    /// try await withThrowingTaskGroup(of: Void.self) { group in
    ///     group.addTask { try await node.run() }
    ///     try await serve(with: node)
    ///     await node.shutdown()
    ///     try await group.waitForAll()                // throws what ended the node, if it was not this
    /// }
    /// ```
    ///
    /// Call it once, in a task of its own or as a service of a `ServiceGroup`, whose graceful shutdown
    /// it follows. It returns after `shutdown()` or `close()`, when its threads have ended and the
    /// directory is free to be opened again, also in this process.
    ///
    /// - Throws: `LogRunError.storeFailed` if a commit or a flush failed, `.alreadyRun` on a second
    ///   call, `CancellationError` if the task was cancelled: always after the node has ended.
    public func run() async throws {
        guard life.claimRun() else { throw LogRunError.alreadyRun }
        store.start(observer: inbox)
        inbox.begin()
        do {
            try await startTransport()
        } catch {
            throw await failed(.transportFailed(UnderlyingError(error)))
        }
        let driver = driver
        let thread: PinnedThread
        do {
            thread = try PinnedThread(name: "log-driver") { driver.run() }
        } catch {
            throw await failed(.noThread(code: error.code))
        }
        let inbox = inbox
        let clock = clock
        let grace = configuration.limits.shutdownTimeout
        await withTaskCancellationHandler {
            await ServiceEnd.following {
                await thread.ended()
            } onShutdown: {
                inbox.close(by: clock.deadline(after: grace))
            }
        } onCancel: {
            inbox.close(by: .zero)
        }
        thread.join()
        let failure = driver.failure
        await finish(failure == nil ? .closed : .storeFailed)
        if let failure {
            await lastLine(.error, "store failed", ["failure": "\(failure)"])
            throw LogRunError.storeFailed(failure)
        }
        await lastLine(.info, "shut down", [:])
        try Task.checkCancellation()
    }

    /// Ends a node that never took part: the cause is known to everybody before anybody is turned away.
    private func failed(_ cause: LogRunError) async -> LogRunError {
        life.fail(cause)
        await finish(.closed)
        await lastLine(.error, "could not run", ["cause": "\(cause)"])
        return cause
    }

    /// Nothing is told after it, and a sink that blocks holds up nobody for long. The node is over then, not
    /// before: whoever ends the process behind that loses no line.
    private func lastLine(
        _ level: Logger.Level,
        _ message: Logger.Message,
        _ metadata: Logger.Metadata
    ) async {
        lines.add(level, message, metadata)
        await lines.end(within: .milliseconds(250))
        life.markEnded()
    }

    /// What callers are told of the node's end.
    var ending: Ending {
        Ending(cause: life.cause, failure: driver.failure)
    }

    /// Shuts the node down in order and returns when `run()` is about to.
    ///
    /// New calls throw `closed`. Appends that already have a slot are waited for, at most
    /// `Limits.shutdownTimeout`; those still in the inbox end with `never(.closed)`. The
    /// commit watermark is written. A node that was never run is closed. May be called more than once.
    public func shutdown() async {
        await end(by: clock.deadline(after: configuration.limits.shutdownTimeout))
    }

    /// Ends the node without waiting for appends in flight: they end with `unknown`.
    ///
    /// Returns when the directory is free. What was acknowledged is durable; nothing else is lost that
    /// a crash would not lose. May be called more than once, also during `shutdown()`.
    public func close() async {
        await end(by: .zero)
    }

    private func end(by deadline: Tick) async {
        if life.claimEnd() {
            await finish(.closed)
            await lines.end(within: .milliseconds(250))
            life.markEnded()
        } else {
            inbox.close(by: deadline)
            await life.ended()
        }
    }

    private func startTransport() async throws {
        let inbox = inbox
        let node = LogReceiver(identity: driver.identity, limits: configuration.limits) {
            envelopes in
            inbox.receive(envelopes)
        }
        try await transport?.start(node)
    }

    /// Stops the transport, turns away whoever still waits, closes the store and gives the directory
    /// back.
    private func finish(_ refusal: Refusal) async {
        await transport?.stop()
        inbox.end(refusal)
        tail.end(refusal)
        eventHub.end()
        appendDuration?.destroy()
        let (courier, snapshots) = (courier, snapshots)
        _ = await offPool { () throws(Never) in
            snapshots.close()
            courier.close()
        }
        await withUnsafeContinuation { continuation in
            store.close { continuation.resume() }
        }
    }
}

/// Runs blocking work on a thread of its own, never on the cooperative pool (`R64`).
func offPool<Value: Sendable, Failure: Error>(
    _ body: @escaping @Sendable () throws(Failure) -> Value
) async -> Result<Value, Failure> {
    await withUnsafeContinuation { continuation in
        let work: @Sendable () -> Void = { continuation.resume(returning: Result(catching: body)) }
        do {
            // Detached on release: the work resumes the caller as its last act.
            _ = try PinnedThread(name: "log-open", body: work)
        } catch {
            // No thread is to be had: better a blocked pool thread than no answer.
            work()
        }
    }
}
