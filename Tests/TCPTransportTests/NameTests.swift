import PaxosCore
import Platform
import ReplicatedLog
import ReplicatedLogTCP
import TestSupport
import Testing

/// Names of peers: a resolver that says nothing holds up nobody else (`R90`).
@Suite(.shared) struct NameTests {
    /// A resolver that keeps whoever asks for `silent` until it is opened.
    private final class Resolver: Sendable {
        private struct State {
            var isOpen = false
            var waiting = 0
            var asked = 0
        }

        private let state = Locked(State())

        func addresses(_ name: String) -> [String] {
            guard name == "silent" else { return name == "known" ? ["127.0.0.1"] : [] }
            state.withLock { state in
                state.waiting += 1
                state.asked += 1
            }
            let parker = Parker()
            while !state.withLock({ $0.isOpen }) { parker.park(timeout: .milliseconds(5)) }
            state.withLock { $0.waiting -= 1 }
            return ["127.0.0.1"]
        }

        var waiting: Int { state.withLock { $0.waiting } }
        var asked: Int { state.withLock { $0.asked } }
        func open() { state.withLock { $0.isOpen = true } }
    }

    private static func transport(
        _ resolver: Resolver,
        limit: Duration = .seconds(3),
        _ addresses: @escaping @Sendable (NodeID) -> TCPAddress?
    ) -> TCPTransport {
        var options = TCPOptions()
        options.handshakeLimit = limit
        return TCPTransport(
            listen: TCPAddress(host: "127.0.0.1", port: 0),
            peers: [1, 2, 3, 4],
            options: options,
            addressOf: addresses,
            lookUp: { resolver.addresses($0) }
        )
    }

    /// Node 2 has a name that nobody answers for, 3 is named by number, 4 has a name that is known.
    @Test func aSilentResolverHoldsUpNobodyElse() async throws {
        let resolver = Resolver()
        defer { resolver.open() }
        let cluster = Cluster()
        let third = try await Member(3, of: cluster)
        let fourth = try await Member(
            cluster.transport(for: 4, peers: [1, 2, 3, 4]),
            Member.identity(4)
        )
        let first = try await Member(
            Self.transport(resolver) { node in
                switch node {
                case 2: TCPAddress(host: "silent", port: 1)
                case 3: TCPAddress(host: "127.0.0.1", port: cluster.port(of: 3))
                default: TCPAddress(host: "known", port: cluster.port(of: 4))
                }
            },
            Member.identity(1)
        )
        #expect(await eventually { resolver.waiting == 1 })
        #expect(await first.reaches(third))
        #expect(await first.reaches(fourth))
        #expect(resolver.waiting == 1)
        await first.transport.stop()
        await cluster.stop()
    }

    /// However often it is tried, one thread waits; once it has its answer the peer is reached.
    @Test func oneThreadWaitsForAName() async throws {
        let resolver = Resolver()
        defer { resolver.open() }
        let cluster = Cluster()
        let second = try await Member(2, of: cluster)
        let first = try await Member(
            Self.transport(resolver, limit: .milliseconds(20)) { node in
                node == 2 ? TCPAddress(host: "silent", port: cluster.port(of: 2)) : nil
            },
            Member.identity(1)
        )
        #expect(await eventually { first.transport.counters.unreachable >= 3 })
        #expect(resolver.asked == 1)
        resolver.open()
        #expect(await first.reaches(second))
        await first.transport.stop()
        await cluster.stop()
    }

    /// An end does not wait for a resolver.
    @Test func aStopWaitsForNoResolver() async throws {
        let resolver = Resolver()
        let first = try await Member(
            Self.transport(resolver) { _ in TCPAddress(host: "silent", port: 1) },
            Member.identity(1)
        )
        #expect(await eventually { resolver.waiting == 3 })
        await first.transport.stop()
        #expect(resolver.waiting == 3)
        resolver.open()
        #expect(await eventually { resolver.waiting == 0 })
    }

    /// Story: a stop during a start returned at once, and what the start had under way was opened after it.
    @Test func aStopDuringAStartEndsWithIt() async throws {
        let resolver = Resolver()
        defer { resolver.open() }
        let port = Cluster()
        let other = try await Member(2, of: port)
        let address = TCPAddress(host: "silent", port: port.port(of: 2))
        await other.transport.stop()
        var options = TCPOptions()
        options.handshakeLimit = .seconds(60)
        let transport = TCPTransport(
            listen: address,
            peers: [2, 3],
            options: options,
            addressOf: { _ in nil },
            lookUp: { resolver.addresses($0) }
        )
        let start = Task { _ = try await Member(transport, Member.identity(1)) }
        #expect(await eventually { resolver.waiting == 1 })
        let stops = Locked(0)
        let ends = (0..<2).map { _ in
            Task {
                await transport.stop()
                stops.withLock { $0 += 1 }
            }
        }
        for _ in 0..<1_000 { await Task.yield() }
        #expect(stops.withLock { $0 } == 0)
        resolver.open()
        for end in ends { await end.value }
        await #expect(throws: TCPTransportError.alreadyUsed) { try await start.value }
        #expect(transport.listening == nil)
        // Nobody listens there any more.
        let next = TCPTransport(
            listen: TCPAddress(host: "127.0.0.1", port: address.port),
            peers: [:]
        )
        _ = try await Member(next, Member.identity(3))
        await next.stop()
        await #expect(throws: TCPTransportError.alreadyUsed) {
            _ = try await Member(transport, Member.identity(1))
        }
    }

    @Test func aNameToListenAtIsLookedUpWithALimit() async throws {
        let resolver = Resolver()
        defer { resolver.open() }
        var options = TCPOptions()
        for (name, isFound) in [("known", true), ("unknown", false), ("silent", false)] {
            options.handshakeLimit = name == "silent" ? .milliseconds(20) : .seconds(60)
            let address = TCPAddress(host: name, port: 0)
            let transport = TCPTransport(
                listen: address,
                peers: [],
                options: options,
                addressOf: { _ in nil },
                lookUp: { resolver.addresses($0) }
            )
            do {
                _ = try await Member(transport, Member.identity(1))
                #expect(isFound)
            } catch let error as TCPTransportError {
                #expect(!isFound)
                #expect(error == .nameNotFound(address))
            }
            await transport.stop()
        }
    }
}
