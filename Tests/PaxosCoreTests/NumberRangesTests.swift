import PaxosCore
import PaxosSimulator
import Testing

/// `NumberRanges` and `SlotPrefix` against a plain set of numbers.
@Suite struct NumberRangesTests {
    private static func ranges(of numbers: Set<UInt64>) -> [ClosedRange<UInt64>] {
        var ranges: [ClosedRange<UInt64>] = []
        for number in numbers.sorted() {
            if let last = ranges.last, last.upperBound + 1 == number {
                ranges[ranges.count - 1] = last.lowerBound...number
            } else {
                ranges.append(number...number)
            }
        }
        return ranges
    }

    @Test func randomInsertionsEqualASet() {
        for seed in UInt64(1)...60 {
            var generator = SeededGenerator(seed: seed)
            var ranges = NumberRanges()
            var model: Set<UInt64> = []
            for _ in 0..<25 {
                let from = UInt64(generator.below(40))
                let through = from + UInt64(generator.below(5))
                ranges.insert(from...through)
                model.formUnion(from...through)
                #expect(ranges.ranges == Self.ranges(of: model), "seed \(seed)")
            }
            #expect((0...50).allSatisfy { ranges.contains($0) == model.contains($0) })
            #expect(NumberRanges(sorted: ranges.ranges) == ranges)
        }
    }

    @Test func theEndsOfTheNumbersAreTaken() {
        var ranges = NumberRanges()
        #expect(ranges.isEmpty)
        ranges.insert(UInt64.max...UInt64.max)
        ranges.insert(0...0)
        ranges.insert(UInt64.max - 1...UInt64.max)
        ranges.insert(1...3)
        #expect(ranges.ranges == [0...3, UInt64.max - 1...UInt64.max])
        ranges.insert(0...UInt64.max)
        #expect(ranges.ranges == [0...UInt64.max])
    }

    @Test func onlyTheLowestRangeIsTakenAndOnlyWhole() {
        var ranges = NumberRanges()
        ranges.insert(3...5)
        ranges.insert(8...9)
        for number in [UInt64(2), 4, 5, 6, 8] {
            #expect(ranges.popFirst(beginningAt: number) == nil)
        }
        #expect(ranges.popFirst(beginningAt: 3) == 3...5)
        #expect(ranges.popFirst(beginningAt: 8) == 8...9)
        #expect(ranges.popFirst(beginningAt: 8) == nil)
    }

    @Test(
        arguments: [
            [1...2, 3...4], [1...2, 2...4], [5...6, 1...2], [1...1, 1...1], [1...9, 2...3],
        ] as [[ClosedRange<UInt64>]]
    )
    func rangesThatAreNotApartAreRefused(_ ranges: [ClosedRange<UInt64>]) {
        #expect(NumberRanges(sorted: ranges) == nil)
    }

    @Test func randomPrefixesEqualASet() {
        for seed in UInt64(1)...60 {
            var generator = SeededGenerator(seed: seed)
            let start = UInt64(generator.below(10))
            var prefix = SlotPrefix(through: Slot(rawValue: start))
            var model = Set(0...start)
            for _ in 0..<40 {
                let from = UInt64(generator.below(50))
                let through = from + UInt64(generator.below(4))
                prefix.insert(Slot(rawValue: from)...Slot(rawValue: through))
                model.formUnion(from...through)
                var whole = start
                while model.contains(whole + 1) { whole += 1 }
                #expect(prefix.through == Slot(rawValue: whole), "seed \(seed) (R17)")
            }
            for number in start...60 {
                #expect(prefix.contains(Slot(rawValue: number)) == model.contains(number))
            }
        }
    }
}
