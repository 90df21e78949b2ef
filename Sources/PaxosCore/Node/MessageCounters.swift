/// What was not acted upon, by cause.
package struct MessageCounters: Hashable, Sendable {
    /// Another cluster's, another node's or no member's.
    package var foreign = 0
    /// Of a member whose directory or process does not count.
    package var refused = 0
    /// No correct node can have sent it.
    package var impossible = 0
    /// Of a process that was made with other terms (`R82`).
    package var disagreeing = 0
    /// A member said that slots are committed and, asked for them, had nothing.
    package var unbacked = 0
    /// Appends passed on for a process that this node has not met.
    package var unvouched = 0
    /// Claims to have met this node that this directory did not give to who made them: dropped (`R91`).
    package var invented = 0

    /// Another entry in a slot that is committed here: the process stops.
    package var contradicted = 0

    package var total: UInt64 { reasons.reduce(0) { $0 + UInt64($1.count) } }

    /// Every count, with one word for why.
    package var reasons: [(reason: String, count: Int)] {
        [
            ("foreign", foreign), ("refused", refused), ("impossible", impossible),
            ("disagreeing", disagreeing), ("unbacked", unbacked), ("unvouched", unvouched),
            ("invented", invented), ("contradicted", contradicted),
        ]
    }

    /// What several parts of a node have counted, each for itself.
    @inline(__always)
    static func + (left: Self, right: Self) -> Self {
        var sum = left
        sum.foreign += right.foreign
        sum.refused += right.refused
        sum.impossible += right.impossible
        sum.disagreeing += right.disagreeing
        sum.unbacked += right.unbacked
        sum.unvouched += right.unvouched
        sum.invented += right.invented
        sum.contradicted += right.contradicted
        return sum
    }
}
