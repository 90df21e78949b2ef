internal import LogWire
internal import PaxosCore

/// Whole connections. Bits of the form, beside the first: 1, the bytes are the answer to a greeting, and not
/// a greeting with frames behind it; 2, tags, numbers and echoes are made right too.
enum Connections {
    private static let cluster: ClusterID = {
        do {
            return try ClusterID("orders")
        } catch {
            preconditionFailure("\(error)")
        }
    }()

    /// The node that connects.
    static let peer = NodeIdentity(
        cluster: cluster,
        node: 2,
        incarnation: Incarnation(high: 0x0102_0304_0506_0708, low: 0x1112_1314_1516_1718),
        boot: Boot(3),
        nonce: Nonce(0xABCD_EF01_2345_6789)
    )
    /// The node that is connected to.
    static let local = NodeIdentity(
        cluster: cluster,
        node: 1,
        incarnation: Incarnation(high: 7, low: 8),
        boot: Boot(1),
        nonce: Nonce(9)
    )
    /// What the node that connects has drawn.
    static let greetingTag: UInt64 = 0x2222_2222_2222_2222

    static func check(_ input: inout Input) throws(Violation) -> Bool {
        var bytes = input.bytes
        if input.mends {
            let echo = 32
            if input.has(bit: 1), input.has(bit: 2), bytes.hasNumber(at: echo, bytes: 8) {
                bytes.put(greetingTag, at: echo)
            }
            let end = Handshakes.mend(&bytes)
            Frames.mend(&bytes, from: end, mendsPlaces: input.has(bit: 2))
        }
        return input.has(bit: 1)
            ? try checkAnswer(bytes, &input) : try checkGreeting(bytes, &input)
    }

    // MARK: - The node that is connected to

    struct Outcome: Equatable {
        var steps: [InboundSession.Step] = []
        var refusal: PeerRefusal?
        var answer: [UInt8]?
        /// Bytes that were neither taken nor kept.
        var left = 0
    }

    private static func receive(_ bytes: [UInt8], in pieces: [Range<Int>]) -> Outcome {
        var outcome = Outcome()
        var session = InboundSession(
            local: local,
            peers: [2, 3],
            maxBodyBytes: Frames.maxBodyBytes,
            tag: Frames.tag
        )
        do throws(PeerRefusal) {
            for piece in pieces {
                let piece = Array(bytes[piece])
                var arrived = piece.span
                while let step = try session.next(from: &arrived, certified: { _ in true }) {
                    outcome.steps.append(step)
                }
                outcome.left += arrived.remaining
            }
        } catch {
            outcome.refusal = error
            outcome.answer = session.answer(to: error)
        }
        return outcome
    }

    private static func checkGreeting(
        _ bytes: [UInt8],
        _ input: inout Input
    ) throws(Violation) -> Bool {
        let whole = receive(bytes, in: [bytes.indices])
        try require(
            receive(bytes, in: input.pieces(of: bytes.count)) == whole,
            "a connection depends on the pieces that its bytes come in"
        )
        try require(whole.left == 0, "bytes are left lying")
        if let answer = whole.answer { try checkRefusal(answer, in: whole) }
        guard let first = whole.steps.first else { return false }
        guard case .welcomed(let peer, let lane, let answer) = first else {
            throw Violation(description: "a message before the welcome")
        }
        let greeting = handshake(bytes)
        try require(
            greeting?.sender == peer && greeting?.destination == local.node
                && greeting?.lane == lane && peer.cluster == cluster
                && [2, 3].contains(peer.node),
            "a stranger is welcomed"
        )
        let welcome = handshake(answer)
        try require(
            welcome?.kind == .welcome && welcome?.echo == greeting?.tag && welcome?.lane == lane
                && welcome?.tag == Frames.tag && welcome?.sender == local
                && welcome?.destination == peer.node,
            "a welcome that is none"
        )
        var written = greeting?.encoded() ?? []
        let greetingBytes = written.count
        var writer = FrameWriter(tag: Frames.tag)
        for step in whole.steps.dropFirst() {
            guard case .message(let envelope) = step else {
                throw Violation(description: "a second welcome")
            }
            try require(
                envelope.sender == peer && envelope.destination == local.node,
                "a message of somebody else"
            )
            writer.append(envelope, to: &written)
        }
        try require(bytes.starts(with: written), "messages that were not sent")
        try checkFlip(whole, bytes, greetingBytes, bit: input.below(8 * written.count))
        return true
    }

    private static func handshake(_ bytes: [UInt8]) -> Handshake? {
        var received = ReceivedBytes()
        var arrived = bytes.span
        return try? received.next(from: &arrived, Handshake.look)
    }

    private static func checkRefusal(_ answer: [UInt8], in outcome: Outcome) throws(Violation) {
        guard case .refusal(let refusal) = handshake(answer)?.kind else {
            throw Violation(description: "a refusal that says nothing")
        }
        try require(
            outcome.steps.isEmpty && refusal == outcome.refusal,
            "a refusal for another reason"
        )
    }

    /// With one bit flipped, less is handed over, and all of it was sent.
    private static func checkFlip(
        _ outcome: Outcome,
        _ bytes: [UInt8],
        _ greetingBytes: Int,
        bit: Int
    ) throws(Violation) {
        guard bit / 8 != Handshakes.namePlace else { return }
        let damaged = bytes.flipping(bit: bit)
        let taken = receive(damaged, in: [damaged.indices])
        try require(
            taken.steps.count < outcome.steps.count && outcome.steps.starts(with: taken.steps)
                && (bit / 8 >= greetingBytes || taken.steps.isEmpty),
            "with bit \(bit) flipped, \(taken.steps.count) steps of \(outcome.steps.count)"
        )
    }

    // MARK: - The node that connects

    private static func answered(_ bytes: [UInt8], in pieces: [Range<Int>]) -> Outcome {
        var outcome = Outcome()
        var session = OutboundSession(local: peer, peer: local.node, tag: greetingTag)
        do throws(PeerRefusal) {
            for piece in pieces {
                let piece = Array(bytes[piece])
                var arrived = piece.span
                while let peer = try session.next(from: &arrived, certified: { _ in true }) {
                    outcome.steps.append(.welcomed(peer, .log, answer: []))
                }
                while let refusal = try session.nextRefusal(from: &arrived) {
                    outcome.steps.append(.message(refusal))
                }
                outcome.left += arrived.remaining
            }
        } catch {
            outcome.refusal = error
        }
        return outcome
    }

    private static func checkAnswer(
        _ bytes: [UInt8],
        _ input: inout Input
    ) throws(Violation) -> Bool {
        let whole = answered(bytes, in: [bytes.indices])
        try require(
            answered(bytes, in: input.pieces(of: bytes.count)) == whole,
            "an answer depends on the pieces that its bytes come in"
        )
        try require(whole.left == 0, "bytes are left lying")
        guard let step = whole.steps.first else { return false }
        let welcome = handshake(bytes)
        try require(
            welcome?.kind == .welcome && welcome?.echo == greetingTag
                && welcome?.destination == peer.node
                && welcome?.sender.cluster == cluster && welcome?.sender.node == local.node
                && step == welcome.map { .welcomed($0.sender, $0.lane, answer: []) },
            "an answer that is no welcome is taken for one"
        )
        for case .message(let envelope) in whole.steps {
            try require(
                envelope.isRefusal && envelope.sender == welcome?.sender
                    && envelope.recipient == peer.process,
                "behind a welcome comes something else than a refusal"
            )
        }
        return true
    }
}
