internal import LogWire
internal import NIOConcurrencyHelpers
internal import NIOCore
internal import PaxosCore
internal import ReplicatedLog

/// What every connection of a started transport needs to know.
final class Shared: Sendable {
    let local: LogReceiver
    let peers: [NodeID]
    let options: TCPOptions
    let secured: Secured?
    let lines: TransportLines
    let connections = Connections()
    let addressOf: @Sendable (NodeID) -> TCPAddress?
    /// The addresses of a name, as numbers; blocks.
    let lookUp: @Sendable (String) -> [String]
    /// Of messages that go to several peers.
    let bodies = SharedBodies()
    private let counted = NIOLockedValueBox(TCPCounters())

    init(
        local: LogReceiver,
        peers: [NodeID],
        options: TCPOptions,
        secured: Secured?,
        lines: TransportLines,
        addressOf: @escaping @Sendable (NodeID) -> TCPAddress?,
        lookUp: @escaping @Sendable (String) -> [String]
    ) {
        self.local = local
        self.peers = peers
        self.options = options
        self.secured = secured
        self.lines = lines
        self.addressOf = addressOf
        self.lookUp = lookUp
    }

    /// The longest wait before a connection that was lost is tried again: well within an election timeout.
    var longestBackOff: TimeAmount {
        let quarter = (local.limits.electionTimeout / 4).timeAmount
        return max(.milliseconds(1), min(options.longestBackOff.timeAmount, quarter))
    }

    var counters: TCPCounters { counted.withLockedValue { $0 } }

    func count(_ change: (inout TCPCounters) -> Void) {
        counted.withLockedValue { change(&$0) }
    }

    func refuse(_ refusal: PeerRefusal, _ channel: any Channel) {
        let times = counted.withLockedValue { counters in
            counters.refused[refusal, default: 0] += 1
            return counters.refused[refusal, default: 0]
        }
        lines.refused(refusal, channel, times: times)
    }

    static func tag() -> UInt64 { UInt64.random(in: 1 ... .max) }
}

extension Duration {
    var timeAmount: TimeAmount {
        let (seconds, attoseconds) = components
        return .nanoseconds(seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
    }
}
