import DiskShim
import PaxosCore
import Platform

@testable import ReplicatedLog

/// Something that left a node of a cluster: a message, when it was handed to the transport, or the
/// answer to an append. From then on it must be true of whatever the node's disk may hold.
struct Departure: Sendable {
    enum Content: Sendable {
        case sent(Envelope)
        /// `append` returned this slot for the payload of this id.
        case acknowledged(slot: Slot, id: UInt32)
    }

    let node: NodeID
    let content: Content

    /// For reports: the kind of a message, or an acknowledgement.
    var kind: String {
        switch content {
        case .sent(let envelope): "\(envelope.message.kind)"
        case .acknowledged: "acknowledgement"
        }
    }

    /// Whether it waited for a receipt: what a store that gives receipts too early lets out too early.
    var isTestimony: Bool {
        switch content {
        case .sent(let envelope):
            if case .statement = envelope.message { true } else { false }
        case .acknowledged: true
        }
    }
}

/// What left the nodes of a cluster while the disks of all of them are recorded. Each departure has a
/// mark among the events of the disks, made before the departure: it stands behind the flushes that
/// returned before, and in front of whatever anybody did because of it.
final class Departures: Sendable {
    private let marker: Marker
    private let noted = Locked<[Departure]>([])

    /// Records what happens below the directory from now on.
    init(directory: String) throws {
        marker = try Marker(directory: directory)
    }

    func note(_ departure: Departure) {
        let number = noted.withLock { noted in
            noted.append(departure)
            return noted.count - 1
        }
        marker.mark(kind: departure.node.rawValue, value: UInt64(number))
    }

    /// Stops.
    func finish() -> ClusterRecording {
        ClusterRecording(disks: marker.finish(), departures: noted.withLock { $0 })
    }
}

/// A transport that notes what leaves before it lets it go.
struct NotingTransport: LogTransport {
    let base: InMemoryTransport
    let departures: Departures

    func start(_ node: LogReceiver) async throws { try await base.start(node) }

    func send(_ envelopes: [Envelope]) {
        for envelope in envelopes {
            departures.note(Departure(node: base.node, content: .sent(envelope)))
        }
        base.send(envelopes)
    }

    func stop() async { await base.stop() }
}
