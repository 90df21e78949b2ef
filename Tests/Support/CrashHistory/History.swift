/// What clients, subscribers and readers of a cluster saw, for `HistoryCheck` to judge. Instants are
/// numbers of one clock, taken before a request was sent and after its answer had been read.
package struct History: Sendable {
    package struct Append: Sendable {
        /// Texts that no other append has.
        package let payloads: [String]
        package let begun: UInt64
        /// The slot that its first payload asked for, if it asked for one.
        package let expected: UInt64?
        package var outcome = Outcome.unknown
        /// By which it can be asked for what became of it, if it is unknown.
        package var token: String?
        /// When the outcome had been read.
        package var ended: UInt64?

        package init(_ payloads: [String], begun: UInt64, expected: UInt64? = nil) {
            self.payloads = payloads
            self.expected = expected
            self.begun = begun
        }
    }

    package enum Outcome: Hashable, Sendable {
        /// From the first to the last slot of its payloads.
        case committed(ClosedRange<UInt64>)
        case never
        /// Nothing was said, or that nothing is known.
        case unknown
    }

    /// What somebody was told of an append whose outcome was unknown, by its token.
    package struct Resolution: Sendable {
        /// Its place among the appends.
        package let append: Int
        /// `nil` if it has had its effect, in slots that were not named.
        package let outcome: Outcome?

        package init(append: Int, outcome: Outcome?) {
            self.append = append
            self.outcome = outcome
        }
    }

    package struct Barrier: Sendable {
        package let begun: UInt64
        package let slot: UInt64

        package init(begun: UInt64, slot: UInt64) {
            self.begun = begun
            self.slot = slot
        }
    }

    package struct Entry: Hashable, Sendable {
        package let slot: UInt64
        package let payload: String

        package init(_ slot: UInt64, _ payload: String) {
            self.slot = slot
            self.payload = payload
        }
    }

    /// Effective entries in the order in which somebody was given them, from slot 1 on: a subscriber's
    /// across all restarts of its node, a reader's, a directory's.
    package struct Log: Sendable {
        package let name: String
        package var entries: [Entry]
        /// Whether it must reach the end; else it may stop early.
        package var isWhole: Bool

        package init(_ name: String, _ entries: [Entry] = [], isWhole: Bool = true) {
            self.name = name
            self.entries = entries
            self.isWhole = isWhole
        }
    }

    package var appends: [Append] = []
    package var resolutions: [Resolution] = []
    package var barriers: [Barrier] = []
    /// The first one is what the others are compared with.
    package var logs: [Log] = []

    package init() {}
}
