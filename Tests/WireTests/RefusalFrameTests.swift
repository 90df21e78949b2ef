import LogWire
@testable import PaxosCore
import Testing

/// What comes back on a connection: the word that the process which made it does not count, and nothing else.
@Suite struct RefusalFrameTests {
    private static func refusal(
        sender: NodeIdentity = Connection.receiver,
        node: NodeID = 2,
        process: ProcessID = Connection.sender.process
    ) -> Envelope {
        Envelope(
            sender: sender,
            destination: node,
            recipient: process,
            message: .immediate(.refused(Refused(reason: .twin)))
        )
    }

    private static let heartbeat = Envelope(
        sender: Connection.receiver,
        destination: 2,
        recipient: Connection.sender.process,
        message: .immediate(
            .heartbeat(Heartbeat(ballot: Ballot(round: 1, node: 1), round: 1, committed: 0))
        )
    )

    @Test func aRefusalComesBack() throws {
        var connection = try Connection.open()
        for _ in 0..<2 {
            let sent = connection.inbound.frame(of: Self.refusal())
            let frame = try #require(sent)
            for byte in frame.dropLast() {
                #expect(try connection.outbound.nextRefusal([byte]) == nil)
            }
            let last = [try #require(frame.last)]
            #expect(try connection.outbound.nextRefusal(last) == Self.refusal())
            #expect(try connection.outbound.nextRefusal([]) == nil)
        }
    }

    /// Only of the process that made the connection, and nothing before it was welcomed.
    @Test func nothingElseIsSentBack() throws {
        var connection = try Connection.open()
        let other = ProcessID(boot: Boot(77), nonce: Nonce(77))
        #expect(connection.inbound.frame(of: Self.refusal(process: other)) == nil)
        #expect(connection.inbound.frame(of: Self.refusal(node: 3)) == nil)
        #expect(connection.inbound.frame(of: Self.heartbeat) == nil)
        var early = Connection()
        #expect(early.inbound.frame(of: Self.refusal()) == nil)
    }

    /// Whatever the other end sends, only its node's refusal of this process is handed over.
    @Test func nothingElseIsTaken() throws {
        let foreign: [(Envelope, PeerRefusal)] = [
            (Self.heartbeat, .foreignMessage),
            (Self.refusal(sender: Connection.sender), .foreignMessage),
            (Self.refusal(process: ProcessID(boot: Boot(7), nonce: Nonce(7))), .foreignMessage),
            (Self.refusal(node: 3), .foreignMessage),
        ]
        for (envelope, refusal) in foreign {
            var connection = try Connection.open()
            var writer = FrameWriter(tag: 0x2222_2222_2222_2222)
            var bytes: [UInt8] = []
            writer.append(envelope, to: &bytes)
            #expect(throws: refusal) { try connection.outbound.nextRefusal(bytes) }
        }
        var connection = try Connection.open()
        var writer = FrameWriter(tag: 1)
        var bytes: [UInt8] = []
        writer.append(Self.refusal(), to: &bytes)
        #expect(throws: PeerRefusal.replayed) { try connection.outbound.nextRefusal(bytes) }
    }
}
