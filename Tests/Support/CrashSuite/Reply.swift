import Foundation

/// One line that a node says.
struct Reply: Decodable, Sendable {
    struct Entry: Decodable, Sendable {
        let slot: UInt64
        let payload: Data

        private enum CodingKeys: String, CodingKey {
            case slot
            case payload = "payload_base64"
        }
    }

    /// The request's, or a number in the line that says that the node is ready.
    struct Name: Decodable, Sendable {
        let text: String

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            let number = try? container.decode(UInt64.self)
            text = try number.map { "\($0)" } ?? container.decode(String.self)
        }
    }

    let id: Name?
    let event: String?
    let outcome: String?
    let error: String?
    let slot: UInt64?
    let firstSlot: UInt64?
    let lastSlot: UInt64?
    let payload: Data?
    let entries: [Entry]?
    let through: UInt64?
    let role: String?
    let ballot: String?
    let deliveredSlot: UInt64?

    private enum CodingKeys: String, CodingKey {
        case id, event, outcome, error, slot, entries, through, role, ballot
        case firstSlot = "first_slot"
        case lastSlot = "last_slot"
        case payload = "payload_base64"
        case deliveredSlot = "delivered_slot"
    }

    static func parse(_ line: Data) -> Reply? {
        try? JSONDecoder().decode(Reply.self, from: line)
    }

    var slots: ClosedRange<UInt64>? {
        guard let first = slot ?? firstSlot, let last = slot ?? lastSlot, first <= last else {
            return nil
        }
        return first...last
    }
}
