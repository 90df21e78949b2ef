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
            peer.outbound.receive(noise)
            _ = try? peer.outbound.nextOfAnyone()
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
