// The server of the article EmbeddingInAServer: ArticleTests runs it and compares the two.
// ARTICLE begins
import Logging
import ReplicatedLog
import ServiceLifecycle
import UnixSignals

/// What the log means to this server: how much has been paid for each order. It depends on the log alone, so it
/// comes out alike on every member.
struct Payments: Equatable, Sendable {
    private(set) var cents: [String: Int] = [:]

    /// A payload is an order, a space and an amount.
    mutating func apply(_ slot: Slot, _ payload: [UInt8]) {
        let words = String(decoding: payload, as: UTF8.self).split(separator: " ")
        guard words.count == 2, let amount = Int(words[1]) else { return }
        cents[String(words[0]), default: 0] += amount
    }
}

/// This member's payments, kept up to date from the log.
actor Ledger: Service {
    private let node: LogNode
    private var payments = Payments()
    private var through = Slot.zero
    private var isOver = false
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(of node: LogNode) { self.node = node }

    /// Follows the log until the server shuts down.
    func run() async throws {
        defer {
            isOver = true
            wake()
        }
        try await cancelWhenGracefulShutdown {
            for try await event in self.node.subscribe(from: 1) { await self.take(event) }
        }
    }

    /// Returns once the payment is durable on a quorum.
    func pay(_ order: String, cents: Int) async throws {
        try await node.append("\(order) \(cents)".utf8)
    }

    /// What has been paid: at least what any member had acknowledged before this call.
    func paid(for order: String) async throws -> Int {
        let slot = try await node.barrier()
        while through < slot {
            if isOver { throw ReadError.closed }
            await withCheckedContinuation { waiting.append($0) }
        }
        return payments.cents[order, default: 0]
    }

    private func take(_ event: LogNode.Subscription.Event) {
        if case .entry(let slot, let payload, _) = event { payments.apply(slot, payload) }
        through = event.through
        wake()
    }

    private func wake() {
        for continuation in waiting { continuation.resume() }
        waiting = []
    }
}

/// Shuts down in reverse order: first the ledger, then the node.
func server(
    of node: LogNode,
    _ ledger: Ledger,
    signals: [UnixSignal] = [.sigterm],
    logger: Logger
) -> ServiceGroup {
    ServiceGroup(services: [node, ledger], gracefulShutdownSignals: signals, logger: logger)
}
// ARTICLE ends
