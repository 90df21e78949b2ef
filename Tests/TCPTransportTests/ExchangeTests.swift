import Foundation
import LogWire
import PaxosCore
import ReplicatedLog
import ReplicatedLogTCP
import TestSupport
import Testing

/// Certificates are exchanged while connections are open.
@Suite(.shared) struct ExchangeTests {
    /// Member 3 has the old authority's certificate, member 2 the new one's; member 1 goes from one to the other.
    @Test func newConnectionsAreMadeWithTheNewCertificate() async throws {
        let old = try Authority()
        let new = try Authority()
        let cluster = Cluster(identities: [
            1: try old.identity(of: 1, in: "test"), 2: try new.identity(of: 2, in: "test"),
            3: try old.identity(of: 3, in: "test"),
        ])
        let first = try await Member(1, of: cluster)
        let second = try await Member(2, of: cluster)
        let third = try await Member(3, of: cluster)
        #expect(await third.reaches(first))
        #expect(await first.reaches(third))
        // One for each lane.
        #expect(await eventually { first.transport.counters.accepted == 2 })
        #expect(await eventually { first.transport.counters.refused[.tls, default: 0] > 0 })
        #expect(first.received.allSatisfy { $0.source == 3 })

        try first.transport.exchange(try new.identity(of: 1, in: "test"))
        #expect(await second.reaches(first))
        #expect(await first.reaches(second))
        #expect(await eventually { first.transport.counters.accepted == 4 })
        // What was open goes on.
        #expect(await third.reaches(first, 1))
        #expect(await first.reaches(third, 1))
        #expect(first.transport.counters.accepted == 4)

        // The old certificate is taken no more.
        await third.transport.stop()
        let again = try await Member(cluster.transport(for: 3), Member.identity(3, nonce: 2))
        #expect(await eventually { again.transport.counters.refused[.tls, default: 0] > 0 })
        again.transport.send([again.message(2, to: 1)])
        #expect(await second.reaches(first, 1))
        #expect(!first.received.contains { $0.sender == again.identity })
        #expect(first.transport.counters.accepted == 4)
        await cluster.stop()
    }

    @Test func whatNoPeerWouldTakeIsNotShown() async throws {
        let authority = try Authority()
        let cluster = Cluster(identities: [
            1: try authority.identity(of: 1, in: "test"),
            2: try authority.identity(of: 2, in: "test"),
        ])
        let first = try await Member(1, of: cluster)
        #expect(
            throws: TCPTransportError.certificateOfAnother(expected: "rlog://test/node/1")
        ) {
            try first.transport.exchange(try authority.identity(of: 2, in: "test"))
        }
        let second = try await Member(2, of: cluster)
        #expect(await second.reaches(first))
        #expect(await first.reaches(second))
        await cluster.stop()
    }

    /// Before the start nobody knows whose it has to be: the start looks. A second start changes nothing.
    @Test func theFirstStartSaysWhoseItIs() async throws {
        let authority = try Authority()
        let own = try authority.identity(of: 1, in: "test")
        let other = try authority.identity(of: 2, in: "test")
        let cluster = Cluster(identities: [1: own])
        let transport = cluster.transport(for: 1)
        try transport.exchange(other)
        let refusal = TCPTransportError.certificateOfAnother(expected: "rlog://test/node/1")
        await #expect(throws: refusal) { _ = try await Member(transport, Member.identity(1)) }
        try transport.exchange(own)
        _ = try await Member(transport, Member.identity(1))
        await #expect(throws: TCPTransportError.self) {
            _ = try await Member(transport, Member.identity(2))
        }
        #expect(throws: refusal) { try transport.exchange(other) }
        try transport.exchange(own)
        await cluster.stop()
    }

    @Test func tlsDoesNotBeginOnARunningTransport() async throws {
        let cluster = Cluster()
        let node = try await Member(1, of: cluster)
        let identity = try Authority().identity(of: 1, in: "test")
        #expect(throws: TCPTransportError.notEncrypted) {
            try node.transport.exchange(identity)
        }
        await cluster.stop()
    }

    @Test func certificatesAreTakenAsBytes() async throws {
        let authority = try Authority()
        var identities: [NodeID: TLSIdentity] = [:]
        for node in [1, 2] as [NodeID] {
            let files = try authority.issue(uri: "rlog://test/node/\(node.rawValue)")
            func bytes(_ path: String) throws -> [UInt8] {
                [UInt8](try Data(contentsOf: URL(filePath: path)))
            }
            let identity = try TLSIdentity(
                certificate: bytes(files.certificate),
                key: bytes(files.key),
                authority: bytes(files.authority)
            )
            identities[node] = identity
            let read = try TLSIdentity(
                certificate: files.certificate,
                key: files.key,
                authority: files.authority
            )
            #expect(identity.expires == read.expires)
            let wrong = #expect(throws: TLSIdentityError.self) {
                try TLSIdentity(
                    certificate: bytes(files.certificate),
                    key: Array("no key".utf8),
                    authority: bytes(files.authority)
                )
            }
            #expect(wrong?.description.hasPrefix("the key: ") == true)
        }
        let cluster = Cluster(identities: identities)
        let first = try await Member(1, of: cluster)
        let second = try await Member(2, of: cluster)
        #expect(await second.reaches(first))
        #expect(await first.reaches(second))
        await cluster.stop()
    }
}
