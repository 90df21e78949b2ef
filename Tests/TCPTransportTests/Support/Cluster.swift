import Logging
import NIOCore
import NIOPosix
import PaxosCore
import Platform
import ReplicatedLog
import ReplicatedLogTCP
import TestSupport

/// Transports on loopback that find each other by the ports that the system gave them.
final class Cluster: Sendable {
    private let started = Locked<[NodeID: TCPTransport]>([:])
    let options: TCPOptions
    let group: any EventLoopGroup
    let logger: Logger?
    /// By node; empty without TLS.
    let identities: [NodeID: TLSIdentity]

    init(
        options: TCPOptions = TCPOptions(),
        identities: [NodeID: TLSIdentity] = [:],
        group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton,
        logger: Logger? = nil
    ) {
        self.options = options
        self.group = group
        self.logger = logger
        self.identities = identities
    }

    /// The one that is made last for a node is the one that the others find.
    func transport(
        for node: NodeID,
        peers: [NodeID] = [1, 2, 3],
        on ownGroup: (any EventLoopGroup)? = nil
    ) -> TCPTransport {
        let transport = TCPTransport(
            listen: TCPAddress(host: "127.0.0.1", port: 0),
            peers: peers,
            security: identities[node],
            options: options,
            group: ownGroup ?? group,
            logger: logger
        ) { [self] peer in
            started.withLock { $0[peer] }?.listening
        }
        started.withLock { $0[node] = transport }
        return transport
    }

    func port(of node: NodeID) -> UInt16 {
        started.withLock { $0[node] }?.listening?.port ?? 0
    }

    func stop() async {
        for transport in started.withLock({ Array($0.values) }) { await transport.stop() }
    }
}

/// A started transport and what it has handed over.
final class Member: Sendable {
    let identity: NodeIdentity
    let transport: TCPTransport
    private let inbox = Locked<[Envelope]>([])

    init(_ transport: TCPTransport, _ identity: NodeIdentity) async throws {
        self.transport = transport
        self.identity = identity
        let inbox = inbox
        let local = LogReceiver(identity: identity, limits: Limits()) { batch in
            inbox.withLock { $0 += batch }
        }
        try await transport.start(local)
    }

    convenience init(_ node: NodeID, of cluster: Cluster, in name: String = "test") async throws {
        try await self.init(cluster.transport(for: node), Self.identity(node, name))
    }

    static func identity(
        _ node: NodeID,
        _ name: String = "test",
        nonce: UInt64 = 1
    ) -> NodeIdentity {
        guard let cluster = try? ClusterID(name) else { preconditionFailure("a name") }
        return NodeIdentity(
            cluster: cluster,
            node: node,
            incarnation: Incarnation(high: 1, low: node.rawValue),
            boot: Boot(1),
            nonce: Nonce(nonce)
        )
    }

    var received: [Envelope] { inbox.withLock { $0 } }

    func message(_ number: Int, bytes: Int = 100, to destination: NodeID) -> Envelope {
        let token = Token(node: identity.node, boot: Boot(1), sequence: UInt64(number + 1))
        let payload = [UInt8](repeating: 7, count: bytes)
        let run = EntryRun(
            first: Slot(rawValue: UInt64(number + 1)),
            entries: [.command(Command(token: token, payload: payload))]
        )
        let ballot = Ballot(round: 1, node: identity.node)
        return Envelope(
            sender: identity,
            destination: destination,
            message: .immediate(.accept(Accept(ballot: ballot, run: run, committed: .zero)))
        )
    }

    /// Sends a message again and again until it arrives.
    func reaches(_ other: Member, _ number: Int = 0) async -> Bool {
        let message = message(number, to: other.identity.node)
        return await eventually {
            self.transport.send([message])
            return other.received.contains(message)
        }
    }
}
