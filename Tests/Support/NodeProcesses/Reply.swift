package import Foundation
import Platform

/// One line that a node says.
package struct Reply: Decodable, Sendable {
    /// Why something does not go on.
    package struct Reason: Decodable, Sendable {
        package let subject: String
        package let cause: String
        package let advice: String
    }

    package struct Entry: Decodable, Sendable {
        package let slot: UInt64
        package let payload: Data

        private enum CodingKeys: String, CodingKey {
            case slot
            case payload = "payload_base64"
        }
    }

    /// The request's, or a number in the line that says that the node is ready.
    package struct Name: Decodable, Sendable {
        package let text: String

        package init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            let number = try? container.decode(UInt64.self)
            text = try number.map { "\($0)" } ?? container.decode(String.self)
        }
    }

    package let id: Name?
    package let event: String?
    package let outcome: String?
    package let error: String?
    package let token: String?
    package let slot: UInt64?
    package let firstSlot: UInt64?
    package let lastSlot: UInt64?
    package let payload: Data?
    package let entries: [Entry]?
    package let through: UInt64?
    package let cluster: String?
    package let role: String?
    package let health: String?
    package let healthDetail: String?
    package let refusedPeer: UInt64?
    package let leader: UInt64?
    package let explanations: [Reason]?
    package let ballot: String?
    package let promised: String?
    package let committedSlot: UInt64?
    package let deliveredSlot: UInt64?
    package let trimmedSlot: UInt64?
    package let heldBack: String?
    package let certificateExpires: String?
    package let counters: [String: UInt64?]?

    private enum CodingKeys: String, CodingKey {
        case id, event, outcome, error, token, slot, entries, through, cluster, role, health,
            leader, explanations,
            ballot, promised
        case counters
        case firstSlot = "first_slot"
        case lastSlot = "last_slot"
        case payload = "payload_base64"
        case committedSlot = "committed_slot"
        case certificateExpires = "certificate_expires"
        case deliveredSlot = "delivered_slot"
        case trimmedSlot = "trimmed_slot"
        case heldBack = "held_back"
        case healthDetail = "health_detail"
        case refusedPeer = "refused_peer"
    }

    static func parse(_ line: Data) -> Reply? {
        try? JSONDecoder().decode(Reply.self, from: line)
    }

    package var slots: ClosedRange<UInt64>? {
        guard let first = slot ?? firstSlot, let last = slot ?? lastSlot, first <= last else {
            return nil
        }
        return first...last
    }

    package var isCommitted: Bool { outcome == "committed" }

    /// One of the numbers of a status.
    package func counter(_ name: String) -> UInt64? { counters?[name] ?? nil }
}

/// A reply that is on its way; it may never come.
package final class PendingReply: Sendable {
    private struct State {
        var reply: Reply?
        var isOver = false
    }

    private let state = Locked(State())
    private let parker = Parker()

    package init() {}

    package func end(_ reply: Reply?) {
        state.withLock { state in
            state.reply = reply
            state.isOver = true
        }
        parker.unpark()
    }

    /// The reply, if it has come.
    package var reply: Reply? { state.withLock { $0.reply } }
    /// It has come, or the process has ended without it.
    package var isOver: Bool { state.withLock { $0.isOver } }

    /// Blocks its thread until it is over, for so long at most. One thread at a time.
    package func wait(atMost limit: Duration) -> Reply? {
        let end = MonotonicClock.now().advanced(by: limit)
        while !isOver {
            let left = MonotonicClock.now().duration(to: end)
            guard left > .zero else { break }
            parker.park(timeout: left)
        }
        return reply
    }
}
