internal import PaxosCore
internal import Platform

/// Connects the nodes of one process, and breaks the connections as a test asks.
///
/// ```swift
/// let network = InMemoryNetwork()
/// let transports = [1, 2, 3].map { network.transport(for: $0) }
/// network.partition([[1], [2, 3]])
/// network.heal()
/// ```
///
/// Without faults, and by default, a message goes straight into the receiver's inbox, on the sender's thread; payloads
/// are shared between sender and receivers. Every method may be called from any thread, and faults may
/// be changed at any time; they apply to messages sent afterwards.
public final class InMemoryNetwork: Sendable {
    /// The thread on which messages are handed over.
    public enum Delivery: Hashable, Sendable {
        /// The sender's, or that of a sender who is handing over already: the cheapest.
        case direct
        /// One for each node, so that a receiver that is slow to take a message does not hold up its
        /// senders.
        case threaded
    }

    /// How the network works.
    public struct Options: Hashable, Sendable {
        /// The thread on which messages are handed over. Default direct.
        public var delivery = Delivery.direct
        /// What may wait on each link.
        public var bounds = OutboundQueue.Bounds()
        /// Encode and decode every message on its way, for tests of the bytes. Default false.
        public var encodesMessages = false
        /// What the faults that are drawn at random follow from. Default 1.
        public var seed: UInt64 = 1

        /// The defaults.
        public init() {}
    }

    /// What became of messages that did not simply arrive.
    public struct Counters: Hashable, Sendable {
        /// Messages given to `send`.
        public var sent = 0
        /// Messages for a node that has no started transport.
        public var unreachable = 0
        /// Messages on a link that was cut, or of a node that was disconnected.
        public var cut = 0
        /// Messages lost at random, by a filter, or because too much was delayed.
        public var lost = 0
        /// Messages delivered twice.
        public var duplicated = 0
        /// Messages that the decoder refused, with `encodesMessages`.
        public var malformed = 0
        /// Messages dropped because the queue of a link was full.
        public var overflowed = 0
    }

    fileprivate struct State {
        var ports: [Port] = []
        var faults: FaultPlan
        var counters = Counters()
    }

    let options: Options
    private let state: Locked<State>
    private let delayer: Delayer

    /// Makes a network without nodes.
    public init(options: Options = Options()) {
        self.options = options
        state = Locked(State(faults: FaultPlan(seed: options.seed)))
        delayer = Delayer(maxBytes: 4 * options.bounds.logBytes)
    }

    /// A transport for a node, to be started once. A node that is restarted gets another one.
    ///
    /// Two transports of one node may be started: each gets what is sent to the node, as two processes
    /// on copies of one directory would. The protocol refuses both.
    public func transport(for node: NodeID) -> InMemoryTransport {
        InMemoryTransport(node: node, network: self)
    }

    /// What became of the messages so far.
    public var counters: Counters {
        var (counters, ports) = state.withLock { ($0.counters, $0.ports) }
        for port in ports { counters.overflowed += port.counters.dropped }
        return counters
    }

    // MARK: - Transports

    func add(_ port: Port) {
        state.withLock { $0.ports.append(port) }
    }

    func remove(_ port: Port) {
        let dropped = port.counters.dropped
        state.withLock { state in
            guard let place = state.ports.firstIndex(where: { $0 === port }) else { return }
            state.ports.remove(at: place)
            state.counters.overflowed += dropped
        }
    }

    func carry(_ envelopes: [Envelope], from source: NodeID) {
        let envelopes = options.encodesMessages ? throughBytes(envelopes) : envelopes
        let (ports, isFaulty) = state.withLock { state in
            state.counters.sent += envelopes.count
            return (state.ports, state.faults.isActive)
        }
        if isFaulty {
            carryFaultily(envelopes, from: source, to: ports)
            return
        }
        var reached = 0
        for port in ports {
            let own = envelopes.for(port.node)
            reached += own.count
            if !own.isEmpty { port.offer(own, from: source) }
        }
        if reached < envelopes.count { countUnreachable(envelopes, ports) }
    }

    private func countUnreachable(_ envelopes: [Envelope], _ ports: [Port]) {
        let count = envelopes.count { envelope in
            !ports.contains { $0.node == envelope.destination }
        }
        if count > 0 { state.withLock { $0.counters.unreachable += count } }
    }

    private func throughBytes(_ envelopes: [Envelope]) -> [Envelope] {
        let decoded = envelopes.compactMap { Envelope(decoding: $0.encoded()) }
        let malformed = envelopes.count - decoded.count
        if malformed > 0 { state.withLock { $0.counters.malformed += malformed } }
        return decoded
    }

    // MARK: - Faults

    private func carryFaultily(_ envelopes: [Envelope], from source: NodeID, to ports: [Port]) {
        countUnreachable(envelopes, ports)
        for port in ports {
            var prompt: [Envelope] = []
            var late: [(Envelope, Duration)] = []
            state.withLock { state in
                for envelope in envelopes.for(port.node) {
                    for delay in state.delays(of: envelope, from: source) {
                        if delay > .zero {
                            late.append((envelope, delay))
                        } else {
                            prompt.append(envelope)
                        }
                    }
                }
            }
            if !prompt.isEmpty { port.offer(prompt, from: source) }
            for (envelope, delay) in late
            where !delayer.hold(envelope, for: delay, from: source, to: port) {
                state.withLock { $0.counters.lost += 1 }
            }
        }
    }

    /// Changes the faults of the network.
    func change(_ body: (inout FaultPlan) -> Void) {
        state.withLock { body(&$0.faults) }
    }

    func forEachPort(of node: NodeID, _ body: (Port) -> Void) {
        let ports = state.withLock { $0.ports }
        for port in ports where port.node == node { body(port) }
    }
}

extension InMemoryNetwork.State {
    mutating func delays(of envelope: Envelope, from source: NodeID) -> [Duration] {
        switch faults.fate(of: envelope, from: source, to: envelope.destination) {
        case .cut:
            counters.cut += 1
            return []
        case .arrives(let delays):
            if delays.isEmpty { counters.lost += 1 }
            if delays.count > 1 { counters.duplicated += 1 }
            return delays
        }
    }
}

extension [Envelope] {
    /// Those for a node; the array itself, uncopied, if all are.
    fileprivate func `for`(_ node: NodeID) -> [Envelope] {
        allSatisfy { $0.destination == node } ? self : filter { $0.destination == node }
    }
}
