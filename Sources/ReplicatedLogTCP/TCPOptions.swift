/// How a `TCPTransport` connects, and where it stops.
public struct TCPOptions: Hashable, Sendable {
    /// How long the other end may take from the first byte to the welcome, TLS included. Default 3 s.
    public var handshakeLimit = Duration.seconds(3)
    /// How long a peer may acknowledge not one byte, though some wait, before its connection is given up and
    /// made anew. A slow connection is kept. Default 5 s.
    public var stallLimit = Duration.seconds(5)
    /// Connections that may wait for their handshake at a time; one more closes the oldest. Default 64.
    public var maxHalfOpen = 64
    /// The first wait before a connection is tried again. It doubles, up to `longestBackOff`, and each is
    /// drawn between half of that and all of it. Default 20 ms.
    public var firstBackOff = Duration.milliseconds(20)
    /// The longest wait before a connection is tried again; one that was not refused waits for a quarter of
    /// the election timeout at most. Default 1 s.
    public var longestBackOff = Duration.seconds(1)
    /// The most bytes that are given to the system at a time. What has not left the machine is kept near
    /// this, so that what is urgent waits for no more. Default 256 KiB.
    public var writeBytes = 256 << 10

    /// The documented defaults.
    public init() {}
}
