/// A set of numbers kept as sorted, disjoint, non-adjoining closed ranges.
///
/// What is inserted comes almost in order, so the common insertion widens the last range. A sorted
/// array and not a hashed set: the core's iteration order is the same on every run.
package struct NumberRanges: Hashable, Sendable {
    package private(set) var ranges: [ClosedRange<UInt64>]

    package init() {
        ranges = []
    }

    /// Adopts ranges read from elsewhere, or `nil` if they are not sorted and apart.
    package init?(sorted ranges: [ClosedRange<UInt64>]) {
        for (earlier, later) in zip(ranges, ranges.dropFirst())
        where later.lowerBound <= earlier.upperBound
            || later.lowerBound - earlier.upperBound < 2
        {
            return nil
        }
        self.ranges = ranges
    }

    package var isEmpty: Bool { ranges.isEmpty }

    package func contains(_ number: UInt64) -> Bool {
        let position = firstRange(endingAtOrAfter: number)
        return position < ranges.count && ranges[position].contains(number)
    }

    package func contains(all numbers: ClosedRange<UInt64>) -> Bool {
        let position = firstRange(endingAtOrAfter: numbers.lowerBound)
        return position < ranges.count && ranges[position].lowerBound <= numbers.lowerBound
            && ranges[position].upperBound >= numbers.upperBound
    }

    /// Adds every number of `added`.
    package mutating func insert(_ added: ClosedRange<UInt64>) {
        if let last = ranges.last, last.upperBound < added.lowerBound {
            if added.lowerBound - last.upperBound == 1 {
                ranges[ranges.count - 1] = last.lowerBound...added.upperBound
            } else {
                ranges.append(added)
            }
            return
        }
        // The ranges that touch or adjoin `added` become one with it.
        let from = firstRange(
            endingAtOrAfter: added.lowerBound == 0 ? 0 : added.lowerBound - 1
        )
        var to = from
        var lower = added.lowerBound
        var upper = added.upperBound
        while to < ranges.count, ranges[to].lowerBound == 0 || ranges[to].lowerBound - 1 <= upper {
            lower = min(lower, ranges[to].lowerBound)
            upper = max(upper, ranges[to].upperBound)
            to += 1
        }
        ranges.replaceSubrange(from..<to, with: CollectionOfOne(lower...upper))
    }

    /// The last ranges, so many at most, and the number from which on they are all there are: 0 if none is left out.
    func latest(_ count: Int) -> (kept: NumberRanges, from: UInt64) {
        guard ranges.count > count else { return (self, 0) }
        var kept = NumberRanges()
        kept.ranges = Array(ranges.suffix(count))
        return (kept, ranges[ranges.count - count - 1].upperBound + 1)
    }

    /// Takes out and returns the range that begins at `number`, if one does and it is the lowest.
    package mutating func popFirst(beginningAt number: UInt64) -> ClosedRange<UInt64>? {
        guard let first = ranges.first, first.lowerBound == number else { return nil }
        return ranges.removeFirst()
    }

    private func firstRange(endingAtOrAfter number: UInt64) -> Int {
        var low = 0
        var high = ranges.count
        while low < high {
            let middle = (low + high) / 2
            if ranges[middle].upperBound < number { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
