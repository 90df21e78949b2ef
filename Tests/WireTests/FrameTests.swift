import LogWire
@testable import PaxosCore
import PaxosSimulator
import Testing

/// Frames: whole and in their order, or refused.
@Suite struct FrameTests {
    @Test func framesHaveTheirBytes() throws {
        var connection = try Connection.open()
        let messages = [
            Samples.envelope(Samples.hello(asks: true)),
            Connection.message(4, bytes: 3),
        ]
        let bytes = connection.frames(messages).flatMap { $0 }
        let title = "two frames, protocol version \(Envelope.protocolVersion)"
        try Golden.check("frames", bytes, title: title)
        let golden = Golden.parse(try #require(Golden.text("frames")))
        let (read, refusal) = connection.inbound.messages(in: golden)
        #expect(read == messages)
        #expect(refusal == nil)
    }

    @Test(arguments: [1, 2, 7, 31, 64, 1_000_000])
    func theyAreReadInPiecesOfAnySize(_ size: Int) throws {
        var connection = try Connection.open()
        let messages = (1...50).map { Connection.message($0, bytes: $0 * 20) }
        let bytes = connection.frames(messages).flatMap { $0 }
        var read: [Envelope] = []
        for start in stride(from: 0, to: bytes.count, by: size) {
            let piece = Array(bytes[start..<min(start + size, bytes.count)])
            let (some, refusal) = connection.inbound.messages(in: piece)
            #expect(refusal == nil)
            read += some
        }
        #expect(read == messages)
    }

    /// A thousand frames, each damaged in one to four places: what is handed over was sent.
    @Test func noDamagedFrameIsTakenForAMessage() throws {
        var generator = SeededGenerator(seed: 20)
        for round in 0..<1_000 {
            var connection = try Connection.open()
            let messages = (1...3).map { Connection.message($0 + round, bytes: 40) }
            var frames = connection.frames(messages)
            var damaged = frames[1]
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                let place = Int.random(in: damaged.indices, using: &generator)
                damaged[place] ^= UInt8.random(in: 1...255, using: &generator)
            }
            guard damaged != frames[1] else { continue }
            frames[1] = damaged
            let (read, refusal) = connection.inbound.messages(in: frames.flatMap { $0 })
            #expect(read == [messages[0]], "seed 20, round \(round)")
            #expect(refusal == .corrupted)
        }
    }

    /// What stands before a body that other receivers get too, and that body, are the frame of the message.
    @Test func aFrameInTwoPartsIsTheWholeOne() {
        var whole = FrameWriter(tag: 7)
        var parts = FrameWriter(tag: 7)
        for (_, message) in Samples.messages {
            let envelope = Samples.envelope(message)
            var bytes: [UInt8] = [1, 2, 3]
            whole.append(envelope, to: &bytes)
            var body: [UInt8] = []
            message.append(to: &body)
            var head: [UInt8] = [1, 2, 3]
            parts.append(envelope.head, message.kind, before: body, to: &head)
            #expect(head + body == bytes)
        }
    }

    /// Where the bodies lie in what arrived; `nil` for one that lies elsewhere, in a copy.
    private static func places(
        of reader: inout FrameReader,
        in bytes: [UInt8]
    ) throws -> [Range<Int>?] {
        let whole = bytes.span
        var arrived = bytes.span
        var places: [Range<Int>?] = []
        while let place = try reader.next(from: &arrived, { (body) in whole.indices(of: body) }) {
            places.append(place)
        }
        return places
    }

    /// Only what comes in pieces is joined, and nothing of what comes behind it.
    @Test func aFrameIsReadWhereItLies() throws {
        let frames = try Connection.open().with { connection in
            connection.frames((1...4).map { Connection.message($0, bytes: 500) })
        }
        let bytes = frames.flatMap { $0 }
        var ends: [Int] = []
        for frame in frames { ends.append((ends.last ?? 0) + frame.count) }
        var reader = FrameReader(tag: nil, maxBodyBytes: Connection.maxBodyBytes)
        let inOne = try Self.places(of: &reader, in: bytes)
        #expect(inOne == zip(frames, ends).map { $1 - $0.count + 32..<$1 })
        #expect(reader.waiting == 0)
        // The second frame is cut, in its head or in its body.
        for cut in [ends[0] + 10, ends[0] + 32, ends[0] + 400] {
            var reader = FrameReader(tag: nil, maxBodyBytes: Connection.maxBodyBytes)
            let before = try Self.places(of: &reader, in: Array(bytes[..<cut]))
            #expect(before == [32..<ends[0]])
            #expect(reader.waiting == cut - ends[0])
            let after = try Self.places(of: &reader, in: Array(bytes[cut...]))
            #expect(
                after.map { $0.map { $0.lowerBound + cut..<$0.upperBound + cut } }
                    == [nil, ends[1] + 32..<ends[2], ends[2] + 32..<ends[3]]
            )
            #expect(reader.waiting == 0)
        }
    }

    @Test func aTornFrameIsWaitedFor() throws {
        let frame = try Connection.open().with { $0.frames([Connection.message(1)])[0] }
        for count in 0..<frame.count {
            var connection = try Connection.open()
            let (read, refusal) = connection.inbound.messages(in: Array(frame[..<count]))
            #expect(read.isEmpty)
            #expect(refusal == nil)
        }
    }

    @Test(arguments: [[0, 0], [1], [0, 2], [1, 0], [0, 1, 0]])
    func repeatedMissingAndReorderedFramesAreRefused(_ order: [Int]) throws {
        var connection = try Connection.open()
        let messages = (1...3).map { Connection.message($0) }
        let frames = connection.frames(messages)
        let (read, refusal) = connection.inbound.messages(in: order.flatMap { frames[$0] })
        #expect(refusal == .replayed)
        let good = zip(order, 0...).prefix { $0 == $1 }.count
        #expect(read == Array(messages[..<good]))
    }

    @Test func aFrameOfAnotherConnectionIsRefused() throws {
        var earlier = try Connection.open(tag: 0x11)
        var later = try Connection.open(tag: 0x12)
        let frame = earlier.frames([Connection.message(1)])[0]
        let (read, refusal) = later.inbound.messages(in: frame)
        #expect(read.isEmpty)
        #expect(refusal == .replayed)
    }

    /// Before the body is there: its length alone is enough.
    @Test func anOversizedFrameIsRefusedByItsHead() throws {
        var connection = try Connection.open()
        let message = Connection.message(1, bytes: Connection.maxBodyBytes)
        let frame = connection.frames([message])[0]
        let (read, refusal) = connection.inbound.messages(in: Array(frame[..<32]))
        #expect(read.isEmpty)
        #expect(refusal == .oversized)
    }

    @Test func aMessageOfSomebodyElseIsRefused() throws {
        let identity = NodeIdentity(
            cluster: Samples.sender.cluster,
            node: 2,
            incarnation: Samples.sender.incarnation,
            boot: Samples.sender.boot,
            nonce: Nonce(1)
        )
        let hello = Samples.hello(asks: true)
        let foreign = [
            Envelope(sender: Samples.sender, destination: 3, message: hello),
            Envelope(sender: identity, destination: 1, message: hello),
        ]
        for message in foreign {
            var connection = try Connection.open()
            let (read, refusal) = connection.inbound.messages(in: connection.frames([message])[0])
            #expect(read.isEmpty)
            #expect(refusal == .foreignMessage)
        }
    }

    /// Whatever arrives, before the handshake or after it.
    @Test func noBytesTrap() throws {
        var generator = SeededGenerator(seed: 21)
        for _ in 0..<2_000 {
            let count = Int.random(in: 0...300, using: &generator)
            let noise = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
            var stranger = Connection()
            _ = stranger.inbound.messages(in: Handshake.prefix + noise)
            var peer = try Connection.open()
            let (read, _) = peer.inbound.messages(in: noise)
            #expect(read.isEmpty)
            _ = try? peer.outbound.nextOfAnyone(noise)
        }
    }
}

extension Handshake {
    /// Enough of a greeting to be taken for one.
    fileprivate static var prefix: [UInt8] {
        Array(Connection().outbound.greeting.prefix(16))
    }
}

extension Connection {
    fileprivate func with<Value>(_ body: (inout Connection) -> Value) -> Value {
        var copy = self
        return body(&copy)
    }
}
