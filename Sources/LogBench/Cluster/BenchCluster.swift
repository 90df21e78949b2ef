import LogCommands
import PaxosCore
import Platform
import ReplicatedLog
import ReplicatedLogTCP

/// The replicas of a run: real ones, each on a directory of its own.
struct BenchCluster: Sendable {
    let replicas: [any BenchReplica]
    /// The node that the clients call, in this process: the one that led when the run began, unless a fault is to meet
    /// whoever leads.
    let called: LogNode
    private let sentMessages: @Sendable () -> Int
    /// Between replicas of this process.
    let network: InMemoryNetwork?
    /// Of replicas over TCP, held as long as they may be restarted.
    private let ports: LoopbackPorts?

    /// Makes the directories `n1`, `n2` and so on below `directory`, runs a replica on each, and waits
    /// until one of this process leads.
    static func start(
        _ replicas: Int,
        over transport: BenchTransport,
        below directory: String,
        fault: BenchFault = .none,
        trimming: TrimPolicy = TrimPolicy()
    ) async throws(Failure) -> BenchCluster {
        do throws(PosixError) {
            try FileSystem.makeDirectories(directory)
        } catch {
            throw Failure(error)
        }
        let members = (1...UInt64(replicas)).compactMap(NodeID.init(rawValue:))
        var seats: [Seat] = []
        for member in members {
            let path = "\(directory)/n\(member)"
            var made = try await BenchNode.create(member, of: members, directory: path)
            made.trimming = trimming
            seats.append(Seat(configuration: made, directory: path))
        }
        return switch transport {
        case .memory: try await inMemory(seats, areSlowed: fault == .slowDisk)
        case .tcp: try await overTCP(seats, isLed: !fault.isOfLeader)
        }
    }

    /// A member of the cluster before it runs.
    private struct Seat {
        let configuration: LogNode.Configuration
        let directory: String

        var node: NodeID { configuration.node }

        func start(
            _ transport: (any LogTransport)?,
            isSlowed: Bool = false
        ) async throws(Failure) -> BenchNode {
            try await BenchNode.start(
                configuration,
                directory: directory,
                transport: transport,
                isSlowed: isSlowed
            )
        }
    }

    private static func inMemory(
        _ seats: [Seat],
        areSlowed: Bool
    ) async throws(Failure) -> BenchCluster {
        let network = InMemoryNetwork()
        var nodes: [BenchNode] = []
        do throws(Failure) {
            for seat in seats {
                nodes.append(
                    try await seat.start(
                        seats.count == 1 ? nil : network.transport(for: seat.node),
                        isSlowed: areSlowed
                    )
                )
            }
            let leader = try await leader(of: nodes, among: nodes)
            return BenchCluster(replicas: nodes, called: leader, network: network) {
                network.counters.sent
            }
        } catch {
            for node in nodes { _ = await node.stop() }
            throw error
        }
    }

    /// The first member in this process, with the clients; each other one in a process of its own.
    ///
    /// - Parameter isLed: The first member is to lead, and the others wait longer for a leader. Else one of the others
    ///   is to lead, and all wait alike: the first hands over by a restart if it has come to lead.
    private static func overTCP(
        _ seats: [Seat],
        isLed: Bool
    ) async throws(Failure) -> BenchCluster {
        let held = try LoopbackPorts(seats.count)
        let ports = held.ports
        let own = TCPAddress(host: LoopbackPorts.host, port: ports[0])
        var addresses: [NodeID: TCPAddress] = [:]
        for (seat, port) in zip(seats, ports) {
            addresses[seat.node] = TCPAddress(host: LoopbackPorts.host, port: port)
        }
        let peers = addresses.filter { $0.key != seats[0].node }
        var transport = TCPTransport(listen: own, peers: peers, group: Sockets.group)
        var first = try await seats[0].start(transport)
        var replicas: [any BenchReplica] = [first]
        let patience = Limits().electionTimeout * (isLed ? 10 : 1)
        do throws(Failure) {
            for seat in seats.dropFirst() {
                replicas.append(
                    try await BenchChild.start(
                        seat.node,
                        directory: seat.directory,
                        addresses: addresses.mapValues(\.description),
                        electionTimeout: patience
                    )
                )
            }
            try await leader(of: [first], among: replicas, isLed: isLed)
            while !isLed, first.log.status.role == .leader {
                if let failure = await first.stop() { throw failure }
                transport = TCPTransport(listen: own, peers: peers, group: Sockets.group)
                first = try await seats[0].start(transport)
                replicas[0] = first
                try await leader(of: [first], among: replicas, isLed: false)
            }
            return BenchCluster(
                replicas: replicas,
                called: first.log,
                network: nil,
                ports: held
            ) { [transport] in transport.counters.sentMessages }
        } catch {
            for replica in replicas { _ = await replica.stop() }
            throw error
        }
    }

    private init(
        replicas: [any BenchReplica],
        called: LogNode,
        network: InMemoryNetwork?,
        ports: LoopbackPorts? = nil,
        sentMessages: @escaping @Sendable () -> Int
    ) {
        self.network = network
        self.ports = ports
        self.replicas = replicas
        self.called = called
        self.sentMessages = sentMessages
    }

    /// A new cluster needs each of its members once: where one has ended, nobody will ever lead.
    @discardableResult
    private static func leader(
        of nodes: [BenchNode],
        among replicas: [any BenchReplica],
        isLed: Bool = true
    ) async throws(Failure) -> LogNode {
        let deadline = MonotonicClock.now().advanced(by: .seconds(30))
        while MonotonicClock.now() < deadline {
            if let ended = replicas.first(where: { $0.hasEnded }),
                let failure = await ended.stop()
            {
                throw failure
            }
            for node in nodes where !isLed || node.log.status.role == .leader {
                // Leads, and everybody follows it; or knows who does.
                if (try? await node.log.barrier(timeout: .seconds(5))) != nil { return node.log }
            }
            try? await Task.sleep(for: .milliseconds(5))
        }
        throw Failure(.unavailable, "no_leader", "no node came to lead within 30 s")
    }

    /// Whether the process of a replica has ended: there is nothing to measure any more.
    var isBroken: Bool { replicas.contains { $0.hasEnded } }

    /// The process that leads, as the called node knows.
    var leadingChild: BenchChild? {
        let leader = called.status.leader
        return replicas.compactMap { $0 as? BenchChild }.first { $0.node == leader }
    }

    /// The members that run in this process.
    var nodes: [LogNode] { replicas.compactMap { ($0 as? BenchNode)?.log } }

    var directories: [String] { replicas.map(\.directory) }

    /// Messages that the replicas of this process have sent so far.
    var messages: Int { sentMessages() }

    func figures() async throws(Failure) -> [ReplicaFigures] {
        var all: [ReplicaFigures] = []
        for replica in replicas { all.append(try await replica.figures()) }
        return all
    }

    /// Shuts all replicas down and says what ended one before, if something did.
    func stop() async -> Failure? {
        var failure: Failure?
        for replica in replicas {
            let ending = await replica.stop()
            failure = failure ?? ending
        }
        return failure
    }
}
