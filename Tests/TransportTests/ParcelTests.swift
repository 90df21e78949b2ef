import PaxosCore
import Platform
import ReplicatedLog
import Testing

/// A message to several peers: a head for each, and one body that is encoded once.
@Suite struct ParcelTests {
    private static let peers: [NodeID] = [2, 3, 4, 5]

    /// As a leader sends it: one Accept to every member.
    private static func broadcast(_ number: Int, to peers: [NodeID] = peers) -> [Envelope] {
        let token = Token(node: 1, boot: Boot(1), sequence: UInt64(number + 1))
        let payload = [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: 1_000)
        let run = EntryRun(
            first: Slot(rawValue: UInt64(3 * number + 1)),
            entries: [.command(Command(token: token, payload: payload)), .noop, .void(token)]
        )
        let accept = Accept(ballot: Ballot(round: 1, node: 1), run: run, committed: .zero)
        return peers.map { peer in
            Envelope(
                sender: Messages.identity(1),
                destination: peer,
                recipient: ProcessID(boot: Boot(peer.rawValue), nonce: Nonce(9)),
                stamp: peer.rawValue,
                message: .immediate(.accept(accept))
            )
        }
    }

    /// Head and body, as a dialer puts them behind each other.
    private static func bytes(of parcel: Parcel) -> [UInt8] {
        switch parcel.body {
        case .own(let message):
            return Envelope(head: parcel.head, message: message).encoded()
        case .shared(let body):
            var bytes: [UInt8] = []
            parcel.head.append(body.kind, to: &bytes)
            return bytes + body.bytes
        }
    }

    private static func shared(_ parcel: Parcel) -> SharedBody? {
        if case .shared(let body) = parcel.body { body } else { nil }
    }

    @Test func aBodyIsEncodedOnceForAllPeers() throws {
        let bodies = SharedBodies()
        let envelopes = (0..<10).flatMap { Self.broadcast($0) }
        let parcels = Parcel.pack(envelopes, bodies)
        #expect(bodies.encoded == 0)
        #expect(parcels.map(Self.bytes) == envelopes.map { $0.encoded() })
        #expect(parcels.map(\.byteCount) == envelopes.map(\.byteCount))
        #expect(parcels.map(\.lane) == envelopes.map(\.lane))
        #expect(bodies.encoded == 10)
        // Whoever asks again is given the bytes that lie there.
        let first = try #require(Self.shared(parcels[0])).bytes
        let second = try #require(Self.shared(parcels[3])).bytes
        let isOne = first.span.isIdentical(to: second.span)
        #expect(isOne)
        #expect(bodies.encoded == 10)
    }

    /// However like each other they are: nothing is compared that would have to be read.
    @Test func whatOnlyLooksAlikeIsNotShared() {
        let one = Self.broadcast(0)[0]
        let alike = Self.broadcast(0)[1]
        let other = Messages.liveness(0)
        let refusal = Envelope(
            sender: Messages.identity(1),
            destination: 2,
            message: .immediate(.refused(Refused(reason: .twin)))
        )
        let bodies = SharedBodies()
        let envelopes = [one, alike, other, other, refusal, Messages.log(1), Messages.log(2)]
        let parcels = Parcel.pack(envelopes, bodies)
        #expect(parcels.allSatisfy { Self.shared($0) == nil })
        // A refusal goes back the way that its process came.
        let expected = envelopes.filter { !$0.isRefusal }
        #expect(parcels.map(Self.bytes) == expected.map { $0.encoded() })
        #expect(bodies.encoded == 0)
    }

    /// The same entries with another commit notice are another body.
    @Test func aRepetitionWithOtherNewsIsNotShared() throws {
        let sent = Self.broadcast(1)[0]
        guard case .immediate(.accept(let accept)) = sent.message else { return }
        let later = Accept(ballot: accept.ballot, run: accept.run, committed: 2)
        let again = Envelope(head: sent.head, message: .immediate(.accept(later)))
        let parcels = Parcel.pack([sent, again], SharedBodies())
        #expect(parcels.allSatisfy { Self.shared($0) == nil })
        #expect(parcels.map(Self.bytes) == [sent.encoded(), again.encoded()])
    }

    @Test func dialersThatComeAtOnceEncodeOnce() async throws {
        let bodies = SharedBodies()
        let parcels = Parcel.pack((0..<200).flatMap { Self.broadcast($0) }, bodies)
        let taken = Locked<[[UInt8]]>([])
        let threads = try Self.peers.map { peer in
            try PinnedThread(name: "dialer-\(peer)") {
                var bytes: [UInt8] = []
                for parcel in parcels where parcel.head.destination == peer {
                    if case .shared(let body) = parcel.body { bytes += body.bytes }
                }
                taken.withLock { $0.append(bytes) }
            }
        }
        for thread in threads { await thread.ended() }
        #expect(bodies.encoded == 200)
        #expect(taken.withLock { Set($0).count } == 1)
    }

    /// A full queue drops the new message of the log, and counts the bytes that go over the wire.
    @Test func aQueueOfParcelsIsBoundedAsOneOfMessages() {
        let envelopes = (0..<6).map { Messages.log($0) }
        var bounds = OutboundQueue.Bounds()
        bounds.logBytes = 4 * (envelopes[0].byteCount + MemoryLayout<Envelope>.stride)
        var queue = ParcelQueue(bounds: bounds)
        let taken = Parcel.pack(envelopes, SharedBodies()).map { queue.append($0) }
        #expect(taken == [true, true, true, true, false, false])
        #expect(queue.counters.droppedLog == 2)
        let batch = queue.popBatch(from: .log, maxBytes: .max)
        #expect(batch.map(Self.bytes) == envelopes[..<4].map { $0.encoded() })
        #expect(queue.removeAll(from: .log) == 0)
    }
}
