package import PaxosCore

/// The sending end of a connection, without the connection: it greets, is welcomed, and puts messages into
/// frames. It may hear that its process does not count, and nothing else.
package struct OutboundSession: Sendable {
    /// The longest message that comes back.
    private static let maxBodyBytes = 1 << 10

    private let local: NodeIdentity
    private let peer: NodeID
    private let lane: Lane
    private let tag: UInt64
    private var received = ReceivedBytes()
    private var writer: FrameWriter?
    private var frames: FrameReader
    private var welcomer: NodeIdentity?

    package init(local: NodeIdentity, peer: NodeID, lane: Lane = .log, tag: UInt64) {
        self.local = local
        self.peer = peer
        self.lane = lane
        self.tag = tag
        frames = FrameReader(tag: tag, maxBodyBytes: Self.maxBodyBytes)
    }

    /// What to send first.
    package var greeting: [UInt8] {
        Handshake(
            kind: .greeting,
            lane: lane,
            destination: peer,
            tag: tag,
            echo: 0,
            sender: local
        ).encoded()
    }

    package var isOpen: Bool { writer != nil }

    package mutating func receive(_ bytes: UnsafeRawBufferPointer) { received.append(bytes) }
    package mutating func receive(_ bytes: [UInt8]) { received.append(bytes) }

    /// Who has welcomed this end, once it has; `nil` if more bytes must come first.
    ///
    /// - Parameter certified: What the other end's certificate is good for; without TLS anything is.
    package mutating func next(
        certified: (CertifiedName) -> Bool
    ) throws(PeerRefusal) -> NodeIdentity? {
        guard !isOpen, let answer = try Handshake.take(from: &received) else { return nil }
        guard answer.echo == tag else { throw .replayed }
        if case .refusal = answer.kind { throw .refusedByPeer }
        guard answer.kind == .welcome, answer.lane == lane, answer.destination == local.node else {
            throw .malformedHandshake
        }
        guard answer.versions.overlaps(Handshake.versions) else { throw .version }
        guard answer.sender.cluster == local.cluster else { throw .otherCluster }
        guard answer.sender.node == peer else { throw .otherNode }
        guard certified(CertifiedName(cluster: local.cluster, node: peer)) else {
            throw .certificate
        }
        writer = FrameWriter(tag: answer.tag)
        welcomer = answer.sender
        return answer.sender
    }

    /// The next refusal that the other end's node has sent back; `nil` if more bytes must come first.
    package mutating func nextRefusal() throws(PeerRefusal) -> Envelope? {
        guard let welcomer, let body = try frames.next(from: &received) else { return nil }
        guard let envelope = Envelope(decoding: body) else { throw .malformedMessage }
        guard envelope.sender == welcomer, envelope.destination == local.node,
            envelope.recipient == local.process, envelope.isRefusal
        else { throw .foreignMessage }
        return envelope
    }

    /// Appends a frame for each message; nothing before the welcome.
    package mutating func encode(_ envelopes: [Envelope], into bytes: inout [UInt8]) {
        for envelope in envelopes { writer?.append(envelope, to: &bytes) }
    }
}
