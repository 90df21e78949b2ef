internal import LogWire
internal import Logging
internal import NIOConcurrencyHelpers
internal import NIOCore
internal import PaxosCore
internal import ReplicatedLog

/// What a transport writes to its logger. What strangers can cause is told once a minute for each kind, with how
/// often it happened in all; lines are written by a thread of their own, so that no sink holds up an event loop.
final class TransportLines: Sendable {
    /// How long nothing of a kind is told again.
    private static let pause = TimeAmount.minutes(1)

    private let queue: LogQueue?
    private let told = NIOLockedValueBox<[String: NIODeadline]>([:])

    init(_ logger: Logger?) {
        queue = logger.map { LogQueue($0) }
    }

    private func isDue(_ kind: String) -> Bool {
        told.withLockedValue { told in
            let now = NIODeadline.now()
            if let last = told[kind], now - last < Self.pause { return false }
            told[kind] = now
            return true
        }
    }

    func listens(at address: TCPAddress) {
        queue?.add(.info, "listens", ["address": "\(address)"])
    }

    func connected(_ peer: NodeID, _ lane: Lane) {
        queue?.add(.debug, "connected to a peer", ["peer": "\(peer.rawValue)", "lane": "\(lane)"])
    }

    func lost(_ peer: NodeID, _ lane: Lane) {
        queue?.add(.debug, "lost a connection", ["peer": "\(peer.rawValue)", "lane": "\(lane)"])
    }

    /// Said once until there is a connection again.
    func unreachable(_ peer: NodeID, at address: TCPAddress?, _ cause: any Error) {
        let place = address.map { "\($0)" } ?? "none"
        queue?.add(
            .info,
            "cannot reach a peer",
            ["peer": "\(peer.rawValue)", "address": "\(place)", "cause": "\(cause)"]
        )
    }

    func refused(_ refusal: PeerRefusal, _ channel: (any Channel)?, times: Int) {
        guard let queue, isDue(refusal.rawValue) else { return }
        let place = channel?.remoteAddress.map { "\($0)" } ?? "unknown"
        queue.add(
            .warning,
            "refused a connection",
            ["reason": "\(refusal.rawValue)", "other_end": "\(place)", "times": "\(times)"]
        )
    }

    func cannotTake(_ cause: any Error) {
        guard let queue, isDue("cannot take") else { return }
        queue.add(.warning, "cannot take a connection", ["cause": "\(cause)"])
    }

    func exchanged(_ security: any Security) {
        queue?.add(.notice, "exchanged certificates", ["expires": "\(security.expires)"])
    }

    func expires(_ security: any Security) {
        queue?.add(.warning, "the certificate expires", ["expires": "\(security.expires)"])
    }

    /// Nothing is told after it.
    func end() { queue?.end() }

    func ended() async { await queue?.end(within: .milliseconds(100)) }
}
