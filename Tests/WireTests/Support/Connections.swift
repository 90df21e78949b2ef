import LogWire
import PaxosCore

/// The two ends of a connection, without a connection: node 2 sends, node 1 receives.
struct Connection {
    static let sender = Samples.sender
    static let receiver = NodeIdentity(
        cluster: sender.cluster,
        node: 1,
        incarnation: Incarnation(high: 7, low: 8),
        boot: Boot(1),
        nonce: Nonce(9)
    )
    static let maxBodyBytes = 1 << 16

    var outbound = OutboundSession(local: sender, peer: 1, tag: 0x2222_2222_2222_2222)
    var inbound: InboundSession

    init(to receiver: NodeIdentity = Self.receiver, peers: [NodeID] = [2, 3], tag: UInt64 = 0x11) {
        inbound = InboundSession(
            local: receiver,
            peers: peers,
            maxBodyBytes: Self.maxBodyBytes,
            tag: tag
        )
    }

    /// Lets the ends meet.
    static func open(tag: UInt64 = 0x11) throws -> Connection {
        var connection = Connection(tag: tag)
        let step = try connection.inbound.nextOfAnyone(connection.outbound.greeting)
        guard case .welcomed(_, _, let answer) = step else { return connection }
        _ = try connection.outbound.nextOfAnyone(answer)
        return connection
    }

    static func message(_ number: Int, bytes: Int = 20) -> Envelope {
        let token = Token(node: 2, boot: Boot(3), sequence: UInt64(number))
        let payload = (0..<bytes).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ number) }
        let run = EntryRun(
            first: Slot(rawValue: UInt64(number)),
            entries: [.command(Command(token: token, payload: payload))]
        )
        return Envelope(
            sender: sender,
            destination: 1,
            message: .immediate(
                .accept(Accept(ballot: Samples.ballot, run: run, committed: .zero))
            )
        )
    }

    /// The bytes of messages, each in a frame of its own.
    mutating func frames(_ messages: [Envelope]) -> [[UInt8]] {
        messages.map { message in
            var bytes: [UInt8] = []
            outbound.encode(message, into: &bytes)
            return bytes
        }
    }
}

extension InboundSession {
    /// The first step that bytes lead to, which are no more than it takes.
    mutating func nextOfAnyone(_ bytes: [UInt8]) throws(PeerRefusal) -> Step? {
        var arrived = bytes.span
        return try next(from: &arrived) { _ in true }
    }

    /// Everything that comes of bytes, and what ended it.
    mutating func messages(in bytes: [UInt8]) -> ([Envelope], PeerRefusal?) {
        var arrived = bytes.span
        var messages: [Envelope] = []
        do throws(PeerRefusal) {
            while let step = try next(from: &arrived, certified: { _ in true }) {
                if case .message(let envelope) = step { messages.append(envelope) }
            }
            return (messages, nil)
        } catch {
            return (messages, error)
        }
    }
}

extension OutboundSession {
    mutating func nextOfAnyone(_ bytes: [UInt8]) throws(PeerRefusal) -> NodeIdentity? {
        var arrived = bytes.span
        return try next(from: &arrived) { _ in true }
    }

    mutating func nextRefusal(_ bytes: [UInt8]) throws(PeerRefusal) -> Envelope? {
        var arrived = bytes.span
        return try nextRefusal(from: &arrived)
    }
}
