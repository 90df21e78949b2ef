/// A growing set of slots, known by the contiguous prefix it holds and the ranges above.
///
/// The committed prefix (`R17`) and the durable prefix are both of this kind: members come out of
/// order, what counts is how far they reach without a hole.
package struct SlotPrefix: Hashable, Sendable {
    /// Every slot up to here is in the set.
    package private(set) var through: Slot
    private var above = NumberRanges()

    package init(through: Slot) {
        self.through = through
    }

    package func contains(_ slot: Slot) -> Bool {
        slot <= through || above.contains(slot.rawValue)
    }

    /// How many slots of the set lie above one.
    package func count(after slot: Slot) -> Int {
        let first = slot.rawValue + 1
        let apart = above.ranges.reduce(0) { count, range in
            let begin = max(range.lowerBound, first)
            return begin > range.upperBound ? count : count + Int(range.upperBound - begin) + 1
        }
        return apart + (through > slot ? through.count(after: slot) : 0)
    }

    package mutating func insert(_ slots: ClosedRange<Slot>) {
        guard slots.upperBound > through else { return }
        let first = max(slots.lowerBound, through.next)
        if first == through.next, above.isEmpty {
            through = slots.upperBound
            return
        }
        above.insert(first.rawValue...slots.upperBound.rawValue)
        if let joined = above.popFirst(beginningAt: through.next.rawValue) {
            through = Slot(rawValue: joined.upperBound)
        }
    }
}
