@testable import PaxosCore
import PaxosSimulator
import Testing

/// The lowest slot whose write is in flight, against a list of all that are.
@Suite struct UnflushedRunsTests {
    @Test func randomWritesEqualAList() {
        for seed in UInt64(1)...60 {
            var generator = SeededGenerator(seed: seed)
            var runs = UnflushedRuns()
            var model: [Slot] = []
            // Some go up, as a leader's do; some jump, as those of a follower that catches up.
            let isWild = seed.isMultiple(of: 2)
            for step in 0..<4000 {
                if generator.below(10) < (step < 2500 ? 6 : 3) {
                    let slot = isWild ? 1 + generator.below(50) : step + generator.below(3)
                    runs.add(Slot(rawValue: UInt64(slot)))
                    model.append(Slot(rawValue: UInt64(slot)))
                } else {
                    let count = min(model.count, generator.below(5))
                    runs.flush(count)
                    model.removeFirst(count)
                }
                #expect(runs.lowest == model.min(), "seed \(seed), step \(step)")
            }
        }
    }

    /// The same slot twice: only the receipt of the later write makes it durable (`R20`, `R21`).
    @Test func aSlotWrittenTwiceWaitsForTheLaterWrite() {
        var runs = UnflushedRuns()
        for slot in [4, 5, 4] as [Slot] { runs.add(slot) }
        runs.flush(1)
        #expect(runs.lowest == 4)
        runs.flush(1)
        #expect(runs.lowest == 4)
        runs.flush(1)
        #expect(runs.lowest == nil)
    }

    /// A receipt for more than was written is an error of ours (`R66`).
    @Test func moreReceiptsThanWritesTrap() async {
        await #expect(processExitsWith: .failure) {
            var runs = UnflushedRuns()
            runs.add(1)
            runs.flush(2)
        }
    }
}
