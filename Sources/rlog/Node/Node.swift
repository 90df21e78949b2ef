import ArgumentParser
import LogCommands
import LogStorage
import LogWire
import Logging
import Platform
import ReplicatedLog
import ReplicatedLogTCP

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// `rlog node`: one member as a process, driven by lines of JSON.
struct Node: RlogCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run one member of a cluster, driven by lines of JSON on standard input.",
        discussion: """
            The directory says which node of which cluster this is. Requests may overlap; answers come as \
            they finish. End of input and SIGTERM shut the node down in order. docs/OPERATIONS.md lists the \
            requests. After a crash the runtime's backtracer keeps the process, and so its directory and port, \
            for seconds to minutes: SWIFT_BACKTRACE=enable=no in the environment runs without it.
            """
    )

    @Option(help: "The data directory, as rlog init has made it.")
    var data: String

    @Option(help: "Where to take connections, as in 127.0.0.1:7001.", transform: Parsing.address)
    var listen: TCPAddress?

    @Option(
        help: "Another member and where it listens, as in 2=127.0.0.1:7002.",
        transform: Parsing.peer
    )
    var peer: [PeerAddress] = []

    @Option(help: "This node's certificate, in PEM; names URI:rlog://CLUSTER/node/ID.")
    var tlsCert: String?

    @Option(help: "The key of the certificate, in PEM.")
    var tlsKey: String?

    @Option(help: "The certificate of the cluster's own authority, in PEM.")
    var tlsCa: String?

    @Option(help: "How long a follower waits for its leader.")
    var electionMs = Limits().electionTimeout.wholeMilliseconds

    @Option(help: "How often a leader tells that it lives.")
    var heartbeatMs = Limits().heartbeatInterval.wholeMilliseconds

    @Option(
        help: "How much this member is to lead: normal, prefer or avoid.",
        transform: Parsing.priority
    )
    var priority: LeadershipPriority = .normal

    @Option(help: "What the other members are told of this one while it leads, as in host:port.")
    var address: String?

    @Option(help: "Address space for the data file, in bytes.")
    var mapSize: Int?

    @Option(help: "The largest payload that the directory was made with: refused if it is another.")
    var maxPayloadBytes: Int?

    @Option(
        help: "Write every message that is sent or received to this file, one JSON object a line."
    )
    var trace: String?

    @Option(
        help: "Log to standard error: trace, debug, info, notice, warning, error or critical.",
        transform: Parsing.logLevel
    )
    var logLevel: Logger.Level?

    /// Requests and answers are JSON whatever is asked for.
    var json: Bool { true }

    func validate() throws {
        try Parsing.requirePath(data)
        let files = [tlsCert, tlsKey, tlsCa].compactMap { $0 }
        guard files.isEmpty || files.count == 3 else {
            throw ValidationError("--tls-cert, --tls-key and --tls-ca go together.")
        }
        guard Set(peer.map(\.node)).count == peer.count else {
            throw ValidationError("--peer names a node twice.")
        }
        guard peer.isEmpty || listen != nil else {
            throw ValidationError("A node with peers needs --listen.")
        }
        do {
            _ = try limits(with: Limits().shape).validated()
        } catch {
            throw ValidationError("\(error).")
        }
    }

    /// Those that the members have agreed on are the directory's.
    private func limits(with shape: Shape) -> Limits {
        var limits = Limits()
        limits.electionTimeout = .milliseconds(electionMs)
        limits.heartbeatInterval = .milliseconds(heartbeatMs)
        limits.adopt(shape)
        return limits
    }

    func execute() async throws(Failure) -> ExitStatus {
        let termination = SignalWatch([SIGTERM, SIGINT])
        let data = data
        let identity = try await offPool { () throws(Failure) in
            do throws(LogOpenError) {
                return try DirectoryReader(at: data).identity
            } catch {
                throw Failure(error)
            }
        }.get()
        var configuration = LogNode.Configuration(
            cluster: identity.cluster,
            node: identity.node,
            membership: identity.membership,
            limits: limits(with: identity.shape)
        )
        if let maxPayloadBytes, maxPayloadBytes != identity.shape.maxPayloadBytes {
            throw Failure(
                LogOpenError.differentLimit(
                    path: data,
                    name: "maxPayloadBytes",
                    found: identity.shape.maxPayloadBytes,
                    expected: maxPayloadBytes
                )
            )
        }
        if let mapSize { configuration.storage.mapSize = mapSize }
        configuration.priority = priority
        configuration.address = Array((address ?? "").utf8)
        let transport = try transport(of: configuration)
        let log: LogNode
        do throws(LogOpenError) {
            log = try await LogNode.open(
                configuration,
                directory: data,
                transport: transport,
                logger: logger
            )
        } catch {
            throw Failure(error)
        }
        return try await NodeProcess(log, transport).run(until: termination)
    }

    private var logger: Logger? {
        guard let logLevel else { return nil }
        var logger = Logger(label: "rlog") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = logLevel
        return logger
    }

    private func transport(
        of configuration: LogNode.Configuration
    ) throws(Failure) -> WatchedTransport? {
        let others = configuration.membership.members.filter { $0 != configuration.node }
        let named = peer.map(\.node).sorted()
        guard named == others else {
            let list = others.map { String($0.rawValue) }.joined(separator: ", ")
            throw Failure(
                .usage,
                "peers",
                "usage: \(data) has the other members \(list.isEmpty ? "none" : list): "
                    + "give a --peer for each and no other"
            )
        }
        guard let listen else { return nil }
        var tls: TLSIdentity?
        if let tlsCert, let tlsKey, let tlsCa {
            do throws(TLSIdentityError) {
                tls = try TLSIdentity(certificate: tlsCert, key: tlsKey, authority: tlsCa)
            } catch {
                throw Failure(.refused, "certificate", "\(error): check the file")
            }
            guard let tls, tls.timeLeft > .zero else {
                let date = tls?.expires ?? ""
                throw Failure(
                    .refused,
                    "certificate",
                    "\(tlsCert) expired at \(date): issue another one for this node"
                )
            }
        }
        let addresses = peer.map { ($0.node, $0.address) }
        let tcp = TCPTransport(
            listen: listen,
            peers: Dictionary(addresses) { first, _ in first },
            tls: tls,
            group: Sockets.group,
            logger: logger
        )
        do throws(PosixError) {
            return WatchedTransport(tcp, tls: tls, trace: try trace.map(MessageTrace.init(path:)))
        } catch {
            throw Failure(.refused, "trace", "\(error): name another file for --trace")
        }
    }
}

/// Another member and where it listens.
struct PeerAddress: Hashable, Sendable {
    let node: NodeID
    let address: TCPAddress
}

extension Parsing {
    static func address(_ text: String) throws -> TCPAddress {
        guard let address = TCPAddress(text) else {
            throw ValidationError("\(text) is no address such as 127.0.0.1:7001 or [::1]:7001.")
        }
        return address
    }

    static func peer(_ text: String) throws -> PeerAddress {
        let parts = text.split(separator: "=", maxSplits: 1)
        guard parts.count == 2 else {
            throw ValidationError("\(text) is no peer such as 2=127.0.0.1:7002.")
        }
        return PeerAddress(
            node: try node(String(parts[0])),
            address: try address(String(parts[1]))
        )
    }

    static func logLevel(_ text: String) throws -> Logger.Level {
        guard let level = Logger.Level(rawValue: text) else {
            throw ValidationError("\(text) is no log level.")
        }
        return level
    }
}
