import Foundation
import Hummingbird
import Logging
import Metrics
public import ReplicatedLog
public import ReplicatedLogMachine
import ReplicatedLogTCP
public import ServiceLifecycle

/// What a server answers.
public typealias Routes = Router<BasicRequestContext>

/// A member of a cluster as a process that answers HTTP on loopback:
///
///     PROGRAM create|run NODE DIRECTORY HTTP-PORT 1=HOST:PORT 2=HOST:PORT 3=HOST:PORT
public struct Member {
    private let configuration: LogNode.Configuration
    private let addresses: [NodeID: TCPAddress]
    private let directory: String
    private let port: Int
    private let isMade: Bool

    /// Reads the command line of this process, and ends it if that is wrong.
    public init(of cluster: ClusterID, _ words: [String] = CommandLine.arguments) throws {
        var addresses: [NodeID: TCPAddress] = [:]
        for word in words.dropFirst(5) {
            let parts = word.split(separator: "=", maxSplits: 1).map(String.init)
            guard parts.count == 2, let id = NodeID(number: parts[0]),
                let address = TCPAddress(parts[1])
            else { Self.explain() }
            addresses[id] = address
        }
        guard words.count > 5, ["create", "run"].contains(words[1]),
            let id = NodeID(number: words[2]), addresses[id] != nil, let port = Int(words[4]),
            addresses.count == words.count - 5
        else { Self.explain() }
        configuration = LogNode.Configuration(
            cluster: cluster,
            node: id,
            membership: try Membership(Array(addresses.keys)),
            // The newest snapshot leads to where this begins.
            trimming: .keeping(entries: 10_000)
        )
        self.addresses = addresses
        directory = words[3]
        self.port = port
        isMade = words[1] == "run"
    }

    private static func explain() -> Never {
        let usage = "usage: create|run NODE DIRECTORY HTTP-PORT 1=HOST:PORT 2=HOST:PORT ...\n"
        FileHandle.standardError.write(Data(usage.utf8))
        exit(2)
    }

    /// Makes the member's directory, or runs it until a signal ends it: its node, a state machine on its log, more
    /// that uses that, and a server with routes of it.
    public func run<Machine: ReplicatedStateMachine>(
        _ machine: Machine,
        more: (StateMachineHost<Machine>) -> [any Service] = { _ in [] },
        routes: (StateMachineHost<Machine>, Routes) -> Void
    ) async throws {
        guard isMade, let own = addresses[configuration.node] else {
            // Once, before its first start: so a disk that was lost is noticed.
            return try await LogNode.create(configuration, directory: directory)
        }
        let metrics = Exposition()
        MetricsSystem.bootstrap(metrics)
        var logger = Logger(label: configuration.cluster.description)
        logger[metadataKey: "node"] = "\(configuration.node)"
        let node = try await LogNode.open(
            configuration,
            directory: directory,
            transport: TCPTransport(listen: own, peers: addresses, logger: logger),
            logger: logger
        )
        let host = StateMachineHost(
            node: node,
            machine: machine,
            snapshots: .every(entries: 10_000)
        )
        let router = Routes()
        routes(host, router)
        router.addStatus(of: host, metrics)
        let server = Application(
            router: router,
            configuration: .init(address: .hostname("127.0.0.1", port: port)),
            logger: logger
        )
        // Ends in reverse: no requests any more, then no state, then the node hands over and is gone.
        let group = ServiceGroup(
            services: [node, host] + more(host) + [server],
            gracefulShutdownSignals: [.sigterm, .sigint],
            logger: logger
        )
        try await group.run()
    }
}

extension NodeID {
    fileprivate init?(number: String) {
        guard let number = UInt64(number) else { return nil }
        self.init(rawValue: number)
    }
}
