internal import NIOConcurrencyHelpers
internal import NIOCore
internal import NIOPosix
internal import PaxosCore
internal import ReplicatedLog

/// Takes connections and keeps them few: those that have not shown who they are, and those of each peer.
final class Listener: Sendable {
    private struct State {
        /// Oldest first.
        var halfOpen: [any Channel] = []
        /// Oldest first.
        var open: [Open] = []
    }

    private struct Open {
        let peer: NodeIdentity
        let lane: Lane
        let channel: any Channel
        let handler: NIOLoopBound<ListenerHandler>
    }

    /// A peer has one connection for each lane; another is one that this end has not seen end yet, or a
    /// twin, whom the node refuses by what it says.
    private static let maxOpenPerLane = 2

    private let shared: Shared
    private let links: NIOLockedValueBox<[PeerLink]>
    private let state = NIOLockedValueBox(State())

    init(_ shared: Shared) {
        self.shared = shared
        links = NIOLockedValueBox([])
    }

    /// The links whose dialers are told when their peer shows itself.
    func setLinks(_ links: [PeerLink]) {
        self.links.withLockedValue { $0 = links }
    }

    func bind(_ place: SocketAddress, on bootstrap: ServerBootstrap) async throws -> any Channel {
        try await bootstrap
            .serverChannelInitializer { [shared] channel in
                channel.eventLoop.makeCompletedFuture {
                    try shared.connections.take(channel)
                    try TCPSocket.closeOnExec(channel)
                    try channel.pipeline.syncOperations.addHandler(Incoming(shared))
                }
            }
            .serverChannelOption(.backlog, value: 256)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.socketOption(.so_keepalive), value: 1)
            .childChannelOption(
                .recvAllocator,
                value: AdaptiveRecvByteBufferAllocator(
                    minimum: 1 << 10,
                    initial: 16 << 10,
                    maximum: 1 << 20
                )
            )
            .childChannelInitializer { [self] channel in
                channel.eventLoop.makeCompletedFuture {
                    try TCPSocket.closeOnExec(channel)
                    admit(channel)
                    let security = shared.secured?.now
                    try channel.pipeline.syncOperations.addHandlers(
                        security.map { [try $0.serverHandler()] } ?? []
                    )
                    try channel.pipeline.syncOperations.addHandler(
                        ListenerHandler(self, security, shared)
                    )
                }
            }
            .bind(to: place)
            .get()
    }

    private func admit(_ channel: any Channel) {
        // Whatever becomes of it, also if it never gets as far as its handler.
        channel.closeFuture.whenComplete { [self] _ in closed(channel) }
        let oldest: (any Channel)? = state.withLockedValue { state in
            state.halfOpen.append(channel)
            let isOver = state.halfOpen.count > max(1, shared.options.maxHalfOpen)
            return isOver ? state.halfOpen.removeFirst() : nil
        }
        guard let oldest else { return }
        shared.refuse(.tooManyHalfOpen, oldest)
        oldest.close(promise: nil)
    }

    /// The other end has shown that it is a peer.
    func welcomed(
        _ channel: any Channel,
        _ peer: NodeIdentity,
        _ lane: Lane,
        _ handler: ListenerHandler
    ) {
        let handler = NIOLoopBound(handler, eventLoop: channel.eventLoop)
        let surplus: (any Channel)? = state.withLockedValue { state in
            state.halfOpen.removeAll { $0 === channel }
            state.open.append(Open(peer: peer, lane: lane, channel: channel, handler: handler))
            let same = state.open.indices.filter { place in
                state.open[place].peer.node == peer.node && state.open[place].lane == lane
            }
            guard same.count > Self.maxOpenPerLane, let place = same.first else { return nil }
            return state.open.remove(at: place).channel
        }
        surplus?.close(promise: nil)
        shared.count { $0.accepted += 1 }
        links.withLockedValue { $0 }.first { $0.node == peer.node }?.nudge()
    }

    /// Sends a refusal back to the process that it is for, if that has a connection here.
    func sendBack(_ refusal: Envelope) {
        let open = state.withLockedValue { state in
            state.open.last {
                $0.peer.node == refusal.destination && $0.peer.process == refusal.recipient
            }
        }
        guard let open else { return }
        open.channel.eventLoop.execute { open.handler.value.sendBack(refusal, open.channel) }
    }

    private func closed(_ channel: any Channel) {
        state.withLockedValue { state in
            state.halfOpen.removeAll { $0 === channel }
            state.open.removeAll { $0.channel === channel }
        }
    }
}
