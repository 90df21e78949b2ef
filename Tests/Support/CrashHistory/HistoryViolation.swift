/// Something that must not be seen, whatever crashed.
package struct HistoryViolation: Hashable, Sendable, CustomStringConvertible {
    package enum Kind: String, CaseIterable, Sendable {
        /// Acknowledged, and not in the log.
        case lost
        /// Acknowledged at another slot than the log has it.
        case misplaced
        /// In the log more than once.
        case repeated
        /// `never` was said of it, and it is in the log.
        case neverDelivered = "never delivered"
        /// In the log, and nobody appended it.
        case unasked
        /// A batch that is there in part, or with something between.
        case torn
        /// Two logs differ, or one is out of order, leaves something out or ends too early.
        case divergent
        /// Begun after another was acknowledged, and stands before it.
        case order
        /// A barrier names a slot below what was acknowledged before it began.
        case staleBarrier = "stale barrier"
    }

    package let kind: Kind
    package let text: String

    package init(_ kind: Kind, _ text: String) {
        self.kind = kind
        self.text = text
    }

    package var description: String { "\(kind.rawValue): \(text)" }
}
