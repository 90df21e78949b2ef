import PaxosCore
import PaxosSimulator
import Testing

/// `SlotWindow` and `FIFO` against a dictionary and an array.
@Suite struct SlotWindowTests {
    @Test func randomUseEqualsADictionary() {
        for seed in UInt64(1)...40 {
            var generator = SeededGenerator(seed: seed)
            var window = SlotWindow<Int>(startingAt: 5)
            var model: [Slot: Int] = [:]
            var base = Slot(5)
            var end = Slot(5)
            for step in 0..<150 {
                let slot = base.advanced(by: generator.below(generator.oneIn(9) ? 70 : 12))
                switch generator.below(4) {
                case 0:
                    window.put(step, at: slot)
                    model[slot] = step
                    end = max(end, slot.next)
                case 1:
                    window.update(slot) { $0 += 1000 }
                    if let old = model[slot] { model[slot] = old + 1000 }
                default:
                    #expect(window.popFirst() == model.removeValue(forKey: base), "seed \(seed)")
                    base = base.next
                    end = max(end, base)
                }
                #expect(window.base == base)
                #expect(window.end == end, "seed \(seed)")
                #expect(window.isEmpty == (base == end))
                #expect(window[slot] == model[slot], "seed \(seed)")
            }
            var slot = Slot.zero
            while slot < end.advanced(by: 3) {
                #expect(window[slot] == model[slot])
                slot = slot.next
            }
        }
    }

    @Test func aQueueEqualsAnArray() {
        for seed in UInt64(1)...5 {
            var generator = SeededGenerator(seed: seed)
            var queue = FIFO<Int>()
            var model: [Int] = []
            for step in 0..<6000 {
                // Grows past the length at which the front is dropped, then shrinks to nothing.
                if generator.below(10) < (step < 4000 ? 7 : 1) {
                    queue.append(step)
                    model.append(step)
                } else {
                    #expect(queue.popFirst() == (model.isEmpty ? nil : model.removeFirst()))
                }
                #expect(queue.first == model.first)
                #expect(queue.count == model.count)
                #expect(queue.isEmpty == model.isEmpty)
            }
        }
    }
}
