import LogWire
import PaxosCore
import Platform
import ReplicatedLog
import ReplicatedLogTCP
import TestSupport
import Testing

/// What does not belong is refused and counted, reaches no node and disturbs nobody.
@Suite(.shared) struct RefusalTests {
    private static func isCounted(
        _ refusal: PeerRefusal,
        by transport: TCPTransport
    ) async -> Bool {
        await eventually { transport.counters.refused[refusal, default: 0] > 0 }
    }

    @Test func anotherProtocolIsRefused() async throws {
        let cluster = Cluster()
        let node = try await Member(1, of: cluster)
        let stranger = try RawSocket(port: cluster.port(of: 1))
        stranger.send(Array("GET / HTTP/1.1\r\n\r\n".utf8))
        #expect(stranger.receiveAll().isEmpty)
        #expect(await Self.isCounted(.notTheProtocol, by: node.transport))
        await cluster.stop()
    }

    @Test func aForeignClusterIsRefusedAndTold() async throws {
        let cluster = Cluster()
        let node = try await Member(1, of: cluster)
        let foreigner = try await Member(2, of: cluster, in: "other")
        #expect(await Self.isCounted(.otherCluster, by: node.transport))
        #expect(await Self.isCounted(.refusedByPeer, by: foreigner.transport))
        foreigner.transport.send([foreigner.message(0, to: 1)])
        let friend = try await Member(3, of: cluster)
        #expect(await friend.reaches(node))
        #expect(node.received.allSatisfy { $0.source == 3 })
        await cluster.stop()
    }

    /// A connection that was recorded is played again, whole and in part.
    @Test func aReplayIsRefused() async throws {
        let cluster = Cluster()
        let node = try await Member(1, of: cluster)
        let identity = Member.identity(2)
        var session = OutboundSession(local: identity, peer: 1, tag: 77)
        let first = try RawSocket(port: cluster.port(of: 1))
        first.send(session.greeting)
        let answer = first.receive()
        var arrived = answer.span
        let welcomer = try session.next(from: &arrived) { _ in true }
        #expect(welcomer?.node == 1)
        var frame: [UInt8] = []
        let message = Envelope(
            sender: identity,
            destination: 1,
            message: .statement(.prepare(Prepare(ballot: Ballot(round: 1, node: 2))))
        )
        session.encode(message, into: &frame)
        first.send(frame)
        #expect(await eventually { node.received == [message] })

        first.send(frame)
        #expect(await Self.isCounted(.replayed, by: node.transport))
        let second = try RawSocket(port: cluster.port(of: 1))
        second.send(session.greeting + frame)
        #expect(
            await eventually { node.transport.counters.refused[.replayed, default: 0] == 2 }
        )
        #expect(node.received == [message])
        await cluster.stop()
    }

    @Test func damagedAndOversizedFramesEndTheConnection() async throws {
        let cluster = Cluster()
        let node = try await Member(1, of: cluster)
        let identity = Member.identity(2)
        for (refusal, change) in [
            (PeerRefusal.corrupted, { (frame: inout [UInt8]) in frame[frame.count - 1] ^= 1 }),
            (.corrupted, { frame in frame[0] ^= 0x10 }),
        ] {
            var session = OutboundSession(local: identity, peer: 1, tag: 77)
            let socket = try RawSocket(port: cluster.port(of: 1))
            socket.send(session.greeting)
            let answer = socket.receive()
            var arrived = answer.span
            _ = try session.next(from: &arrived) { _ in true }
            var frame: [UInt8] = []
            session.encode(
                Envelope(
                    sender: identity,
                    destination: 1,
                    message: .statement(.prepare(Prepare(ballot: Ballot(round: 1, node: 2))))
                ),
                into: &frame
            )
            change(&frame)
            let before = node.transport.counters.refused[refusal, default: 0]
            socket.send(frame)
            #expect(socket.receiveAll().isEmpty)
            #expect(
                await eventually { node.transport.counters.refused[refusal, default: 0] > before }
            )
        }
        #expect(node.received.isEmpty)
        await cluster.stop()
    }

    @Test func whoSaysNothingIsClosed() async throws {
        var options = TCPOptions()
        options.handshakeLimit = .milliseconds(100)
        let cluster = Cluster(options: options)
        let node = try await Member(1, of: cluster)
        let silent = try RawSocket(port: cluster.port(of: 1))
        #expect(silent.receiveAll().isEmpty)
        #expect(await Self.isCounted(.handshakeTimedOut, by: node.transport))
        await cluster.stop()
    }

    /// Five hundred connections that say nothing: those that are open stay, and new peers come in.
    @Test func halfOpenConnectionsDisturbNobody() async throws {
        var options = TCPOptions()
        options.handshakeLimit = .seconds(60)
        let cluster = Cluster(options: options)
        let first = try await Member(1, of: cluster)
        let second = try await Member(2, of: cluster)
        #expect(await second.reaches(first))
        // One for each lane.
        #expect(await eventually { first.transport.counters.accepted == 2 })
        let accepted = first.transport.counters.accepted
        let idle = try (0..<500).map { _ in try RawSocket(port: cluster.port(of: 1)) }
        #expect(await Self.isCounted(.tooManyHalfOpen, by: first.transport))
        #expect(await second.reaches(first, 1))
        #expect(first.transport.counters.accepted == accepted)
        let third = try await Member(3, of: cluster)
        #expect(await third.reaches(first))
        #expect(await first.reaches(third))
        #expect(idle.count == 500)
        await cluster.stop()
    }

    @Test func anAddressInUseIsSaid() async throws {
        let cluster = Cluster()
        _ = try await Member(1, of: cluster)
        let address = TCPAddress(host: "127.0.0.1", port: cluster.port(of: 1))
        let other = TCPTransport(listen: address, peers: [:])
        await #expect(throws: TCPTransportError.addressInUse(address)) {
            _ = try await Member(other, Member.identity(2))
        }
        await #expect(throws: TCPTransportError.alreadyUsed) {
            _ = try await Member(other, Member.identity(2))
        }
        await cluster.stop()
    }

    // MARK: - TLS

    @Test(.tags(.slow)) func aCertificateOfTheNodeIsTaken() async throws {
        let authority = try Authority()
        let cluster = Cluster(identities: [
            1: try authority.identity(of: 1, in: "test"),
            2: try authority.identity(of: 2, in: "test"),
        ])
        let first = try await Member(1, of: cluster)
        let second = try await Member(2, of: cluster)
        #expect(await first.reaches(second))
        #expect(await second.reaches(first))
        await cluster.stop()
    }

    @Test(.tags(.slow)) func anotherAuthorityIsRefused() async throws {
        let authority = try Authority()
        let other = try Authority()
        let cluster = Cluster(identities: [
            1: try authority.identity(of: 1, in: "test"),
            // Trusts the authority, and is of another one.
            2: try other.identity(uri: "rlog://test/node/2", trusting: authority),
        ])
        let first = try await Member(1, of: cluster)
        let second = try await Member(2, of: cluster)
        #expect(await Self.isCounted(.tls, by: first.transport))
        second.transport.send([second.message(0, to: 1)])
        #expect(first.transport.counters.accepted == 0)
        #expect(first.received.isEmpty)
        await cluster.stop()
    }

    @Test(.tags(.slow)) func anEndWithoutTLSIsRefused() async throws {
        let authority = try Authority()
        let cluster = Cluster(identities: [1: try authority.identity(of: 1, in: "test")])
        let first = try await Member(1, of: cluster)
        _ = try await Member(2, of: cluster)
        #expect(await Self.isCounted(.tls, by: first.transport))
        #expect(first.transport.counters.accepted == 0)
        await cluster.stop()
    }

    @Test(.tags(.slow)) func aNodeIsNotStartedWithTheCertificateOfAnother() async throws {
        let authority = try Authority()
        let cluster = Cluster(identities: [2: try authority.identity(of: 3, in: "test")])
        await #expect(
            throws: TCPTransportError.certificateOfAnother(expected: "rlog://test/node/2")
        ) {
            _ = try await Member(2, of: cluster)
        }
        await cluster.stop()
    }

    /// An address that leads to another node of the cluster: it is told nothing.
    @Test(.tags(.slow)) func nothingIsSaidToTheWrongNode() async throws {
        let authority = try Authority()
        let port = try RawListener.unusedPort()
        let server = try TLSServer(authority.issue(uri: "rlog://test/node/3"), port: port)
        let transport = TCPTransport(
            listen: TCPAddress(host: "127.0.0.1", port: 0),
            peers: [2],
            security: try authority.identity(of: 1, in: "test"),
            addressOf: { _ in TCPAddress(host: "127.0.0.1", port: port) }
        )
        let node = try await Member(transport, Member.identity(1))
        #expect(await Self.isCounted(.certificate, by: node.transport))
        #expect(server.end().isEmpty)
        await transport.stop()
    }

    /// Shows a certificate of the cluster's authority and says to be another node than it names.
    @Test(.tags(.slow), arguments: [2, 3])
    func aGreetingMustFitItsCertificate(_ certified: Int) async throws {
        let authority = try Authority()
        let cluster = Cluster(identities: [1: try authority.identity(of: 1, in: "test")])
        let first = try await Member(1, of: cluster)
        let files = try authority.issue(uri: "rlog://test/node/\(certified)")
        let session = OutboundSession(local: Member.identity(2), peer: 1, tag: 77)
        let client = try TLSClient(files, port: cluster.port(of: 1))
        client.send(session.greeting)
        if certified == 2 {
            #expect(await eventually { first.transport.counters.accepted == 1 })
        } else {
            #expect(await Self.isCounted(.certificate, by: first.transport))
            #expect(first.transport.counters.accepted == 0)
        }
        client.end()
        await cluster.stop()
    }
}
