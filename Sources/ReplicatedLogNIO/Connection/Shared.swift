#if NIO
internal import NIOConcurrencyHelpers
internal import NIOCore
internal import PaxosCore
internal import ReplicatedLog

/// What every connection of a started transport needs to know.
final class Shared: Sendable {
    let local: LocalNode
    let peers: [NodeID]
    let options: TCPOptions
    let tls: TLSIdentity?
    let addressOf: @Sendable (NodeID) -> TCPAddress?
    private let counted = NIOLockedValueBox(TCPCounters())

    init(
        local: LocalNode,
        peers: [NodeID],
        options: TCPOptions,
        tls: TLSIdentity?,
        addressOf: @escaping @Sendable (NodeID) -> TCPAddress?
    ) {
        self.local = local
        self.peers = peers
        self.options = options
        self.tls = tls
        self.addressOf = addressOf
    }

    var counters: TCPCounters { counted.withLockedValue { $0 } }

    func count(_ change: (inout TCPCounters) -> Void) {
        counted.withLockedValue { change(&$0) }
    }

    func refuse(_ refusal: PeerRefusal) {
        count { $0.refused[refusal, default: 0] += 1 }
    }

    static func tag() -> UInt64 { UInt64.random(in: 1 ... .max) }
}

extension Duration {
    var timeAmount: TimeAmount {
        let (seconds, attoseconds) = components
        return .nanoseconds(seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
    }
}
#endif
