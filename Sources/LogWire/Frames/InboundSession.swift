package import PaxosCore

/// The receiving end of a connection, without the connection: bytes in, an answer and messages out. The
/// first refusal is the last thing it says.
package struct InboundSession: Sendable {
    package enum Step: Hashable, Sendable {
        /// The other end is this node's peer; the answer is to be sent.
        case welcomed(NodeIdentity, Lane, answer: [UInt8])
        case message(Envelope)
    }

    private enum Stage: Hashable, Sendable {
        case greeting
        case open(NodeIdentity)
    }

    private let local: NodeIdentity
    private let peers: [NodeID]
    private let tag: UInt64
    private var stage = Stage.greeting
    private var received = ReceivedBytes()
    private var frames: FrameReader
    /// Whom a refusal is for.
    private var greeting: Handshake?
    /// What goes back on the connection after the welcome.
    private var writer: FrameWriter?

    package init(local: NodeIdentity, peers: [NodeID], maxBodyBytes: Int, tag: UInt64) {
        self.local = local
        self.peers = peers
        self.tag = tag
        frames = FrameReader(tag: tag, maxBodyBytes: maxBodyBytes)
    }

    /// Takes the next step from the front of what has arrived, which is read where it lies; `nil` if more must
    /// come first, and nothing of it is left: what was the beginning of something is kept.
    ///
    /// - Parameter certified: What the other end's certificate is good for; without TLS anything is.
    package mutating func next(
        from arrived: inout ByteReader,
        certified: (CertifiedName) -> Bool
    ) throws(PeerRefusal) -> Step? {
        switch stage {
        case .greeting:
            guard let greeting = try received.next(from: &arrived, Handshake.look) else {
                return nil
            }
            self.greeting = greeting
            try check(greeting, certified: certified)
            stage = .open(greeting.sender)
            writer = FrameWriter(tag: greeting.tag)
            let welcome = answer(.welcome, to: greeting, by: local)
            return .welcomed(greeting.sender, greeting.lane, answer: welcome.encoded())
        case .open(let peer):
            let next: Envelope? = try frames.next(from: &arrived) {
                (body) throws(PeerRefusal) in
                guard let envelope = Envelope(decoding: body) else { throw .malformedMessage }
                return envelope
            }
            guard let envelope = next else { return nil }
            guard envelope.sender == peer, envelope.destination == local.node else {
                throw .foreignMessage
            }
            return .message(envelope)
        }
    }

    private func check(
        _ greeting: Handshake,
        certified: (CertifiedName) -> Bool
    ) throws(PeerRefusal) {
        guard greeting.kind == .greeting else { throw .malformedHandshake }
        guard greeting.versions.overlaps(Handshake.versions) else { throw .version }
        guard greeting.sender.cluster == local.cluster else { throw .otherCluster }
        guard greeting.destination == local.node else { throw .otherNode }
        guard peers.contains(greeting.sender.node) else { throw .notAPeer }
        let name = CertifiedName(cluster: local.cluster, node: greeting.sender.node)
        guard certified(name) else { throw .certificate }
    }

    /// What to say to an end that greeted and was refused, so that its operator learns why; and nothing
    /// by which it could pose as this node.
    package func answer(to refusal: PeerRefusal) -> [UInt8]? {
        guard stage == .greeting, refusal.number != nil, let greeting else { return nil }
        let nobody = NodeIdentity(
            cluster: local.cluster,
            node: local.node,
            incarnation: Incarnation(high: 0, low: 0),
            boot: Boot(0),
            nonce: Nonce(0)
        )
        return answer(.refusal(refusal), to: greeting, by: nobody).encoded()
    }

    /// The frame of a message to the process at the other end, if it is a refusal of that process: nothing
    /// else goes this way.
    package mutating func frame(of refusal: Envelope) -> [UInt8]? {
        guard case .open(let peer) = stage, refusal.isRefusal,
            refusal.destination == peer.node, refusal.recipient == peer.process
        else { return nil }
        var bytes: [UInt8] = []
        writer?.append(refusal, to: &bytes)
        return bytes
    }

    private func answer(
        _ kind: Handshake.Kind,
        to greeting: Handshake,
        by sender: NodeIdentity
    ) -> Handshake {
        Handshake(
            kind: kind,
            lane: greeting.lane,
            destination: greeting.sender.node,
            tag: tag,
            echo: greeting.tag,
            sender: sender
        )
    }
}

/// The name that a node's certificate carries as a subjectAltName of the kind URI.
package struct CertifiedName: Hashable, Sendable {
    package let cluster: ClusterID
    package let node: NodeID

    package init(cluster: ClusterID, node: NodeID) {
        self.cluster = cluster
        self.node = node
    }

    /// `rlog://CLUSTER/node/ID`.
    package var uri: String { "rlog://\(cluster.name)/node/\(node.rawValue)" }
}
