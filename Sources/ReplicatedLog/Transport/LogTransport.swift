/// Carries messages between the nodes of a cluster. Everything an implementer has to know stands here.
///
/// The protocol of the log tolerates a transport that loses, repeats, delays and reorders messages, so
/// a transport keeps no promise about any single one and needs no acknowledgements of its own. What a
/// transport has to keep:
///
/// **It does not wait.** `send` is called by the one thread that drives the node; while it runs, the
/// node does nothing else. It puts the messages into a queue and returns. It may be called before
/// `start`, after `stop`, for a node nobody has heard of and for one that is down: such messages are
/// dropped, without an error. A connection that is missing is made in the background, again and again.
///
/// **It is bounded.** What waits for one peer is bounded in bytes. Beyond the bound messages are
/// dropped: the node sends again what is still needed (`R62`). A peer that takes nothing must not cost
/// memory, nor hold up the others. `OutboundQueue` is such a queue, to be used or not.
///
/// **It has two lanes.** A message of `Lane.liveness` waits for no message of `Lane.log` that is still
/// in a queue, and is not dropped because the log lane is full (`R61`): a heartbeat that waits behind
/// megabytes of log deposes a healthy leader. What the operating system has taken already may go first.
/// Two connections, or one queue that is asked for liveness first, do equally well.
///
/// **It changes nothing.** A message arrives whole and as it was sent or not at all: over a wire, bytes
/// carry a length, checked against `Limits.maxEnvelopeBytes` before anything is allocated, and a
/// checksum or authenticated encryption. `Envelope.encode(into:)` makes the bytes and
/// `Envelope.init(decoding:)` reads them, from an array or where they lie; it takes any bytes without a
/// trap, and `nil` is dropped.
/// Whether sender and content are to be believed is checked by the receiving node. A transport that
/// knows the other end for certain, as by a certificate, drops envelopes of another `source`.
///
/// **It answers who dialed.** An envelope that `isRefusal` is for the process whose message it refuses, which
/// need not be the one that the node's address leads to. Where connections have a way back, it goes on
/// one of that process's own, and what comes back there is handed over like any other message.
///
/// **It hands over in batches.** What has arrived goes to `receive`, in any order, from any thread, of
/// which several may call at a time. `receive` puts the messages into the node's inbox, which is bounded
/// too, and returns; it never blocks and never calls the transport.
///
/// **It stops.** When `stop` has returned, `receive` is not running and is never called again, and
/// threads and connections are gone. Messages still queued are dropped.
///
/// A transport serves one node and is started and stopped once. `TransportConformance` of
/// `ReplicatedLogTestKit` checks this for any implementation, but for how refusals travel.
///
/// ```swift
/// let network = InMemoryNetwork()
/// let node = try await LogNode.open(
///     configuration, directory: "data/n1", transport: network.transport(for: 1))
/// ```
public protocol LogTransport: Sendable {
    /// Begins to receive, and to connect to the peers. Returns once messages can arrive; peers need not
    /// be there.
    ///
    /// - Throws: What keeps the node from being reached at all, such as an address in use. The node then
    ///   does not run.
    func start(_ node: LogReceiver) async throws

    /// Queues messages for their destinations and returns at once. Called from the node's own thread.
    func send(_ envelopes: [Envelope])

    /// Ends all of it. Returns when `receive` runs nowhere and will not be called again. May be called
    /// without a `start`, and more than once; not from `receive`.
    func stop() async
}

/// A node as its transport sees it: who it is, and where what has arrived goes.
public struct LogReceiver: Sendable {
    /// The node's identity, for the greeting of a connection, if there is one.
    public let identity: NodeIdentity
    /// The bounds of the node. Those that shape messages are the same on all members of a cluster.
    public let limits: Limits
    /// Takes what has arrived. From any thread; returns at once.
    public let receive: @Sendable ([Envelope]) -> Void

    package init(
        identity: NodeIdentity,
        limits: Limits,
        receive: @escaping @Sendable ([Envelope]) -> Void
    ) {
        self.identity = identity
        self.limits = limits
        self.receive = receive
    }
}
