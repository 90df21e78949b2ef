internal import PaxosCore
internal import Platform

/// A transport between the nodes of one process, over an `InMemoryNetwork`.
///
/// Messages stay values: nothing is encoded and no payload is copied. `start` returns at once and throws
/// only if the transport was started before, or for another node than its own.
public final class InMemoryTransport: LogTransport {
    /// The node that the transport was made for.
    public let node: NodeID
    private let network: InMemoryNetwork
    private let stage = Locked(Stage.idle)

    /// Each is entered once.
    private enum Stage {
        case idle
        case started(Port)
        /// With what was started, which may still be handing over.
        case stopped(Port?)

        var isStarted: Bool {
            if case .started = self { true } else { false }
        }
    }

    init(node: NodeID, network: InMemoryNetwork) {
        self.node = node
        self.network = network
    }

    deinit {
        // Dropped without a stop: nobody waits, but the network and the port's thread must not stay.
        if let port = end() { port.close() }
    }

    /// Begins to receive.
    public func start(_ local: LogReceiver) async throws {
        guard local.identity.node == node else {
            throw InMemoryTransportError.otherNode(local.identity.node, expected: node)
        }
        let port = Port(node: node, options: network.options, receive: local.receive)
        try port.start()
        let isFirst = stage.withLock { stage in
            guard case .idle = stage else { return false }
            stage = .started(port)
            network.add(port)
            return true
        }
        guard isFirst else {
            port.close()
            throw InMemoryTransportError.alreadyUsed(node)
        }
    }

    /// Hands the messages over, or queues them.
    public func send(_ envelopes: [Envelope]) {
        guard !envelopes.isEmpty, stage.withLock({ $0.isStarted }) else { return }
        network.carry(envelopes, from: node)
    }

    /// Ends it: returns when nothing is being handed over and nothing will be.
    public func stop() async {
        guard let port = end() else { return }
        port.close()
        await port.ended()
    }

    /// No message comes in or goes out from here on.
    private func end() -> Port? {
        let (port, isFirst): (Port?, Bool) = stage.withLock { stage in
            switch stage {
            case .idle:
                stage = .stopped(nil)
                return (nil, true)
            case .started(let port):
                stage = .stopped(port)
                return (port, true)
            case .stopped(let port):
                return (port, false)
            }
        }
        if let port, isFirst { network.remove(port) }
        return port
    }
}

/// Why a transport of an `InMemoryNetwork` does not start.
public enum InMemoryTransportError: Error, Hashable, Sendable, CustomStringConvertible {
    /// It was started or stopped before: a restarted node gets another transport.
    case alreadyUsed(NodeID)
    /// It was made for another node.
    case otherNode(NodeID, expected: NodeID)
    /// The system gave no thread to deliver on.
    case noThread(code: Int32)

    /// What is wrong, for people.
    public var description: String {
        switch self {
        case .alreadyUsed(let node): "the transport of \(node) was started before"
        case .otherNode(let node, let expected): "the transport of \(expected) was given to \(node)"
        case .noThread(let code): "no thread to deliver on (\(code))"
        }
    }
}
