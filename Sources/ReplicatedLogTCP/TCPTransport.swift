internal import LogWire
public import Logging
internal import NIOConcurrencyHelpers
public import NIOCore
public import NIOPosix
internal import PaxosCore
internal import Platform
public import ReplicatedLog

/// A transport over TCP, with mutual TLS if it is given a certificate.
///
/// ```swift
/// let transport = TCPTransport(
///     listen: TCPAddress(host: "10.0.0.1", port: 7001),
///     peers: [2: TCPAddress(host: "10.0.0.2", port: 7001), 3: TCPAddress(host: "10.0.0.3", port: 7001)],
///     tls: try TLSIdentity(certificate: "n1.pem", key: "n1.key", authority: "ca.pem"))
/// let node = try await LogNode.open(configuration, directory: "data/n1", transport: transport)
/// ```
///
/// Each node connects to each of its peers and only sends there; what it receives comes on the connections
/// that were made to it. docs/PROTOCOL.md has the bytes. What waits for a peer is bounded by
/// `OutboundQueue.Bounds`; while a peer cannot be reached, it is dropped with each failed attempt. Sockets are
/// served by an event-loop group that is shared with whoever else uses it; none of its threads is ever held up for
/// long. Without TLS anyone who reaches the port can speak as a node: use that on a loopback or a private network only.
public final class TCPTransport: LogTransport {
    /// What was started.
    fileprivate struct Running {
        let channel: any Channel
        let shared: Shared
        let listener: Listener
        let links: [PeerLink]
    }

    private enum Stage {
        case idle
        /// With what starts it.
        case starting(Task<Void, any Error>)
        case started(Running)
        /// With what was started, and the task that ends it, for which every caller of `stop` waits.
        case stopped(Running?, Task<Void, Never>?)
    }

    private let listen: TCPAddress
    private let peers: [NodeID]
    private let secured: Secured?
    private let options: TCPOptions
    private let group: any EventLoopGroup
    private let lines: TransportLines
    private let addressOf: @Sendable (NodeID) -> TCPAddress?
    private let lookUp: @Sendable (String) -> [String]
    private let stage = NIOLockedValueBox(Stage.idle)

    /// Makes a transport without TLS, to be started by the node that it is given to: nothing is encrypted and
    /// nobody's word is checked.
    ///
    /// - Parameters:
    ///   - listen: Where this node takes connections.
    ///   - peers: Where the other members do; nobody else is welcomed. The node's own address may be among
    ///     them, and is left out.
    ///   - options: Bounds and times.
    ///   - group: The event loops that read, write, encode and encrypt, of NIOPosix. The transport ends its
    ///     connections and never the group, which has to outlive it. What blocks one of these loops for an
    ///     election timeout costs a leader.
    ///   - logger: Silent if not given. Lines are written by a thread of their own.
    public convenience init(
        listen: TCPAddress,
        peers: [NodeID: TCPAddress],
        options: TCPOptions = TCPOptions(),
        group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton,
        logger: Logger? = nil
    ) {
        self.init(
            listen: listen,
            peers: peers.keys.sorted(),
            security: nil,
            options: options,
            group: group,
            logger: logger,
            addressOf: { peers[$0] }
        )
    }

    /// - Parameters:
    ///   - addressOf: Asked before each attempt to connect.
    ///   - lookUp: The addresses of a name, as numbers; may block for as long as it likes.
    package init(
        listen: TCPAddress,
        peers: [NodeID],
        security: (any Security)? = nil,
        options: TCPOptions = TCPOptions(),
        group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton,
        logger: Logger? = nil,
        addressOf: @escaping @Sendable (NodeID) -> TCPAddress?,
        lookUp: @escaping @Sendable (String) -> [String] = { HostNames.addresses(of: $0) }
    ) {
        self.listen = listen
        self.peers = peers
        secured = security.map { Secured($0) }
        self.options = options
        self.group = group
        lines = TransportLines(logger)
        self.addressOf = addressOf
        self.lookUp = lookUp
    }

    deinit {
        // Dropped without a stop: nobody waits, but connections must not stay.
        if case .started(let running) = stage.withLockedValue({ $0 }) {
            for link in running.links { link.close() }
            running.shared.connections.close()
        }
        lines.end()
    }

    /// Listens, and begins to connect to the peers.
    ///
    /// - Throws: `TCPTransportError`.
    public func start(_ local: LogReceiver) async throws {
        let identity = local.identity
        let name = CertifiedName(cluster: identity.cluster, node: identity.node)
        try secured?.belong(to: name)
        let start: Task<Void, any Error>? = stage.withLockedValue { stage in
            guard case .idle = stage else { return nil }
            let start = Task { try await begin(local) }
            stage = .starting(start)
            return start
        }
        guard let start else { throw TCPTransportError.alreadyUsed }
        try await start.value
    }

    private func begin(_ local: LogReceiver) async throws {
        guard let bootstrap = ServerBootstrap(validatingGroup: group) else {
            throw fail(TCPTransportError.unusableEventLoops)
        }
        // Whoever made the group: its threads are there from here on.
        guard await Answer.of(group.next(), to: {}) else {
            throw fail(TCPTransportError.eventLoopsEnded)
        }
        Descriptors.closePollsOnExec()
        let shared = Shared(
            local: local,
            peers: peers.filter { $0 != local.identity.node },
            options: options,
            secured: secured,
            lines: lines,
            addressOf: addressOf,
            lookUp: lookUp
        )
        do {
            let running = try await run(shared, on: bootstrap)
            let isWanted = stage.withLockedValue { stage in
                guard case .starting = stage else { return false }
                stage = .started(running)
                return true
            }
            guard isWanted else {
                for link in running.links { await link.end() }
                throw TCPTransportError.alreadyUsed
            }
            lines.listens(at: listening ?? listen)
            if let security = secured?.now, security.isExpiring { lines.expires(security) }
        } catch {
            // Until its connections are gone a stop waits for this start.
            await shared.connections.end()
            throw fail(error)
        }
    }

    /// A start that came to nothing.
    private func fail(_ error: any Error) -> any Error {
        stage.withLockedValue { stage in
            if case .starting = stage { stage = .stopped(nil, nil) }
        }
        lines.end()
        return error
    }

    private func run(
        _ shared: Shared,
        on bootstrap: ServerBootstrap
    ) async throws -> Running {
        let listener = Listener(shared)
        let place = try await NameLookUp.first(
            of: listen,
            within: shared.options.handshakeLimit.timeAmount,
            on: group.next(),
            shared.lookUp
        ).get()
        guard let place else {
            throw TCPTransportError.nameNotFound(listen)
        }
        let channel: any Channel
        do {
            channel = try await listener.bind(place, on: bootstrap)
        } catch {
            throw Self.reason(error, listen)
        }
        var links: [PeerLink] = []
        do {
            for peer in shared.peers {
                links.append(try await PeerLink.make(to: peer, on: group.next(), shared).get())
            }
        } catch {
            for link in links { await link.end() }
            throw error
        }
        listener.setLinks(links)
        return Running(
            channel: channel,
            shared: shared,
            listener: listener,
            links: links
        )
    }

    private static func reason(_ error: any Error, _ address: TCPAddress) -> TCPTransportError {
        if let error = error as? IOError, error.errnoCode == addressInUse {
            return .addressInUse(address)
        }
        return .cannotListen(address, UnderlyingError(error))
    }

    /// EADDRINUSE.
    private static let addressInUse: CInt = {
        #if os(Linux)
        98
        #else
        48
        #endif
    }()

    /// Queues the messages for their peers.
    public func send(_ envelopes: [Envelope]) {
        let running: Running? = stage.withLockedValue { stage in
            if case .started(let running) = stage { running } else { nil }
        }
        guard let running else { return }
        // Which process the peer's address leads to is not known: it goes back the way it came.
        for refusal in envelopes where refusal.isRefusal { running.listener.sendBack(refusal) }
        let parcels = Parcel.pack(envelopes, running.shared.bodies)
        for link in running.links { link.send(parcels) }
    }

    /// Ends it: returns when nothing is being handed over and nothing will be, and every connection is gone,
    /// those of a start that was under way too, whose name look-up holds it up for `TCPOptions.handshakeLimit` at
    /// most. The event-loop group goes on.
    public func stop() async {
        let end: Task<Void, Never>? = stage.withLockedValue { stage in
            switch stage {
            case .idle:
                stage = .stopped(nil, nil)
                return nil
            case .starting(let start):
                // It ends what it has begun, since nobody wants it any more.
                let end = Task { _ = await start.result }
                stage = .stopped(nil, end)
                return end
            case .started(let running):
                let end = Task { await running.end() }
                stage = .stopped(running, end)
                return end
            case .stopped(_, let end):
                return end
            }
        }
        await end?.value
        await lines.ended()
    }

    /// Shows another certificate, and trusts another authority, on every connection that is made from now on, to
    /// either side. Those that are open go on with what they were made with.
    package func exchange(security next: any Security) throws(TCPTransportError) {
        guard let secured else { throw .notEncrypted }
        try secured.exchange(for: next)
        lines.exchanged(next)
        if next.isExpiring { lines.expires(next) }
    }

    /// What the transport has done since it was started.
    public var counters: TCPCounters {
        stage.withLockedValue { stage in
            switch stage {
            case .started(let running), .stopped(let running?, _): running.counters
            case .idle, .starting, .stopped(nil, _): TCPCounters()
            }
        }
    }

    /// How many bodies of messages to several peers were encoded: each once, however many those are.
    package var encodedBodies: Int {
        stage.withLockedValue { stage in
            if case .started(let running) = stage { running.shared.bodies.encoded } else { 0 }
        }
    }

    /// Where it listens: the port that the system chose, if it was asked to. `nil` before the start and once
    /// it is stopped.
    public var listening: TCPAddress? {
        guard case .started(let running) = stage.withLockedValue({ $0 }),
            let port = running.channel.localAddress?.port
        else { return nil }
        return TCPAddress(host: listen.host, port: UInt16(clamping: port))
    }
}

extension TCPTransport.Running {
    /// Closes every connection, and returns when they are gone.
    fileprivate func end() async {
        for link in links { await link.end() }
        await shared.connections.end()
    }

    var counters: TCPCounters {
        var counters = shared.counters
        for link in links { counters.dropped += link.dropped }
        return counters
    }
}
