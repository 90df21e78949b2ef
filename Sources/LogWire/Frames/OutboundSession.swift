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

    /// Who has welcomed this end, once it has, by the front of what has arrived; `nil` if more bytes must come
    /// first.
    ///
    /// - Parameter certified: What the other end's certificate is good for; without TLS anything is.
    package mutating func next(
        from arrived: inout ByteReader,
        certified: (CertifiedName) -> Bool
    ) throws(PeerRefusal) -> NodeIdentity? {
        guard !isOpen, let answer = try received.next(from: &arrived, Handshake.look) else {
            return nil
        }
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

    /// The next refusal that the other end's node has sent back, from the front of what has arrived; `nil` if
    /// more bytes must come first, or before the welcome.
    package mutating func nextRefusal(
        from arrived: inout ByteReader
    ) throws(PeerRefusal) -> Envelope? {
        guard let welcomer else { return nil }
        let next: Envelope? = try frames.next(from: &arrived) { (body) throws(PeerRefusal) in
            guard let envelope = Envelope(decoding: body) else { throw .malformedMessage }
            return envelope
        }
        guard let envelope = next else { return nil }
        guard envelope.sender == welcomer, envelope.destination == local.node,
            envelope.recipient == local.process, envelope.isRefusal
        else { throw .foreignMessage }
        return envelope
    }

    /// Appends the frame of a message; nothing before the welcome.
    package mutating func encode(_ envelope: Envelope, into bytes: inout [UInt8]) {
        writer?.append(envelope, to: &bytes)
    }

    /// Appends what of a message's frame stands before its body, which is to follow; nothing before the welcome.
    package mutating func encode(
        _ head: Envelope.Head,
        _ kind: MessageKind,
        before body: [UInt8],
        into bytes: inout [UInt8]
    ) {
        writer?.append(head, kind, before: body, to: &bytes)
    }
}
