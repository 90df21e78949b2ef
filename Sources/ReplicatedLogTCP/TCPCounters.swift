public import LogWire

/// What a `TCPTransport` has done since it was started.
public struct TCPCounters: Hashable, Sendable {
    /// Connections to peers that were welcomed.
    public internal(set) var connected = 0
    /// Connections from peers that were welcomed.
    public internal(set) var accepted = 0
    /// Connections that the system could not take, as at its limit of descriptors; it is asked again five
    /// times a second.
    public internal(set) var acceptFailures = 0
    /// Attempts to connect that failed before the handshake: nobody listens, no way there.
    public internal(set) var unreachable = 0
    /// Messages given to the system.
    public internal(set) var sentMessages = 0
    /// Bytes given to the system, handshakes not counted.
    public internal(set) var sentBytes = 0
    /// Writes in which they were given.
    public internal(set) var writes = 0
    /// Messages handed to the node.
    public internal(set) var receivedMessages = 0
    /// Bytes that came from peers and strangers.
    public internal(set) var receivedBytes = 0
    /// Messages dropped because a queue was full or the peer could not be reached.
    public internal(set) var dropped = 0
    /// Connections and bytes that were refused, by reason.
    public internal(set) var refused: [PeerRefusal: Int] = [:]

    /// How often something was refused, whatever the reason.
    public var refusedTotal: Int { refused.values.reduce(0, +) }
}
