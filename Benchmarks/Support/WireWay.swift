internal import LogWire
internal import PaxosCore
internal import ReplicatedLog

/// The way of an Accept over TCP without the sockets: from the leader's queues to two peers through frames to
/// the messages that the peers' cores are handed. What a socket would be given and would hand over is a copy of
/// the bytes here and there alike.
public struct WireWay {
    private static let peers: [NodeID] = [2, 3]

    private struct Link {
        var queue = ParcelQueue()
        var writer: OutboundSession
        var scratch: [UInt8] = []
        var reader: InboundSession

        mutating func carry(_ batch: [Parcel]) throws -> Int {
            let buffer = frames(of: batch)
            var arrived = buffer.span
            var taken = 0
            while let step = try reader.next(from: &arrived, certified: { _ in true }) {
                if case .message(let envelope) = step,
                    case .immediate(.accept(let accept)) = envelope.message
                {
                    taken += accept.run.entries.count
                }
            }
            return taken
        }

        /// As the dialers of `ReplicatedLogTCP` make them, an array here for a buffer of NIO's.
        private mutating func frames(of batch: [Parcel]) -> [UInt8] {
            let count = batch.reduce(0) { $0 + FrameWriter.headBytes + $1.byteCount }
            var buffer: [UInt8] = []
            buffer.reserveCapacity(count)
            for parcel in batch {
                scratch.removeAll(keepingCapacity: true)
                switch parcel.body {
                case .own(let message):
                    writer.encode(Envelope(head: parcel.head, message: message), into: &scratch)
                    buffer.append(contentsOf: scratch)
                case .shared(let body):
                    let rest = body.bytes
                    writer.encode(parcel.head, body.kind, before: rest, into: &scratch)
                    buffer.append(contentsOf: scratch)
                    buffer.append(contentsOf: rest)
                }
            }
            return buffer
        }
    }

    private let bodies = SharedBodies()
    private var links: [Link] = []
    private let envelopes: [Envelope]
    private let entries: Int

    /// Accepts of so many entries, each with a payload of so many bytes.
    public init(entries: Int, payloadBytes: Int) throws {
        self.entries = entries
        let cluster = try ClusterID("bench")
        func identity(_ node: NodeID) -> NodeIdentity {
            NodeIdentity(
                cluster: cluster,
                node: node,
                incarnation: Incarnation(high: 1, low: node.rawValue),
                boot: Boot(1),
                nonce: Nonce(node.rawValue)
            )
        }
        let leader = identity(1)
        let commands = (0..<entries).map { index in
            Entry.command(
                Command(
                    token: Token(node: 1, boot: Boot(1), sequence: UInt64(index + 1)),
                    payload: Array(repeating: UInt8(truncatingIfNeeded: index), count: payloadBytes)
                )
            )
        }
        let accept = Accept(
            ballot: Ballot(round: 1, node: 1),
            run: EntryRun(first: 1, entries: commands),
            committed: .zero
        )
        envelopes = Self.peers.map { peer in
            Envelope(
                sender: leader,
                destination: peer,
                recipient: identity(peer).process,
                message: .immediate(.accept(accept))
            )
        }
        for peer in Self.peers {
            var writer = OutboundSession(local: leader, peer: peer, tag: 1)
            var reader = InboundSession(
                local: identity(peer),
                peers: [1, 2, 3],
                maxBodyBytes: Limits().maxEnvelopeBytes,
                tag: 2
            )
            let greeting = writer.greeting
            var arrived = greeting.span
            let step = try reader.next(from: &arrived, certified: { _ in true })
            if case .welcomed(_, _, let answer)? = step {
                arrived = answer.span
                _ = try writer.next(from: &arrived, certified: { _ in true })
            }
            links.append(Link(writer: writer, reader: reader))
        }
    }

    /// Sends one Accept to both peers; how many entries they were handed.
    public mutating func send() throws -> Int {
        var taken = 0
        let parcels = Parcel.pack(envelopes, bodies)
        for (place, parcel) in zip(links.indices, parcels) { links[place].queue.append(parcel) }
        for place in links.indices {
            let batch = links[place].queue.popBatch(from: .log, maxBytes: 256 << 10)
            taken += try links[place].carry(batch)
        }
        return taken
    }
}
