@testable import PaxosCore
import Testing

/// The bytes of every message and of every stored value, as they are on the wire and on disk. A change
/// here is a change of `Envelope.protocolVersion` or of the store's format.
@Suite struct GoldenTests {
    @Test(arguments: Samples.messages.map(\.name))
    func aMessageHasItsBytes(_ name: String) throws {
        let message = try #require(Samples.messages.first { $0.name == name }?.message)
        let envelope = Samples.envelope(message)
        let bytes = envelope.encoded()
        try Golden.check(
            name,
            bytes,
            title: "\(envelope), protocol version \(Envelope.protocolVersion)"
        )
        #expect(Envelope(decoding: Golden.parse(try #require(Golden.text(name)))) == envelope)
        #expect(envelope.byteCount == bytes.count)
    }

    @Test func everyKindHasAGoldenFile() {
        let kinds = Set(Samples.messages.map(\.message.kind))
        #expect(kinds == Set(MessageKind.allCases))
    }

    @Test func noGoldenFileIsLeftOver() throws {
        let known =
            Samples.messages.map(\.name) + [
                "base", "checkpoint", "membership", "peers", "cursors", "lineage", "latch",
                "greeting",
                "refusal-of-a-cluster", "frames",
            ]
        #expect(try Golden.names == known.sorted())
    }

    @Test func aCheckpointHasItsBytes() throws {
        let ranges = try #require(NumberRanges(sorted: [1...9, 11...11]))
        let sessions = [
            LogState.Session(node: 1, boot: Boot(3), delivered: ranges),
            LogState.Session(node: 4, boot: Boot(1), delivered: NumberRanges()),
        ]
        let state = try #require(LogState(sessions: sessions))
        let checkpoint = Checkpoint(
            slot: 32_768,
            digest: PrefixDigest(0x1122_3344_5566_7788),
            state: state
        )
        try Golden.check("checkpoint", checkpoint.encoded(), title: "checkpoint at slot 32768")
        let bytes = Golden.parse(try #require(Golden.text("checkpoint")))
        #expect(Checkpoint(decoding: bytes) == checkpoint)
    }

    @Test func aBaseHasItsBytes() throws {
        let ranges = try #require(NumberRanges(sorted: [1...9]))
        let session = LogState.Session(node: 1, boot: Boot(3), delivered: ranges)
        let base = Base(
            slot: 12,
            ballot: Samples.ballot,
            membership: Samples.membership([3, 1, 2], .majority),
            membershipSlot: .zero,
            state: try #require(LogState(sessions: [session])),
            prefix: .empty,
            digest: 0x0102_0304_0506_0708
        )
        try Golden.check("base", base.encoded(), title: "base at slot 12")
        let bytes = Golden.parse(try #require(Golden.text("base")))
        #expect(Base(decoding: bytes) == base)
    }

    @Test func aMembershipHasItsBytes() throws {
        let membership = Samples.membership([3, 1, 2], .sized(phase1: 2, phase2: 2))
        try Golden.check("membership", membership.encoded(), title: "membership, sized quorums")
        let bytes = Golden.parse(try #require(Golden.text("membership")))
        #expect(Membership(decoding: bytes) == membership)
    }

    @Test func cursorsHaveTheirBytes() throws {
        let cursors = [
            CursorRecord(name: try CursorName("billing"), slot: 0x0102_0304),
            CursorRecord(name: try CursorName("mail.2"), slot: .zero),
        ]
        try Golden.check("cursors", CursorRecord.encoded(cursors), title: "two cursors")
        let bytes = Golden.parse(try #require(Golden.text("cursors")))
        #expect(CursorRecord.decode(bytes) == cursors)
        #expect(CursorRecord.decode(CursorRecord.encoded(cursors.reversed())) == nil, "in order")
    }

    @Test func peersHaveTheirBytes() throws {
        let peers = [1, 3].map { (node: NodeID) in
            PeerRecord(
                node: node,
                incarnation: Incarnation(high: 0x0102_0304_0506_0708, low: node.rawValue),
                boot: Boot(5),
                nonce: Nonce(0xFF),
                isMutual: node == 3,
                heard: WriteNumber(0x1_0000_0000 + node.rawValue),
                tag: 0x4142_4344_4546_4748
            )
        }
        try Golden.check("peers", PeerRecord.encoded(peers), title: "two peer records")
        let bytes = Golden.parse(try #require(Golden.text("peers")))
        #expect(PeerRecord.decode(bytes) == peers)
    }

    @Test func aLineageHasItsBytes() throws {
        let openings = Samples.openings
        try Golden.check("lineage", Opening.encoded(openings), title: "two openings")
        let bytes = Golden.parse(try #require(Golden.text("lineage")))
        #expect(Opening.decode(bytes) == openings)
    }

    @Test func aLatchHasItsBytes() throws {
        let found = Samples.rolledBack
        try Golden.check("latch", RolledBack.encoded(found), title: "rolled back, a later write")
        let bytes = Golden.parse(try #require(Golden.text("latch")))
        #expect(RolledBack.decode(bytes)?.found == found)
    }
}
