internal import Platform
public import ReplicatedLog

/// A cluster of real nodes in this process, with everything around them under a test's control: its
/// clock, its network and its disks.
///
/// Each member is a `LogNode` on a real directory, which it flushes. Time stands still until `tick(_:)`
/// or `withTime(_:)` moves it. Threads and the disk take the time they take, so two runs are not alike;
/// `SimulatedLog` is the deterministic kit. All the time the cluster subscribes to every node from the
/// first slot and compares what they deliver: `disagreements` must stay empty.
///
/// ```swift
/// let cluster = try await FaultyCluster(directory: "/var/tmp/my-test")
/// try await cluster.startAll()
/// let slot = try await cluster.withTime {
///     try await cluster.node(1).append("paid 17".utf8)
/// }
/// try await cluster.crash(1)                        // or shutDown, wipe, failNextFlush(of:)
/// cluster.network.partition([[2], [3]])             // and everything else that a network does
/// ```
public final class FaultyCluster: Sendable {
    /// How the cluster is made.
    public struct Options: Hashable, Sendable {
        /// How many members it has. Default 3.
        public var members = 3
        /// The limits of every node. Default: the documented ones, with payloads of at most 64 KiB and a pipeline of
        /// 256 slots and 256 KiB.
        public var limits: Limits
        /// The options of every directory. Default: a map of 1 GiB and a runway of 1 MiB.
        public var storage: StorageOptions
        /// The options of the network between them. Default: every message is encoded and decoded on its way.
        public var network: InMemoryNetwork.Options
        /// How long a tick of ten milliseconds takes in `withTime(_:)`. Default 2 ms.
        public var pace = Duration.milliseconds(2)
        /// Compare what the nodes deliver. Default true; it reads every log once more.
        public var watches = true

        /// The defaults.
        public init() {
            limits = Limits()
            limits.maxPayloadBytes = 64 << 10
            limits.pipelineBytes = 256 << 10
            limits.pipelineSlots = 256
            storage = StorageOptions()
            storage.mapSize = 1 << 30
            storage.runwayBytes = 1 << 20
            network = InMemoryNetwork.Options()
            network.encodesMessages = true
        }
    }

    /// A node that was opened, and what it stands in.
    struct Process: Sendable {
        let node: LogNode
        let store: FaultyStore
        let clock: HandClock
        let run: Task<Void, any Error>
        let watch: Task<Void, Never>?
    }

    struct State {
        var running: [NodeID: Process] = [:]
        /// Second processes of members, on copies of their directories.
        var twins: [Process] = []
        var stopped: Set<NodeID> = []
        var ticks: UInt64 = 0
    }

    /// The members, `n1` and so on.
    public let members: [NodeID]
    /// The network between the members: with it a test cuts, partitions, loses, delays and repeats.
    public let network: InMemoryNetwork
    /// How the cluster was made.
    public let options: Options
    let state = Locked(State())
    private let root: String
    private let cluster: ClusterID
    private let membership: Membership
    private let watcher = Watcher()

    /// Formats a directory for each member, below one that must be empty or missing. Nothing runs yet.
    ///
    /// - Throws: `LogCreateError`, or `InvalidMembership` for no members or too many.
    public init(directory: String, options: Options = Options()) async throws {
        self.options = options
        root = directory
        members = (1...UInt64(max(1, options.members))).compactMap(NodeID.init(rawValue:))
        membership = try Membership(members)
        cluster = try ClusterID("faulty")
        network = InMemoryNetwork(options: options.network)
        for member in members { try await create(member) }
    }

    deinit {
        state.withLock { state in
            for process in Array(state.running.values) + state.twins {
                process.watch?.cancel()
                process.run.cancel()
            }
        }
    }

    /// Where a member's data lies.
    public func directory(of member: NodeID) -> String { "\(root)/\(member)" }

    /// What a member is opened with.
    public func configuration(of member: NodeID) -> LogNode.Configuration {
        LogNode.Configuration(
            cluster: cluster,
            node: member,
            membership: membership,
            limits: options.limits,
            storage: options.storage
        )
    }

    private func create(_ member: NodeID) async throws(LogCreateError) {
        try await LogNode.create(configuration(of: member), directory: directory(of: member))
    }

    /// What two nodes delivered differently, or one out of order: one sentence each. Empty, or the log
    /// is broken.
    public var disagreements: [String] { watcher.disagreements }

    // MARK: - Members

    /// A member that runs.
    ///
    /// - Throws: `NotRunning`.
    public func node(_ member: NodeID) throws(NotRunning) -> LogNode { try process(member).node }

    /// The members that run.
    public var running: [NodeID] { state.withLock { $0.running.keys.sorted() } }

    func process(_ member: NodeID) throws(NotRunning) -> Process {
        guard let process = state.withLock({ $0.running[member] }) else {
            throw NotRunning(member: member)
        }
        return process
    }

    /// Opens a member's directory and runs the node. One that runs already stays as it is.
    ///
    /// - Throws: `LogOpenError`.
    @discardableResult
    public func start(_ member: NodeID) async throws(LogOpenError) -> LogNode {
        if let process = state.withLock({ $0.running[member] }) { return process.node }
        let process = try await open(member, directory: directory(of: member))
        state.withLock { $0.running[member] = process }
        return process.node
    }

    /// Starts every member that does not run.
    ///
    /// - Throws: `LogOpenError`.
    public func startAll() async throws(LogOpenError) {
        for member in members { try await start(member) }
    }

    /// Opens a copy of a member's directory beside it, as a second process of the same node.
    ///
    /// - Parameters:
    ///   - member: Whose directory it was.
    ///   - copy: The copy, made while the member was closed.
    /// - Throws: `LogOpenError`.
    @discardableResult
    public func startTwin(
        of member: NodeID,
        directory copy: String
    ) async throws(LogOpenError) -> LogNode {
        let process = try await open(member, directory: copy)
        state.withLock { $0.twins.append(process) }
        return process.node
    }

    private func open(
        _ member: NodeID,
        directory: String
    ) async throws(LogOpenError) -> Process {
        let clock = HandClock()
        let opened = Locked<FaultyStore?>(nil)
        let surroundings = Surroundings(clock: TickClock(clock)) { store in
            let faulty = FaultyStore(store)
            opened.withLock { $0 = faulty }
            return faulty
        }
        let node = try await LogNode.open(
            configuration(of: member),
            directory: directory,
            transport: network.transport(for: member),
            logger: nil,
            surroundings: surroundings
        )
        guard let store = opened.withLock({ $0 }) else {
            preconditionFailure("a node is opened with its store")
        }
        var watch: Task<Void, Never>?
        if options.watches {
            let watcher = watcher
            let events = node.subscribe(from: .first).makeAsyncIterator()
            watch = Task { await watcher.watch(member, events) }
        }
        return Process(
            node: node,
            store: store,
            clock: clock,
            run: Task { try await Self.run(node) },
            watch: watch
        )
    }

    /// A node that is shut down before it has begun to run has ended in order too.
    private static func run(_ node: LogNode) async throws {
        do {
            try await node.run()
        } catch LogRunError.alreadyRun {}
    }

    // MARK: - Ends

    /// Shuts a member down in order.
    ///
    /// - Throws: What its `run()` throws.
    public func shutDown(_ member: NodeID) async throws {
        guard let process = state.withLock({ $0.running.removeValue(forKey: member) }) else {
            return
        }
        try await shutDown(process)
    }

    /// Shuts down everybody who runs, twins included.
    ///
    /// - Throws: What a `run()` throws.
    public func shutDownAll() async throws {
        for member in members { try await shutDown(member) }
        let twins = state.withLock { state in
            defer { state.twins = [] }
            return state.twins
        }
        for twin in twins { try await shutDown(twin) }
    }

    private func shutDown(_ process: Process) async throws {
        process.store.resume()
        try await withTime(of: [process.clock]) {
            await process.node.shutdown()
            try await process.run.value
        }
        await process.watch?.value
    }

    /// Ends a member as a crash does: what is on its way to its disk is lost but for the first `count`
    /// batches of a stalled disk, nobody hears of them, and nothing is written or said any more.
    ///
    /// Returns when the directory can be opened again.
    ///
    /// - Throws: `NotRunning`.
    public func crash(_ member: NodeID, keeping count: Int = 0) async throws(NotRunning) {
        let process = try process(member)
        process.store.crash(keeping: count)
        await ended(member)
    }

    /// Waits for a member whose store has failed.
    ///
    /// - Returns: What its `run()` threw; `nil` if it has ended in order or does not run.
    @discardableResult
    public func ended(_ member: NodeID) async -> (any Error)? {
        guard let process = state.withLock({ $0.running[member] }) else { return nil }
        let result = await process.run.result
        await process.watch?.value
        state.withLock { state in _ = state.running.removeValue(forKey: member) }
        if case .failure(let error) = result { return error }
        return nil
    }

    /// Loses the directory of a member that does not run, and formats another in its place: a new
    /// incarnation, which its peers refuse.
    ///
    /// - Throws: What the file system or `LogNode.create` throws.
    public func wipe(_ member: NodeID) async throws {
        try FileSystem.removeTree(directory(of: member))
        try await create(member)
    }

    /// A member was asked for that does not run.
    public struct NotRunning: Error, Hashable, Sendable, CustomStringConvertible {
        /// The member.
        public let member: NodeID

        /// What is wrong.
        public var description: String { "\(member) does not run" }
    }
}
