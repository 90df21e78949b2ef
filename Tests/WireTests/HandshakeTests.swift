import LogWire
import PaxosCore
import Testing

/// What both ends of a connection say first, and who is not welcomed.
@Suite struct HandshakeTests {
    private static let greeting = Handshake(
        kind: .greeting,
        destination: 1,
        tag: 0x1122_3344_5566_7788,
        echo: 0,
        sender: Samples.sender
    )

    private static func read(_ bytes: [UInt8]) throws(PeerRefusal) -> Handshake? {
        var received = ReceivedBytes()
        var arrived = bytes.span
        return try received.next(from: &arrived, Handshake.look)
    }

    @Test(arguments: [
        ("greeting", greeting),
        (
            "refusal-of-a-cluster",
            Handshake(
                kind: .refusal(.otherCluster),
                destination: 2,
                tag: 5,
                echo: greeting.tag,
                sender: Connection.receiver
            )
        ),
    ])
    func aHandshakeHasItsBytes(_ name: String, _ handshake: Handshake) throws {
        let kind = "\(handshake.kind)".replacing("LogWire.PeerRefusal.", with: "")
        let title = "\(kind), protocol version \(Envelope.protocolVersion)"
        try Golden.check(name, handshake.encoded(), title: title)
        #expect(try Self.read(Golden.parse(try #require(Golden.text(name)))) == handshake)
    }

    @Test func itIsReadByteByByte() throws {
        let bytes = Self.greeting.encoded()
        var received = ReceivedBytes()
        for byte in bytes.dropLast() {
            let piece = [byte]
            var arrived = piece.span
            #expect(try received.next(from: &arrived, Handshake.look) == nil)
        }
        let last = [bytes[bytes.count - 1], 7]
        var arrived = last.span
        #expect(try received.next(from: &arrived, Handshake.look) == Self.greeting)
        #expect(received.count == 0)
        #expect(arrived.remaining == 1)
    }

    @Test func everyDamagedByteIsFound() throws {
        let bytes = Self.greeting.encoded()
        for place in bytes.indices {
            for bit in 0..<8 {
                var damaged = bytes
                damaged[place] ^= 1 << UInt8(bit)
                // A longer name waits for bytes that do not come; anything else is refused.
                let outcome = Result { () throws(PeerRefusal) in try Self.read(damaged) }
                if case .success(let handshake) = outcome { #expect(handshake == nil) }
            }
        }
    }

    @Test(arguments: [
        Array("GET / HTTP/1.1\r\n".utf8), [0x16, 0x03, 0x01], [0], [0x89, 0x52, 0x4C, 0x4F, 0x48],
    ])
    func anotherProtocolIsRefusedAtItsFirstByte(_ bytes: [UInt8]) {
        #expect(throws: PeerRefusal.notTheProtocol) { try Self.read(bytes) }
    }

    // MARK: - Meetings

    @Test func peersMeet() throws {
        var connection = Connection()
        guard
            case .welcomed(let peer, .log, let answer)? = try connection.inbound.nextOfAnyone(
                connection.outbound.greeting
            )
        else {
            Issue.record("not welcomed")
            return
        }
        #expect(peer == Connection.sender)
        #expect(try connection.outbound.nextOfAnyone(answer) == Connection.receiver)
        #expect(connection.outbound.isOpen)
    }

    private static func with(
        cluster: String = "orders",
        node: NodeID = 1
    ) -> NodeIdentity {
        NodeIdentity(
            cluster: Samples.cluster(cluster),
            node: node,
            incarnation: Incarnation(high: 7, low: 8),
            boot: Boot(1),
            nonce: Nonce(9)
        )
    }

    @Test(arguments: [
        (with(cluster: "other"), [2, 3] as [NodeID], PeerRefusal.otherCluster),
        (with(node: 3), [2, 3], .otherNode), (with(), [3], .notAPeer),
    ])
    func whoDoesNotBelongIsRefusedAndTold(
        _ receiver: NodeIdentity,
        _ peers: [NodeID],
        _ refusal: PeerRefusal
    ) throws {
        var connection = Connection(to: receiver, peers: peers)
        #expect(throws: refusal) {
            try connection.inbound.nextOfAnyone(connection.outbound.greeting)
        }
        let answer = try #require(connection.inbound.answer(to: refusal))
        let told = try #require(try Self.read(answer))
        #expect(told.kind == .refusal(refusal))
        // Who is refused learns nothing by which it could pose as this node.
        #expect(told.sender.incarnation == Incarnation(high: 0, low: 0))
        #expect(told.sender.process == ProcessID(boot: Boot(0), nonce: Nonce(0)))
        #expect(throws: PeerRefusal.refusedByPeer) { try connection.outbound.nextOfAnyone(answer) }
        #expect(!connection.outbound.isOpen)
    }

    @Test func noCommonVersionIsRefused() throws {
        let next = Envelope.protocolVersion + 1
        for versions in [next...next + 5, 0...0] {
            let greeting = Handshake(
                kind: .greeting,
                versions: versions,
                destination: 1,
                tag: 1,
                echo: 0,
                sender: Samples.sender
            )
            var connection = Connection()
            #expect(throws: PeerRefusal.version) {
                try connection.inbound.nextOfAnyone(greeting.encoded())
            }
        }
    }

    /// A connection carries the lane that its greeting names.
    @Test(arguments: Lane.allCases)
    func aGreetingNamesItsLane(_ lane: Lane) throws {
        var connection = Connection()
        connection.outbound = OutboundSession(
            local: Samples.sender,
            peer: 1,
            lane: lane,
            tag: 0x2222_2222_2222_2222
        )
        guard
            case .welcomed(_, lane, let answer)? = try connection.inbound.nextOfAnyone(
                connection.outbound.greeting
            )
        else {
            Issue.record("not welcomed in its lane")
            return
        }
        #expect(try connection.outbound.nextOfAnyone(answer) != nil)
        connection.outbound = OutboundSession(
            local: Samples.sender,
            peer: 1,
            lane: lane == .log ? .liveness : .log,
            tag: 0x2222_2222_2222_2222
        )
        #expect(throws: PeerRefusal.malformedHandshake) {
            try connection.outbound.nextOfAnyone(answer)
        }
    }

    /// Versions to come are no reason to refuse who speaks this one too.
    @Test func aRangeThatHoldsOursIsTaken() throws {
        let greeting = Handshake(
            kind: .greeting,
            versions: 1...8,
            destination: 1,
            tag: 1,
            echo: 0,
            sender: Samples.sender
        )
        var connection = Connection()
        #expect(try connection.inbound.nextOfAnyone(greeting.encoded()) != nil)
    }

    @Test func aWelcomeOfAnotherMeetingOrNodeIsRefused() throws {
        let wrong: [(Handshake, PeerRefusal)] = [
            (Self.welcome(echo: 3), .replayed),
            (Self.welcome(from: Self.with(node: 3)), .otherNode),
            (Self.welcome(from: Self.with(cluster: "other")), .otherCluster),
            (Self.welcome(to: 3), .malformedHandshake),
        ]
        for (welcome, refusal) in wrong {
            var connection = Connection()
            #expect(throws: refusal) { try connection.outbound.nextOfAnyone(welcome.encoded()) }
        }
    }

    private static func welcome(
        from sender: NodeIdentity = Connection.receiver,
        to destination: NodeID = 2,
        echo: UInt64 = 0x2222_2222_2222_2222
    ) -> Handshake {
        Handshake(kind: .welcome, destination: destination, tag: 1, echo: echo, sender: sender)
    }

    @Test func aCertificateMustNameTheOtherEnd() throws {
        var connection = Connection()
        let greeting = connection.outbound.greeting
        var arrived = greeting.span
        #expect(throws: PeerRefusal.certificate) {
            try connection.inbound.next(from: &arrived) { $0.uri == "rlog://orders/node/3" }
        }
        connection = Connection()
        arrived = greeting.span
        let step = try connection.inbound.next(from: &arrived) { $0.uri == "rlog://orders/node/2" }
        #expect(step != nil)
        let welcome = Self.welcome().encoded()
        arrived = welcome.span
        #expect(throws: PeerRefusal.certificate) {
            try connection.outbound.next(from: &arrived) { $0.uri == "rlog://orders/node/2" }
        }
    }
}
